import type { WireData } from "./types.ts";

/** A value as the worker sends it to the host: text stays text, numbers stay numbers, everything else is JSON. */
export function toWire(value: unknown): WireData | null | undefined {
  if (value === null || value === undefined) return value;
  if (typeof value === "string") return { string: value };
  if (ArrayBuffer.isView(value))
    return { bytes: new Uint8Array(value.buffer, value.byteOffset, value.byteLength) };
  if (typeof value === "number") return Number.isInteger(value) ? { int: value } : { double: value };
  return { json: JSON.stringify(value) };
}

/** A value as the worker hands it to a function: text that is JSON is parsed, other text stays as it is. */
export function fromWire(data: WireData | null | undefined): unknown {
  if (data === null || data === undefined) return undefined;
  if (typeof data.string === "string") {
    try {
      return JSON.parse(data.string);
    } catch {
      return data.string;
    }
  }
  if (typeof data.json === "string") return JSON.parse(data.json);
  if (data.bytes !== undefined) return Buffer.from(data.bytes);
  return data.int ?? data.double;
}

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
