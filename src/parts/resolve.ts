import { Buffer } from "node:buffer";
import { type Pointer, pointerIn } from "./pointer.ts";

/** A value with its parts in their places again. */
export interface Resolved<T> {
  readonly value: T;
  /** The texts among the parts. */
  readonly texts: readonly string[];
}

/**
 * Puts parts back where they stood: the very text, or the base64 of the bytes behind what stood in front of it.
 * @param parts the hashes that may be pointed at
 * @param read a part's bytes; undefined: it is gone
 * @returns undefined where a part is gone
 */
export async function resolveParts<T extends object>(
  value: T,
  parts: readonly string[],
  read: (sha256: string) => Promise<Uint8Array | undefined>,
): Promise<Resolved<T> | undefined> {
  const named = new Set(parts);
  const wanted = new Map<string, Pointer>();
  mapTexts(value, (text) => {
    const pointer = pointerIn(text);
    if (pointer !== undefined && named.has(pointer.sha256)) wanted.set(text, pointer);
    return text;
  });
  const whole = new Map<string, string>();
  const texts = new Map<string, string>();
  // One after the other: what lies between file and text is held once.
  for (const [stands, pointer] of wanted) {
    const bytes = await read(pointer.sha256);
    if (bytes === undefined) return undefined;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (pointer.type !== undefined) whole.set(stands, pointer.before + buffer.toString("base64"));
    else {
      const text = texts.get(pointer.sha256) ?? buffer.toString("utf8");
      texts.set(pointer.sha256, text);
      whole.set(stands, text);
    }
  }
  return {
    value: mapTexts(value, (text) => whole.get(text) ?? text) as T,
    texts: [...texts.values()],
  };
}

/** What of a value points at one of these parts, each as often as it stands there. */
export function pointersIn(value: object, parts: readonly string[]): Pointer[] {
  const named = new Set(parts);
  const found: Pointer[] = [];
  mapTexts(value, (text) => {
    const pointer = pointerIn(text);
    if (pointer !== undefined && named.has(pointer.sha256)) found.push(pointer);
    return text;
  });
  return found;
}

/** A value with every string in it, names of members apart, made into another. */
export function mapTexts(value: unknown, to: (text: string) => string): unknown {
  if (typeof value === "string") return to(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, to));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, to)]));
}
