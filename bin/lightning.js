#!/usr/bin/env node
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { run } from "./run.js";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// Node strips types from its own project's sources only, not from packages under node_modules.
const isInstalled = /[\\/]node_modules[\\/]/.test(at("."));
const sources = at("../src/surfaces/cli/main.ts");
const main = !isInstalled && existsSync(sources) ? sources : at("../dist/src/surfaces/cli/main.js");

if (!existsSync(main)) {
  console.error("lightning is not built: run `npm run build` in the package's folder.");
  process.exit(1);
}
await run("lightning", main);
