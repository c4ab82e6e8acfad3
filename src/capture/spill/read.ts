import type { FileHandle } from "node:fs/promises";
import type { EpisodeInput } from "../../wire/types.ts";

/** Text that is read for one batch, in characters, but for its last line. */
const MOST_BATCH_TEXT = 8 * 1024 * 1024;

interface SpilledBatch {
  readonly episodes: EpisodeInput[];
  /** Lines that are no episode. */
  readonly broken: string[];
}

/** One file, read batch by batch: memory does not grow with it. */
export interface SpilledLines {
  /** The next episodes; undefined at the end. */
  next(most: number): Promise<SpilledBatch | undefined>;
  close(): Promise<void>;
}

export function readSpilled(handle: FileHandle): SpilledLines {
  const lines = handle.readLines({ autoClose: false })[Symbol.asyncIterator]();
  return {
    async next(most) {
      const batch: SpilledBatch = { episodes: [], broken: [] };
      let text = 0;
      while (batch.episodes.length < most && text < MOST_BATCH_TEXT) {
        const { done, value: line } = await lines.next();
        if (done === true) {
          const isEnd = batch.episodes.length === 0 && batch.broken.length === 0;
          return isEnd ? undefined : batch;
        }
        if (line.trim() === "") continue;
        text += line.length;
        const episode = parseLine(line);
        if (episode === undefined) batch.broken.push(line);
        else batch.episodes.push(episode);
      }
      return batch;
    },
    async close() {
      await lines.return?.();
      await handle.close().catch(() => {});
    },
  };
}

function parseLine(line: string): EpisodeInput | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as EpisodeInput)
      : undefined;
  } catch {
    return undefined;
  }
}
