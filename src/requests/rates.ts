import type { Clock } from "../kernel/clock.ts";

/** Requests that are remembered by who sent them and for which agent; the longest unseen is forgotten first, and begins with a full bucket. */
const MOST_REMEMBERED = 10_000;
const MINUTE_MS = 60_000;

interface Bucket {
  tokens: number;
  /** When the tokens were counted, ms. */
  at: number;
}

/**
 * Token buckets in this process's memory: each holds a minute's requests and fills evenly. Several instances of the app
 * each have their own.
 */
export function createRates(clock: Clock, most = MOST_REMEMBERED) {
  const buckets = new Map<string, Bucket>();

  function filled(name: string, perMinute: number): Bucket {
    const now = clock.now();
    const before = buckets.get(name) ?? { tokens: perMinute, at: now };
    const came = (Math.max(0, now - before.at) / MINUTE_MS) * perMinute;
    return { tokens: Math.min(perMinute, before.tokens + came), at: now };
  }

  return {
    /**
     * Takes one request from each bucket, or from none.
     * @returns 0, or the ms after which each has one
     */
    take(names: readonly string[], perMinute: number): number {
      const found = names.map((name) => [name, filled(name, perMinute)] as const);
      const waits = found.map(([, { tokens }]) => ((1 - tokens) / perMinute) * MINUTE_MS);
      const wait = Math.max(0, ...waits);
      if (wait > 0) return Math.ceil(wait);
      for (const [name, bucket] of found) {
        bucket.tokens--;
        // Deleted first, so that the map's order is that of their last use.
        buckets.delete(name);
        buckets.set(name, bucket);
      }
      for (const name of buckets.keys()) {
        if (buckets.size <= most) break;
        buckets.delete(name);
      }
      return 0;
    },
  };
}
