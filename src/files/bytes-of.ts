import { createHash } from "node:crypto";
import { notFound } from "../kernel/errors.ts";
import { fileDamaged } from "../kernel/file-damaged.ts";
import type { Files, StoredFile } from "./files.ts";

/** States that are remembered of each folder or container: a file's is a few hundred bytes. */
const MOST_REMEMBERED = 1000;

/** The state, by key and hash, in which a file was last found whole. */
const foundWhole = new WeakMap<object, Map<string, string>>();

/** Bytes of a range that are read at once. */
const RANGE_PIECE = 1024 * 1024;

/**
 * Some of a file's bytes, in pieces. All of them are given as they are, for whoever takes them can hash them; a part only
 * of a file that is what its record says, and stays it until the last piece.
 * @param file as its record tells of it
 * @throws LightningError not_found `file_missing`; fatal `file_damaged`
 */
export async function* bytesOf(
  files: Pick<Files, "read" | "readRange" | "stat">,
  file: StoredFile,
  from: number,
  bytes: number,
): AsyncGenerator<Uint8Array> {
  if (from === 0 && bytes === file.bytes) {
    yield* files.read(file.key);
    return;
  }
  const version = await wholeVersion(files, file);
  for (let read = 0; read < bytes; ) {
    const piece = await files.readRange(file.key, from + read, Math.min(RANGE_PIECE, bytes - read));
    if (piece.byteLength === 0) return;
    read += piece.byteLength;
    if (read >= bytes && (await files.stat(file.key))?.version !== version)
      throw fileDamaged(file.bytes, file.bytes);
    yield piece;
  }
}

/**
 * The state of a file that is what its record says. It is read to its end once in each state, for a part of it cannot be
 * held to the hash of the whole.
 * @throws LightningError not_found `file_missing`; fatal `file_damaged`
 */
async function wholeVersion(
  files: Pick<Files, "read" | "stat">,
  { key, bytes, sha256 }: StoredFile,
): Promise<string> {
  const now = await files.stat(key);
  if (now === undefined) throw notFound("file_missing", `There is no file "${key}".`, { field: "key" });
  if (now.bytes !== bytes) throw fileDamaged(now.bytes, bytes);
  const remembered = foundWhole.get(files) ?? new Map<string, string>();
  foundWhole.set(files, remembered);
  const name = `${sha256} ${key}`;
  if (remembered.get(name) === now.version) return now.version;
  const hash = createHash("sha256");
  for await (const piece of files.read(key)) hash.update(piece);
  if (hash.digest("hex") !== sha256) throw fileDamaged(now.bytes, bytes);
  // The oldest goes first; this one is the newest.
  remembered.delete(name);
  const [oldest] = remembered.keys();
  if (remembered.size >= MOST_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(name, now.version);
  return now.version;
}
