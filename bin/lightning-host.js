#!/usr/bin/env node
import { fileURLToPath } from "node:url";
import { run } from "./run.js";

await run("lightning-host", fileURLToPath(new URL("../src/local-host/main.ts", import.meta.url)));
