import { Buffer, isUtf8 } from "node:buffer";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";

/** Whether bytes are text as a whole, whatever they are said to be. */
export const isText = (bytes: Buffer): boolean => isUtf8(bytes) && !bytes.includes(0);

/** Control characters that texts are full of hardly ever; of compressed bytes they are one in nine. */
const MOST_CONTROLS = 0.05;
/** Plain letters, digits and blanks among the units of UTF-16; of other bytes read so they are one in six hundred. */
const FEWEST_PLAIN = 0.1;

/** A way to read bytes as characters and to write them back, the very bytes where nothing was replaced. */
interface Encoding {
  readonly read: (bytes: Buffer) => string;
  readonly write: (text: string) => Buffer;
}
const UTF_8: Encoding = { read: (bytes) => bytes.toString("utf8"), write: (text) => Buffer.from(text) };
/** Reads whatever has the ASCII characters at their places: also UTF-8 with a byte that is none. */
const LATIN_1: Encoding = {
  read: (bytes) => bytes.toString("latin1"),
  write: (text) => Buffer.from(text, "latin1"),
};
const UTF_16_LE: Encoding = {
  read: (bytes) => bytes.toString("utf16le"),
  write: (text) => Buffer.from(text, "utf16le"),
};
const UTF_16_BE: Encoding = {
  read: (bytes) => Buffer.from(bytes).swap16().toString("utf16le"),
  write: (text) => Buffer.from(text, "utf16le").swap16(),
};

/**
 * Bytes with what redaction finds in them replaced, in their own encoding: UTF-8, also with bytes in it that are none,
 * one of the encodings of a byte a character, UTF-16. Other bytes (pictures, sounds) stay as they are.
 */
export function redactBytes(
  bytes: Buffer,
  policy: RedactionPolicy,
): { readonly bytes: Buffer; readonly counts: Record<string, number> } {
  const encoding = encodingOf(bytes);
  if (encoding === undefined) return { bytes, counts: {} };
  // Half a unit at the end is no character of UTF-16.
  const isOdd = (encoding === UTF_16_LE || encoding === UTF_16_BE) && bytes.length % 2 === 1;
  const whole = isOdd ? bytes.subarray(0, -1) : bytes;
  const { value, counts } = redact(encoding.read(whole), policy);
  if (Object.keys(counts).length === 0) return { bytes, counts };
  return { bytes: Buffer.concat([encoding.write(value), bytes.subarray(whole.length)]), counts };
}

function encodingOf(bytes: Buffer): Encoding | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return UTF_16_LE;
  if (first === 0xfe && second === 0xff) return UTF_16_BE;
  if (isText(bytes)) return UTF_8;
  const units = Math.floor(bytes.length / 2);
  const plain = { little: 0, big: 0 };
  let controls = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (isControl(byte)) controls++;
    if (at % 2 === 0) continue;
    const before = bytes[at - 1] ?? 0;
    if (byte === 0 && !isControl(before) && before < 127) plain.little++;
    if (before === 0 && !isControl(byte) && byte < 127) plain.big++;
  }
  if (Math.max(plain.little, plain.big) >= units * FEWEST_PLAIN && units > 0)
    return plain.little >= plain.big ? UTF_16_LE : UTF_16_BE;
  // Of a short text one such byte is much.
  if (controls > Math.max(2, bytes.length * MOST_CONTROLS)) return undefined;
  return isUtf8(bytes) ? UTF_8 : LATIN_1;
}

/** None of tab, line feed, form feed and carriage return, which texts have. */
const isControl = (byte: number): boolean => byte < 32 && (byte < 9 || byte > 13);
