import type { Clock } from "../kernel/clock.ts";
import { type FeedName, readWatermark } from "../ledger/feed-watermarks.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { FeedState, Feeds } from "./contract.ts";

/**
 * How far the change feeds' consumers are behind: with one agent's changes, which is asked of an index, or with any.
 * An idle feed is not behind, however old its watermark.
 */
export async function readFeeds(ledger: Ledger, clock: Clock, agentId?: string): Promise<Feeds> {
  const [episodes, rewards] = await Promise.all([
    readFeed(ledger, clock, "episodes", "recorded_at", agentId),
    readFeed(ledger, clock, "rewards", "created_at", agentId),
  ]);
  return { episodes, rewards };
}

async function readFeed(
  ledger: Ledger,
  clock: Clock,
  feed: FeedName,
  field: "recorded_at" | "created_at",
  agentId: string | undefined,
): Promise<FeedState> {
  const watermark = await readWatermark(ledger, feed);
  const { items } = await ledger.query<{ id: string; recorded_at?: string; created_at?: string }>(feed, {
    ...(agentId === undefined ? {} : { pk: [agentId] }),
    where: watermark === "" ? [] : [{ field, op: "gt", value: watermark }],
    orderBy: { field, direction: "asc" },
    select: [field],
    limit: 1,
  });
  const oldest = items[0]?.[field];
  return {
    watermark: watermark === "" ? null : watermark,
    lag_seconds:
      oldest === undefined ? 0 : Math.max(0, Math.round((clock.now() - Date.parse(oldest)) / 1000)),
  };
}
