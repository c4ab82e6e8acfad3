import { createRequire } from "node:module";
import path from "node:path";
import type { Sandbox } from "./sandbox.ts";

/** One server in the `mcpServers` form that MCP clients share. */
export interface ServerEntry {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The tools that the agent may call; absent: all. */
  readonly tools?: readonly string[];
}

const here = createRequire(import.meta.url);
const entryOf = (name: string) =>
  path.join(
    path.dirname(here.resolve(`@modelcontextprotocol/server-${name}/package.json`)),
    "dist",
    "index.js",
  );

/** The three official servers, each on the sandbox, offering the tools that the requests are about. */
export function mcpServers(
  sandbox: Sandbox,
  tools: readonly string[],
): { readonly mcpServers: Readonly<Record<string, ServerEntry>> } {
  const server = (name: string, ...args: string[]): ServerEntry => ({
    command: process.execPath,
    args: [entryOf(name), ...args],
    env: { MEMORY_FILE_PATH: sandbox.graphFile },
    cwd: sandbox.root,
    tools,
  });
  return {
    mcpServers: {
      filesystem: server("filesystem", sandbox.root),
      memory: server("memory"),
      everything: server("everything"),
    },
  };
}
