import { randomUUID } from "node:crypto";
import { createReadStream, createWriteStream, existsSync, readdirSync, rmSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as breathe } from "node:timers/promises";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import { faultOf } from "./file-check.ts";
import { WireError } from "./http.ts";
import type { FileRow, ProviderStore } from "./store.ts";

/** Longest piece of work between two looks at the event loop, in milliseconds of real time. */
export const SLICE_MS = 15;

/** Files that the provider itself made of a job. */
const RESULTS = "fine-tune-results";

export type ProviderFiles = ReturnType<typeof createFiles>;

/** Uploaded files: bytes in the folder, state in the store, checked in the background. */
export function createFiles(deps: {
  readonly folder: string;
  readonly store: ProviderStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Time from the end of an upload to the start of its check. */
  readonly checkAfterMs: number;
}) {
  const { store, clock } = deps;
  const folder = path.join(deps.folder, "files");
  const pathOf = (id: string) => path.join(folder, id);
  const timers = new Set<() => void>();
  const checks = new Set<Promise<void>>();
  let closed = false;

  const check = async (id: string) => {
    let slice = performance.now();
    let count = 0;
    let fault: string | undefined;
    for await (const text of linesOf(id)) {
      if (text.trim() === "") continue;
      count++;
      const reason = faultOf(text);
      if (reason !== undefined) {
        fault = `Line ${count}: ${reason}.`;
        break;
      }
      if (performance.now() - slice > SLICE_MS) {
        await breathe();
        slice = performance.now();
      }
    }
    if (count === 0) fault = "The file has no lines.";
    const row = store.readFile(id);
    if (closed || row === undefined) return;
    store.putFile({
      ...row,
      status: fault === undefined ? "processed" : "error",
      status_details: fault ?? null,
    });
  };

  const scheduleCheck = (id: string) => {
    const cancel = clock.after(deps.checkAfterMs, () => {
      timers.delete(cancel);
      const running = check(id)
        .catch((error: unknown) =>
          deps.logger.warn("a file could not be checked", { id, error: String(error) }),
        )
        .finally(() => checks.delete(running));
      checks.add(running);
    });
    timers.add(cancel);
  };

  async function* linesOf(id: string): AsyncGenerator<string> {
    const input = createReadStream(pathOf(id), { encoding: "utf8" });
    let first = true;
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      // Azure's documentation asks for a byte-order mark; JSON does not know it.
      yield first && line.startsWith("\uFEFF") ? line.slice(1) : line;
      first = false;
    }
  }

  /** Synced before it is named, so that a row never points at half a file. */
  async function save(
    content: AsyncIterable<Uint8Array>,
    about: Pick<FileRow, "filename" | "purpose" | "status">,
  ) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const id = `file-${randomUUID().replaceAll("-", "")}`;
    const draft = `${pathOf(id)}.part`;
    await pipeline(Readable.from(content), createWriteStream(draft, { mode: 0o600 }));
    const handle = await open(draft, "r+");
    await handle.sync();
    const { size } = await handle.stat();
    await handle.close();
    await rename(draft, pathOf(id));
    const row: FileRow = {
      id,
      bytes: size,
      created_at: Math.floor(clock.now() / 1000),
      status_details: null,
      ...about,
    };
    store.putFile(row);
    return row;
  }

  return {
    linesOf,
    async upload(content: AsyncIterable<Uint8Array>, filename: string): Promise<FileRow> {
      const row = await save(content, { filename, purpose: "fine-tune", status: "pending" });
      scheduleCheck(row.id);
      return row;
    },
    /** A file that the provider itself made. */
    keep: (text: string, filename: string) =>
      save(Readable.from([Buffer.from(text)]), {
        filename,
        purpose: RESULTS,
        status: "processed",
      }),
    read(id: string): FileRow {
      const row = store.readFile(id);
      if (row === undefined)
        throw new WireError(404, "file_not_found", `No such File object: ${id}`, { param: "id" });
      return row;
    },
    content(id: string): AsyncIterable<Uint8Array> {
      this.read(id);
      return createReadStream(pathOf(id));
    },
    async delete(id: string): Promise<void> {
      this.read(id);
      store.deleteFile(id);
      await rm(pathOf(id), { force: true });
    },
    /** Removes what a killed process left unfinished, and takes up its checks. To be called before the first upload. */
    resume() {
      // A job that was cut off after it had kept its results will keep them again.
      const named = new Set(store.listJobs().flatMap((job) => job.result_files));
      for (const row of store.listFiles())
        if (row.purpose === RESULTS && !named.has(row.id)) store.deleteFile(row.id);
      const known = new Set(store.listFiles().map((row) => row.id));
      for (const name of existsSync(folder) ? readdirSync(folder) : [])
        if (!known.has(name)) rmSync(path.join(folder, name), { force: true });
      for (const row of store.listFiles()) if (row.status === "pending") scheduleCheck(row.id);
    },
    async close() {
      closed = true;
      for (const cancel of timers) cancel();
      await Promise.all(checks);
    },
  };
}
