import { hash } from "node:crypto";
import { isBase64 } from "../kernel/base64.ts";
import { bytesPointer, MEDIA_TYPE } from "../parts/pointer.ts";

const DATA_URL = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/;
/** Members that hold bytes without saying so in front of them. */
const BYTES_MEMBERS = new Set(["data", "file_data", "b64_json", "blob"]);
/** Shorter texts are left as they are. */
const LEAST = 1024;

/** Bytes that a text holds as base64. */
export interface HeldBytes {
  /** What stands in front of the base64: the head of a `data:` URL, or nothing. */
  readonly head: string;
  readonly base64: string;
  readonly type: string | undefined;
}

/**
 * The bytes that a text holds; undefined: it is a text like others.
 * @param name of the member that holds the text
 * @param type the media type that is told beside it
 */
export function bytesIn(text: string, name: string, type: string | undefined): HeldBytes | undefined {
  const found = DATA_URL.exec(text.slice(0, LEAST));
  if (found === null && !BYTES_MEMBERS.has(name)) return undefined;
  const head = found?.[0] ?? "";
  const base64 = text.slice(head.length);
  return isBase64(base64, 0, "any") ? { head, base64, type: found?.[1] ?? type } : undefined;
}

/** The media type that the members of an object tell of its bytes. */
export function typeToldBy(value: object): string | undefined {
  const { mimeType, mime_type, media_type, format } = value as Record<string, unknown>;
  return [mimeType, mime_type, media_type, format].find((one) => typeof one === "string");
}

/** As pointers name it, and receivers take it. */
export const mediaType = (told: string | undefined): string | undefined => {
  const type = told?.toLowerCase();
  return type !== undefined && MEDIA_TYPE.test(type) ? type : undefined;
};

/** A copy of the value with a pointer in the place of bytes in base64, and how many characters went. */
export function bytesToPointers(value: unknown): { readonly value: unknown; readonly characters: number } {
  const gone = { characters: 0 };
  return { value: walk(value, "", undefined, gone), characters: gone.characters };
}

function walk(value: unknown, name: string, type: string | undefined, gone: { characters: number }): unknown {
  if (typeof value === "string") {
    const pointer = value.length < LEAST ? undefined : pointerOf(value, name, type);
    if (pointer === undefined) return value;
    gone.characters += value.length - pointer.length;
    return pointer;
  }
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => walk(item, name, type, gone));
  const kind = typeToldBy(value);
  return Object.fromEntries(
    Object.entries(value).map(([member, of]) => [member, walk(of, member, kind ?? type, gone)]),
  );
}

function pointerOf(text: string, name: string, told: string | undefined): string | undefined {
  const held = bytesIn(text, name, told);
  if (held === undefined) return undefined;
  const bytes = Buffer.from(held.base64, "base64");
  return bytesPointer({ type: held.type, bytes: bytes.byteLength, sha256: hash("sha256", bytes) });
}
