import type { EpisodeInput } from "../wire/types.ts";
import { MOST_BYTES, withinBounds } from "./within-bounds.ts";

interface Bounds {
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
}

const bytesOf = (episode: EpisodeInput): number => Buffer.byteLength(JSON.stringify(episode));

interface Held {
  readonly episode: EpisodeInput;
  readonly bytes: number;
}

/** Redacted episodes that could neither be sent nor written to the spill file: they wait in memory, the oldest first. */
export class HeldEpisodes {
  readonly #bounds: Bounds;
  #episodes: Held[] = [];
  readonly #taken = new Set<EpisodeInput>();
  bytes = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#episodes.length;
  }

  /** Takes what fits beside that much which waits already; returns how many did not. */
  hold(
    episodes: readonly EpisodeInput[],
    waiting: { readonly count: number; readonly bytes: number },
  ): number {
    for (const [index, given] of episodes.entries()) {
      let episode = given;
      let bytes = bytesOf(episode);
      // Large parts have half of the memory: the other half is for what more episodes say.
      if (bytes > MOST_BYTES && this.bytes + waiting.bytes + bytes > this.#bounds.maxQueuedBytes / 2) {
        episode = withinBounds(given);
        bytes = bytesOf(episode);
      }
      const isFull =
        this.length + waiting.count >= this.#bounds.maxQueued ||
        this.bytes + waiting.bytes + bytes > this.#bounds.maxQueuedBytes;
      if (isFull) return episodes.length - index;
      this.#episodes.push({ episode, bytes });
      this.bytes += bytes;
    }
    return 0;
  }

  all(): EpisodeInput[] {
    return this.#episodes.map(({ episode }) => episode);
  }

  /** The oldest that nobody has taken, to be sent or written: they stay until `release`, and are nobody else's until `putBack`. */
  take(most: number): EpisodeInput[] {
    const free = this.#episodes.filter(({ episode }) => !this.#taken.has(episode)).slice(0, most);
    for (const { episode } of free) this.#taken.add(episode);
    return free.map(({ episode }) => episode);
  }

  /** They are sent, written, or counted as lost. */
  release(episodes: readonly EpisodeInput[]): void {
    this.#remove(episodes);
    for (const episode of episodes) this.#taken.delete(episode);
  }

  /** Taken in vain: each keeps its place, or goes to the end. */
  putBack(episodes: readonly EpisodeInput[], isLast: (episode: EpisodeInput) => boolean = () => false): void {
    for (const episode of episodes) this.#taken.delete(episode);
    for (const last of this.#remove(episodes.filter(isLast))) {
      this.#episodes.push(last);
      this.bytes += last.bytes;
    }
  }

  #remove(episodes: readonly EpisodeInput[]): Held[] {
    if (episodes.length === 0) return [];
    const gone = new Set(episodes);
    const removed = this.#episodes.filter(({ episode }) => gone.has(episode));
    this.#episodes = this.#episodes.filter(({ episode }) => !gone.has(episode));
    for (const { bytes } of removed) this.bytes -= bytes;
    return removed;
  }
}
