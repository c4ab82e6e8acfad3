import { appendFileSync, mkdirSync } from "node:fs";
import { access, appendFile, constants, mkdir, open, rename, stat, unlink } from "node:fs/promises";
import path from "node:path";
import type { Clock } from "../../kernel/clock.ts";
import type { EpisodeInput } from "../../wire/types.ts";
import type { CaptureLimits } from "../limits.ts";
import { MOST_BYTES, withinBounds } from "../within-bounds.ts";
import { isLive, Lease } from "./lease.ts";
import { badPath, ignoreMissing, leasePath, newOwner, sizeOf, spillFiles, spillPath } from "./paths.ts";
import { readSpilled, type SpilledLines } from "./read.ts";

/** A file is closed at that many bytes and a new one begun, so that what was sent goes from the disk soon. */
const ROLL_BYTES = 4 * 1024 * 1024;
/** What may be set aside for a person to look at, in bytes. */
const MOST_BAD_BYTES = 32 * 1024 * 1024;

/** A file that holds one batch while it is on its way to the receiver. */
export interface Copy {
  readonly path: string;
  readonly count: number;
}

/**
 * Redacted episodes that could not be sent in time, one JSON line each, for this process or the next. A file belongs to
 * one owner, whose name it bears and whose lease says that it lives; another takes it over by renaming it, which one of
 * them can, once the lease is stale. Should the owner live after all and just be writing, it sees that its file is no
 * longer where it was, and writes again: an episode may be sent twice, and is stored once by its id, but is never lost.
 */
