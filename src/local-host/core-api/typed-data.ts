import type { WireData } from "./types.ts";

/** The bytes of a response body, of whatever kind it was sent as. */
export function wireBytes(data: WireData | null | undefined): Uint8Array {
  if (data === null || data === undefined) return new Uint8Array();
  if (data.bytes !== undefined) return data.bytes;
  const text = data.string ?? data.json ?? data.int ?? data.double;
  return text === undefined ? new Uint8Array() : Buffer.from(String(text));
}

/** What may be JSON text; everything else certainly is none. */
const MAYBE_JSON = /^\s*(?:[{["]|-?\d[\d.eE+-]*\s*$|(?:true|false|null)\s*$)/;
const SHORT = 200;

/**
 * The same value to the library, which tries to parse text and keeps it when it is no JSON: a throw for every call,
 * ids foremost, that saying so beforehand avoids.
 */
export function plainText(data: WireData): WireData {
  const { string: text } = data;
  if (typeof text !== "string" || text.length > SHORT || MAYBE_JSON.test(text)) return data;
  return { json: JSON.stringify(text) };
}
