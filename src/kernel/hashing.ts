import { Buffer } from "node:buffer";
import { createHash, createHmac, hash } from "node:crypto";

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

const BLOCK = 64;
const SHA256 = 32;
/** Room for a text beside the pad; longer ones get a buffer of their own. */
const ROOM = 4096;
let pads: { readonly key: string; readonly inner: Buffer; readonly outer: Buffer } | undefined;

/**
 * The same as `hmacSha256`, for hundreds of thousands of texts under one key: two one-shot hashes over padded blocks
 * (RFC 2104), written into the same memory each time; a keyed object of `node:crypto` takes several times as long.
 */
export function keyedHash(key: string, text: string): string {
  if (pads?.key !== key) {
    const bytes = Buffer.alloc(BLOCK);
    (Buffer.byteLength(key) > BLOCK ? hash("sha256", key, "buffer") : Buffer.from(key)).copy(bytes);
    pads = { key, inner: Buffer.alloc(BLOCK + ROOM), outer: Buffer.alloc(BLOCK + SHA256) };
    pads.inner.set(bytes.map((byte) => byte ^ 0x36));
    pads.outer.set(bytes.map((byte) => byte ^ 0x5c));
  }
  const { inner, outer } = pads;
  const padded =
    text.length * 3 <= ROOM
      ? inner.subarray(0, BLOCK + inner.write(text, BLOCK))
      : Buffer.concat([inner.subarray(0, BLOCK), Buffer.from(text)]);
  outer.write(hash("sha256", padded, "binary"), BLOCK, "latin1");
  return hash("sha256", outer, "hex");
}

/** A number in [0, 1) that only the holder of the key can predict; the same key and text give the same number. */
export function keyedFraction(key: string, text: string): number {
  return Number.parseInt(keyedHash(key, text).slice(0, 12), 16) / 2 ** 48;
}
