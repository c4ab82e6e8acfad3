import { isLightningError } from "../kernel/errors.ts";
import { type ContainerKey, LEASE_PREFIXES } from "./containers.ts";
import type { FeedName } from "./feed-watermarks.ts";
import type { Ledger, LedgerDocument, TriggeredLedger } from "./ledger.ts";

/**
 * How far a change feed's consumer is (its lag), read from its own place in the feed and not by the times of what it handled: where a
 * container has several physical partitions, one of them can be far behind while the others are done.
 */
export interface FeedProgress {
  /**
   * The second in which the oldest change that is not handled was written; `none`: all are handled; `unknown`: nobody
   * knows the consumer's place.
   */
  oldestPending(feed: FeedName): Promise<number | "none" | "unknown">;
  /** Whether all that stands before a place in the feed is handled; `unknown`: nobody knows the consumer's place. */
  hasPassed(feed: FeedName, place: string): Promise<boolean | "unknown">;
}

/** The places of the consumers that the local host runs in this process; `after` absent means at the beginning. */
export interface FeedPositions {
  note(c: ContainerKey, after: string | undefined): void;
  of(feed: FeedName): { readonly after: string | undefined } | undefined;
}

export function createFeedPositions(): FeedPositions {
  const known = new Map<ContainerKey, { readonly after: string | undefined }>();
  return {
    note: (c, after) => void known.set(c, { after }),
    of: (feed) => known.get(feed),
  };
}

/** In the local host the host's own places count, elsewhere the leases of the Functions triggers. */
export function createFeedProgress(ledger: Ledger, positions: FeedPositions): FeedProgress {
  async function position(feed: FeedName): Promise<ReturnType<FeedPositions["of"]>> {
    const here = positions.of(feed);
    if (here !== undefined || !("triggerPosition" in ledger)) return here;
    const after = await (ledger as TriggeredLedger).triggerPosition(feed, LEASE_PREFIXES[feed]);
    return after === undefined ? undefined : { after };
  }

  /** What is asked about the consumer's place; a place in a store that was replaced is none: it will start over. */
  async function ofPlace<T>(
    feed: FeedName,
    ask: (after: string | undefined) => Promise<T>,
  ): Promise<T | "unknown"> {
    const place = await position(feed);
    if (place === undefined) return "unknown";
    try {
      return await ask(place.after);
    } catch (thrown) {
      if (isLightningError(thrown) && thrown.code === "bad_continuation") return "unknown";
      throw thrown;
    }
  }

  return {
    oldestPending: (feed) =>
      ofPlace(feed, async (after) => {
        const changes = await ledger.pending<LedgerDocument>(feed, after);
        return changes.length === 0 ? "none" : Math.min(...changes.map(({ _ts }) => _ts));
      }),
    hasPassed: (feed, place) => ofPlace(feed, (after) => ledger.hasPassed(feed, after, place)),
  };
}
