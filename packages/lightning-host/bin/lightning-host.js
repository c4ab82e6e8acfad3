#!/usr/bin/env node
import { needNode } from "./node-fit.cjs";

needNode("lightning-host");
await import("../dist/local-host/main.js");
