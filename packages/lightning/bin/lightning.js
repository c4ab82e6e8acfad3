#!/usr/bin/env node
import { needNode } from "./node-fit.cjs";

needNode("lightning", { needed: "20.19" });
await import("../dist/lightning.js");
