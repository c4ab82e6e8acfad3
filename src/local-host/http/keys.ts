import { randomBytes, timingSafeEqual } from "node:crypto";
import { sha256 } from "../../kernel/hashing.ts";
import { readOwnFile, writeFileAtomic } from "../state-file.ts";
import type { IncomingCall } from "./message.ts";

/** Access keys, under the names Azure gives them. */
export interface HostKeys {
  /** `_master`: opens everything. */
  readonly master: string;
  /** The host's `default` function key. */
  readonly function: string;
  /** System key of the Durable extension's HTTP API. */
  readonly durabletask: string;
  /** System key of the MCP extension. */
  readonly mcp_extension: string;
}

/**
 * A key of the form that the Functions host gives its own: 40 bytes, at the 34th its mark `AzFu`, so that whoever looks
 * for secrets can tell it. Azure's has a checksum behind the mark, where this has chance, and ends in `==`, without which
 * it is the same text in an address.
 */
function newKey(): string {
  const bytes = randomBytes(40);
  Buffer.from("AzFu", "base64").copy(bytes, 33);
  return bytes.toString("base64url");
}

/** Reads the keys of a home folder, or makes them; the file can be read by its owner alone. */
export function openKeys(file: string): HostKeys {
  const remedy = "Restore it, or move it away: new keys are made then.";
  const kept = (readOwnFile(file, remedy) ?? {}) as Partial<HostKeys>;
  const fresh = { master: newKey(), function: newKey(), durabletask: newKey(), mcp_extension: newKey() };
  const keys: HostKeys = { ...fresh, ...kept };
  if (Object.keys(fresh).every((name) => name in kept)) return keys;
  writeFileAtomic(file, `${JSON.stringify(keys, null, 2)}\n`);
  return keys;
}

/** The key a request carries: `x-functions-key` or `?code=`. */
export function presentedKey(call: Pick<IncomingCall, "headers" | "url">): string | undefined {
  return call.headers["x-functions-key"] ?? call.url.searchParams.get("code") ?? undefined;
}

/** Compares in constant time. */
export function isOneOf(presented: string | undefined, keys: readonly string[]): boolean {
  if (presented === undefined) return false;
  const given = Buffer.from(sha256(presented));
  let found = false;
  for (const key of keys) if (timingSafeEqual(given, Buffer.from(sha256(key)))) found = true;
  return found;
}
