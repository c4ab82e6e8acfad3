import { unavailable } from "../kernel/errors.ts";
import type { Ledger, LedgerDocument, Stored } from "./ledger.ts";
import { createOrReplace, retryRaces } from "./races.ts";

/**
 * How far each feed's consumer has come: everything written before that time is handled. A dataset build records the
 * watermark it saw, so that its content can be explained later.
 */
export type FeedName = "episodes" | "rewards";

interface Watermark extends LedgerDocument {
  readonly agent_id: typeof OWNER;
  readonly type: "watermark";
  readonly feed: FeedName;
  /** RFC 3339 UTC of fixed width. */
  readonly at: string;
  readonly created_at: string;
}

/** The partition of the loop's own state in `leases`. */
const OWNER = "feeds";
const ATTEMPTS = 20;
const idOf = (feed: FeedName) => `watermark-${feed}`;

const find = (ledger: Ledger, feed: FeedName): Promise<Stored<Watermark> | undefined> =>
  ledger.read<Watermark>("leases", [OWNER], idOf(feed));

/** RFC 3339 time, or "" when the feed has handled nothing yet. */
export async function readWatermark(ledger: Ledger, feed: FeedName): Promise<string> {
  return (await find(ledger, feed))?.at ?? "";
}

/**
 * Raises the watermark; an earlier or equal time changes nothing.
 * @throws LightningError unavailable `watermark_contended` when others were faster too often
 */
export async function raiseWatermark(ledger: Ledger, feed: FeedName, iso: string): Promise<void> {
  await retryRaces(
    async () => {
      const found = await find(ledger, feed);
      if (found !== undefined && found.at >= iso) return;
      const next: Watermark = {
        id: idOf(feed),
        agent_id: OWNER,
        type: "watermark",
        feed,
        at: iso,
        created_at: found?.created_at ?? iso,
      };
      await createOrReplace(ledger, "leases", found, next);
    },
    {
      attempts: ATTEMPTS,
      contended: () =>
        unavailable("watermark_contended", `The watermark of "${feed}" is being changed by many at once.`, {
          retryAfterMs: 100,
        }),
    },
  );
}
