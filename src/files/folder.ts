import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fatal, invalid, notFound } from "../kernel/errors.ts";
import { isProcessAlive } from "../kernel/process-alive.ts";
import type { Files } from "./files.ts";

/** No leading dot: neither `..` nor a hidden or temporary file can be a key. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const TEMPORARY = /^\.[A-Za-z0-9._-]+\.partial$/;
/** Dataset files are read from end to end: larger pieces, fewer turns of the event loop. */
const READ_AT_ONCE = 256 * 1024;
/** Names of this process's unfinished files: another one of its process id is left from a process before it. */
const unfinished = new Set<string>();

/** @throws invalid `bad_file_key` */
export function checkFileKey(key: string): void {
  const segments = typeof key === "string" ? key.split("/") : [];
  if (segments.length === 0 || segments.length > 10 || !segments.every((segment) => SEGMENT.test(segment)))
    throw invalid(
      "bad_file_key",
      "A file's key is segments of letters, digits, `.`, `_` and `-`, joined by `/`.",
      {
        field: "key",
      },
    );
}

/** Files in a folder. Writing goes to a temporary file beside the target, is synced, then renamed. */
export function folderFiles(root: string): Files {
  const base = path.resolve(root);

  function locate(key: string): string {
    checkFileKey(key);
    return path.join(base, ...key.split("/"));
  }

  /** A link inside the folder must not lead out of it. @throws fatal `file_outside` */
  async function guard(target: string): Promise<void> {
    const home = await realpath(base).catch(missing);
    if (home === undefined) return;
    for (let place = target; place.length > base.length; place = path.dirname(place)) {
      const real = await realpath(place).catch(missing);
      if (real === undefined) {
        // A link whose end is missing would be created outside. A folder may have been made between the two looks.
        if ((await lstat(place).catch(missing))?.isSymbolicLink()) throw outside(place);
        continue;
      }
      if (!real.startsWith(home + path.sep)) throw outside(place);
      return;
    }
  }

  async function write(key: string, content: AsyncIterable<Uint8Array | string>) {
    const target = locate(key);
    const folder = path.dirname(target);
    await guard(target);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await removeRemains(folder, path.basename(target));
    const name = `.${path.basename(target)}.${process.pid}-${randomBytes(6).toString("hex")}.partial`;
    const partial = path.join(folder, name);
    unfinished.add(name);
    const hash = createHash("sha256");
    let bytes = 0;
    try {
      const file = await open(partial, "wx", 0o600);
      try {
        for await (const piece of content) {
          const chunk = typeof piece === "string" ? Buffer.from(piece) : piece;
          hash.update(chunk);
          bytes += chunk.byteLength;
          await writeAll(file, chunk);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, target);
    } catch (thrown) {
      await rm(partial, { force: true });
      throw thrown;
    } finally {
      unfinished.delete(name);
    }
    await syncFolder(folder);
    return { key, bytes, sha256: hash.digest("hex") };
  }

  async function* read(key: string, into?: Uint8Array): AsyncGenerator<Uint8Array> {
    const target = locate(key);
    await guard(target);
    if ((await fileAt(target)) === undefined)
      throw notFound("file_missing", `There is no file "${key}".`, { field: "key" });
    if (into === undefined) {
      yield* createReadStream(target, { highWaterMark: READ_AT_ONCE }) as AsyncIterable<Uint8Array>;
      return;
    }
    const file = await open(target, "r");
    try {
      for (;;) {
        const { bytesRead } = await file.read(into, 0, into.length);
        if (bytesRead === 0) return;
        yield into.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async function readRange(key: string, from: number, bytes: number): Promise<Uint8Array> {
    const target = locate(key);
    await guard(target);
    if ((await fileAt(target)) === undefined)
      throw notFound("file_missing", `There is no file "${key}".`, { field: "key" });
    const file = await open(target, "r");
    try {
      const into = new Uint8Array(bytes);
      let held = 0;
      while (held < bytes) {
        const { bytesRead } = await file.read(into, held, bytes - held, from + held);
        if (bytesRead === 0) break;
        held += bytesRead;
      }
      return into.subarray(0, held);
    } finally {
      await file.close();
    }
  }

  async function list(prefix: string): Promise<string[]> {
    if (!prefix.endsWith("/")) throw invalid("bad_file_key", "A prefix ends with `/`.", { field: "prefix" });
    const folder = locate(prefix.slice(0, -1));
    await guard(folder);
    const entries = (await readdir(folder, { recursive: true, withFileTypes: true }).catch(missing)) ?? [];
    return entries
      .filter((entry) => entry.isFile() && !TEMPORARY.test(entry.name))
      .map((entry) => path.relative(base, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"))
      .toSorted();
  }

  return {
    write,
    read,
    readRange,
    async stat(key) {
      const target = locate(key);
      await guard(target);
      return await fileAt(target);
    },
    list,
    async delete(key) {
      const target = locate(key);
      await guard(path.dirname(target));
      await rm(target, { force: true });
    },
    locate,
  };
}

/** Temporary files of processes that were killed while they wrote the same file: the retry writes it again. */
async function removeRemains(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    const rest = entry.startsWith(`.${name}.`) ? entry.slice(name.length + 2) : "";
    const pid = /^(\d+)-[0-9a-f]{12}\.partial$/.exec(rest)?.[1];
    if (pid !== undefined && !unfinished.has(entry) && !isAnothers(Number(pid)))
      await rm(path.join(folder, entry), { force: true });
  }
}

/** This process knows its own by `unfinished`: another file that bears its id is an earlier process's. */
const isAnothers = (pid: number): boolean => pid !== process.pid && isProcessAlive(pid);

/** The size of a regular file and what tells its states apart, or undefined. */
async function fileAt(target: string): Promise<{ bytes: number; version: string } | undefined> {
  const found = await stat(target, { bigint: true }).catch(missing);
  if (found?.isFile() !== true) return undefined;
  // The time of its last change (ctime) goes on when the one of its content is set back. Both tick in milliseconds on some disks.
  const version = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join("-");
  return { bytes: Number(found.size), version };
}

function missing(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code === "ENOENT" || thrown.code === "ENOTDIR") return undefined;
  throw thrown;
}

const outside = (place: string) =>
  fatal("file_outside", `${place} is a link that leads out of the folder of dataset files.`, {
    remedy: "Remove the link.",
  });

/** `write` may take less than it was given. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done);
    done += bytesWritten;
  }
}

/** Makes the rename itself last. Windows cannot open a folder for this; there the rename is all there is. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
