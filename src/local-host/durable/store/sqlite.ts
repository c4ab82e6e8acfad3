import type * as Sqlite from "node:sqlite";

/**
 * `node:sqlite`, asked for by value: an import of a module that an old Node does not have would fail before anything
 * could say which Node is needed.
 */
const sqlite = process.getBuiltinModule?.("node:sqlite");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (sqlite === undefined || major < 22 || (major === 22 && minor < 20))
  throw new Error(
    `lightning-host needs Node.js 22.20 or newer, and this is ${process.versions.node}: install Node.js 24 from https://nodejs.org.`,
  );

export const { DatabaseSync } = sqlite;
export type DatabaseSync = Sqlite.DatabaseSync;
