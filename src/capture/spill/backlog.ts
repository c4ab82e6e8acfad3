import type { EpisodeInput } from "../../wire/types.ts";
import type { CaptureStats } from "../limits.ts";
import type { SpilledLines } from "./read.ts";
import type { SpillFiles } from "./spill.ts";

/** Of a broken line so much is set aside, in characters. */
const LONGEST_BROKEN_LINE = 1_000_000;

/**
 * What lies in the spill files, read in rounds: a round ends with the last of the files that were there when it began.
 * What is not sent stays at hand for the next call, without being read again.
 */
export class Backlog {
  readonly #spill: SpillFiles;
  readonly #stats: CaptureStats;
  #files: string[] = [];
  #reading: { readonly file: string; readonly lines: SpilledLines } | undefined;
  #again: EpisodeInput[] = [];
  #isClosed = false;

  constructor(spill: SpillFiles, stats: CaptureStats) {
    this.#spill = spill;
    this.#stats = stats;
  }

  /** Begins a round, unless one is not at its end yet. */
  async begin(): Promise<void> {
    if (this.#reading === undefined && this.#files.length === 0)
      this.#files = await this.#spill.filesToRead();
  }

  /** The next episodes of the round; undefined at its end. Each has to be settled or handed back. */
  async next(most: number): Promise<EpisodeInput[] | undefined> {
    if (this.#again.length > 0) return this.#again.splice(0, most);
    for (;;) {
      if (this.#reading === undefined && !(await this.#open())) return undefined;
      const { file, lines } = this.#reading ?? {};
      if (file === undefined || lines === undefined) continue;
      const batch = await lines.next(most);
      // Closed meanwhile, it only looks as if it were at its end.
      if (this.#isClosed) return undefined;
      if (batch === undefined) {
        await lines.close();
        this.#reading = undefined;
        await this.#goneFrom(file);
        continue;
      }
      for (const line of batch.broken) {
        this.#stats.poison++;
        await this.#spill.setAside(line.slice(0, LONGEST_BROKEN_LINE)).catch(() => false);
      }
      const { episodes } = batch;
      if (episodes.length === 0) continue;
      if (this.#spill.countOf(file) === undefined) {
        this.#stats.adopted += episodes.length;
        this.#stats.onDisk += episodes.length;
      }
      return episodes;
    }
  }

  /** They were sent, refused or written elsewhere. */
  settle(count: number): void {
    this.#stats.onDisk -= count;
    if (this.#reading !== undefined) this.#spill.settled(this.#reading.file, count);
  }

  /** They come again, first of all. */
  handBack(episodes: readonly EpisodeInput[]): void {
    this.#again.unshift(...episodes);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reading?.lines.close();
    this.#reading = undefined;
  }

  async #open(): Promise<boolean> {
    for (let file = this.#files.shift(); file !== undefined; file = this.#files.shift()) {
      const lines = await this.#spill.read(file);
      if (this.#isClosed) {
        await lines?.close();
        return false;
      }
      if (lines === undefined) await this.#goneFrom(file);
      else {
        this.#reading = { file, lines };
        return true;
      }
    }
    return false;
  }

  /** What this process wrote into the file and did not find in it is with whoever took it over. */
  async #goneFrom(file: string): Promise<void> {
    const missing = this.#spill.countOf(file) ?? 0;
    this.#stats.takenOver += missing;
    this.#stats.onDisk -= missing;
    await this.#spill.remove(file);
  }
}
