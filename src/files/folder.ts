import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { fatal, invalid, notFound } from "../kernel/errors.ts";
import type { Files } from "./files.ts";

/** No leading dot: neither `..` nor a hidden or temporary file can be a key. */
const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;
const TEMPORARY = /^\.[A-Za-z0-9._-]+\.partial$/;

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
        // A link whose end is missing would be created outside.
        if (await lstat(place).catch(missing)) throw outside(place);
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
    await mkdir(folder, { recursive: true });
    const partial = path.join(folder, `.${path.basename(target)}.${randomBytes(6).toString("hex")}.partial`);
    const hash = createHash("sha256");
    let bytes = 0;
    const file = await open(partial, "wx", 0o600);
    try {
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
    }
    await syncFolder(folder);
    return { key, bytes, sha256: hash.digest("hex") };
  }

  async function* read(key: string): AsyncGenerator<Uint8Array> {
    const target = locate(key);
    await guard(target);
    if ((await fileAt(target)) === undefined)
      throw notFound("file_missing", `There is no file "${key}".`, { field: "key" });
    yield* createReadStream(target) as AsyncIterable<Uint8Array>;
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

/** The size of a regular file, or undefined. */
async function fileAt(target: string): Promise<{ bytes: number } | undefined> {
  const found = await stat(target).catch(missing);
  return found?.isFile() ? { bytes: found.size } : undefined;
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