export class SpillFiles {
  readonly #base: string;
  readonly #limits: Pick<CaptureLimits, "maxSpillBytes" | "leaseMs">;
  readonly #clock: Clock;
  readonly #owner = newOwner();
  readonly #lease: Lease;
  /** Episodes in each of this owner's files, by path. */
  readonly #counts = new Map<string, number>();
  /** Files that hold a batch on its way: not to be read. */
  readonly #copies = new Set<string>();
  #next = 0;
  #current: { readonly path: string; bytes: number } | undefined;
  /** One change of the files at a time: a file that is being read has been written to its end. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(base: string, limits: Pick<CaptureLimits, "maxSpillBytes" | "leaseMs">, clock: Clock) {
    this.#base = path.resolve(base);
    this.#limits = limits;
    this.#clock = clock;
    this.#lease = new Lease(leasePath(this.#base, this.#owner), clock);
  }

  /** @throws when nothing could be written, without making any folder: the nearest one that is there is asked */
  async canBeWritten(): Promise<void> {
    let place = path.dirname(this.#base);
    while ((await stat(place).catch(ignoreMissing)) === undefined) place = path.dirname(place);
    // For a file in a folder's place the separator makes an error of it.
    await access(place + path.sep, constants.W_OK);
  }

  /**
   * Appends what fits under the bound; returns how many episodes did.
   * @param isThere the episodes were on disk already: the bound does not count
   */
  append(episodes: readonly EpisodeInput[], isThere = false): Promise<number> {
    return this.#inTurn(async () => {
      const lines = await this.#fitting(episodes, isThere);
      if (lines.length === 0) return 0;
      const text = textOf(lines);
      for (;;) {
        const current = this.#current ?? { path: this.#newPath(), bytes: 0 };
        this.#current = current;
        if (!(await writeLines(current.path, text))) {
          // Somebody took it over. What it held before is theirs; whether these lines are is not known.
          this.#current = undefined;
          continue;
        }
        this.#counts.set(current.path, (this.#counts.get(current.path) ?? 0) + lines.length);
        current.bytes += text.length;
        if (current.bytes > ROLL_BYTES) this.#current = undefined;
        return lines.length;
      }
    });
  }

  /** Writes a batch that is on its way into a file of its own; undefined where it does not fit. */
  copy(episodes: readonly EpisodeInput[]): Promise<Copy | undefined> {
    return this.#inTurn(async () => {
      const lines = await this.#fitting(episodes, false);
      if (lines.length < episodes.length) return undefined;
      const file = this.#newPath();
      this.#copies.add(file);
      try {
        await appendFile(file, textOf(lines), { mode: 0o600 });
      } catch (thrown) {
        // A full disk takes a part of it: that is no copy.
        await this.forget({ path: file, count: 0 }).catch(() => {});
        throw thrown;
      }
      this.#counts.set(file, lines.length);
      return { path: file, count: lines.length };
    });
  }

  /** The batch has arrived, or was written elsewhere. */
  async forget(copy: Copy): Promise<void> {
    this.#copies.delete(copy.path);
    this.#counts.delete(copy.path);
    await unlink(copy.path).catch(ignoreMissing);
  }

  /** The batch has not arrived: the copy is what is left of it. */
  keep(copy: Copy): void {
    this.#copies.delete(copy.path);
  }

  /** For the moment a process ends: nothing asynchronous happens any more. */
  appendSync(episodes: readonly EpisodeInput[]): void {
    const file = this.#writeSync(episodes);
    this.#counts.set(file, episodes.length);
  }

  copySync(episodes: readonly EpisodeInput[]): Copy {
    const file = this.#writeSync(episodes);
    this.#counts.set(file, episodes.length);
    this.#copies.add(file);
    return { path: file, count: episodes.length };
  }

  /** Sets an episode, or a line that is none, aside; false where there is too much of that already. */
  async setAside(text: string): Promise<boolean> {
    const file = badPath(this.#base);
    if ((await sizeOf([file])) + text.length > MOST_BAD_BYTES) return false;
    await appendFile(file, `${text}\n`, { mode: 0o600 });
    return true;
  }

  beat(): Promise<void> {
    return this.#lease.beat();
  }

  release(): void {
    this.#lease.release();
  }

  /** Whether another process has left files. */
  async hasOrphans(): Promise<boolean> {
    return (await this.#orphans()).length > 0;
  }

  /**
   * The files as they are now, this owner's first, for reading to the end; then those that no living process owns. What
   * is appended meanwhile goes to others.
   */
  async filesToRead(): Promise<string[]> {
    const own = await this.#inTurn(async () => {
      this.#current = undefined;
      return [...this.#counts.keys()].filter((file) => !this.#copies.has(file));
    });
    return [...own, ...(await this.#adopt())];
  }

  /** Opens a file of `filesToRead`; undefined when another process took it over. */
  async read(file: string): Promise<SpilledLines | undefined> {
    const handle = await open(file).catch(ignoreMissing);
    return handle === undefined ? undefined : readSpilled(handle);
  }

  /** Episodes that a file of this owner held at first; undefined: another process wrote it. */
  countOf(file: string): number | undefined {
    return this.#counts.get(file);
  }

  /** Some episodes of the file are not in it any more, as far as anybody counts. */
  settled(file: string, count: number): void {
    const left = (this.#counts.get(file) ?? 0) - count;
    if (this.#counts.has(file)) this.#counts.set(file, Math.max(0, left));
  }

  /** Everything in the file was read and is settled, or another process has it. */
  async remove(file: string): Promise<void> {
    this.#counts.delete(file);
    await unlink(file).catch(ignoreMissing);
  }

  /** Renames what nobody living owns, which only one process can; returns the new names. */
  async #adopt(): Promise<string[]> {
    const orphans = await this.#orphans();
    if (orphans.length === 0) return [];
    await this.#lease.take();
    const taken: string[] = [];
    for (const file of orphans) {
      const mine = this.#newPath();
      try {
        await rename(file, mine);
        taken.push(mine);
      } catch {
        // Another process was faster, or has it open (Windows).
      }
    }
    return taken;
  }

  async #orphans(): Promise<string[]> {
    const orphans: string[] = [];
    const live = new Map<string, boolean>();
    for (const { path: file, owner } of await spillFiles(this.#base)) {
      if (owner === this.#owner) continue;
      if (owner !== undefined && !live.has(owner))
        live.set(owner, await isLive(leasePath(this.#base, owner), this.#clock, this.#limits.leaseMs));
      if (owner === undefined || live.get(owner) === false) orphans.push(file);
    }
    return orphans;
  }

  #newPath(): string {
    return spillPath(this.#base, this.#owner, this.#next++);
  }

  #writeSync(episodes: readonly EpisodeInput[]): string {
    mkdirSync(path.dirname(this.#base), { recursive: true, mode: 0o700 });
    const file = this.#newPath();
    appendFileSync(file, textOf(episodes.map((episode) => JSON.stringify(episode))), { mode: 0o600 });
    return file;
  }

  async #fitting(episodes: readonly EpisodeInput[], isThere: boolean): Promise<string[]> {
    await mkdir(path.dirname(this.#base), { recursive: true, mode: 0o700 });
    await this.#lease.take();
    if (isThere) return episodes.map((episode) => JSON.stringify(episode));
    const most = this.#limits.maxSpillBytes;
    let size = await sizeOf((await spillFiles(this.#base)).map((file) => file.path));
    const lines: string[] = [];
    for (const episode of episodes) {
      let line = JSON.stringify(episode);
      // Large parts have half of the room: the other half is for what more episodes say.
      if (line.length > MOST_BYTES && size + line.length > most / 2)
        line = JSON.stringify(withinBounds(episode));
      size += Buffer.byteLength(line) + 1;
      if (size > most) break;
      lines.push(line);
    }
    return lines;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** A leading line end closes a line that a crash left open. */
const textOf = (lines: readonly string[]): string => `\n${lines.join("\n")}\n`;

/** Appends, and looks whether the file is still where it was; false: another process took it over meanwhile. */
async function writeLines(file: string, text: string): Promise<boolean> {
  const handle = await open(file, "a", 0o600);
  try {
    await handle.appendFile(text);
    const [written, there] = await Promise.all([
      handle.stat({ bigint: true }),
      stat(file, { bigint: true }).catch(() => undefined),
    ]);
    return there !== undefined && there.ino === written.ino;
  } finally {
    await handle.close();
  }
}
