import { createHash, createHmac } from "node:crypto";

/** JSON with object keys sorted at every depth: equal values give equal text. `undefined` members are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : member,
  );
}

/** Lower-case hex SHA-256 of a text (UTF-8) or bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Lower-case hex HMAC-SHA-256. */
export function hmacSha256(key: string | Uint8Array, data: string): string {
  return createHmac("sha256", key).update(data).digest("hex");
}

/** A number in [0, 1) that only the holder of the key can predict; the same key and text give the same number. */
export function keyedFraction(key: string | Uint8Array, text: string): number {
  return Number.parseInt(hmacSha256(key, text).slice(0, 12), 16) / 2 ** 48;
}
