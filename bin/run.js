// Plain JavaScript that old Nodes can read: runs a TypeScript program with this Node if it can, else with the project's.
import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { isNewEnough, needNode, ownNode } from "./node-fit.cjs";
import { NODE_OPTIONS } from "./node-options.js";

export async function run(name, main) {
  if (isNewEnough(process.versions.node)) {
    await import("./compile-cache.js");
    await import(pathToFileURL(main).href);
    return;
  }
  const own = ownNode();
  if (own === undefined) needNode(name, { inProject: true });
  const child = spawn(own, [...NODE_OPTIONS, main, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl+C reaches the child from the terminal; what is sent to this process is handed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
}
