import { Buffer } from "node:buffer";
import type { FileReply } from "../../src/doors/operation.ts";
import { sha256 } from "../../src/kernel/hashing.ts";

/** A file of this text, as a row answers it; `piece` bytes come at once. */
export function fileReply(text: string, piece = 8, name = "train.jsonl"): FileReply {
  const content = Buffer.from(text);
  return {
    name,
    bytes: content.byteLength,
    sha256: sha256(content),
    async *stream(from, bytes) {
      const some = content.subarray(from, from + bytes);
      for (let at = 0; at < some.byteLength; at += piece) yield some.subarray(at, at + piece);
    },
  };
}
