import { type Clock, toIso } from "../kernel/clock.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import { type FeedName, readWatermark } from "../ledger/feed-watermarks.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { FeedState, Feeds } from "./contract.ts";

/**
 * How far the change feeds' consumers are behind, as their own places in the feeds tell. Where nobody knows those, by the
 * watermarks: with one agent's changes, which is asked of an index, or with any. An idle feed is not behind, however
 * old its watermark.
 */
export async function readFeeds(
  ledger: Ledger,
  clock: Clock,
  progress: FeedProgress | undefined,
  agentId?: string,
): Promise<Feeds> {
  const read = async (feed: FeedName, field: "recorded_at" | "created_at"): Promise<FeedState> => {
    const [watermark, pending] = await Promise.all([
      readWatermark(ledger, feed),
      progress?.oldestPending(feed) ?? ("unknown" as const),
    ]);
    const oldest =
      pending === "unknown"
        ? await oldestBehind(ledger, feed, field, watermark, agentId)
        : pending === "none"
          ? undefined
          : toIso(pending * 1000);
    // A part of the feed can be behind what another part has handled.
    const honest = oldest !== undefined && oldest < watermark ? oldest : watermark;
    return {
      watermark: honest === "" ? null : honest,
      lag_seconds:
        oldest === undefined ? 0 : Math.max(0, Math.round((clock.now() - Date.parse(oldest)) / 1000)),
    };
  };
  const [episodes, rewards] = await Promise.all([
    read("episodes", "recorded_at"),
    read("rewards", "created_at"),
  ]);
  return { episodes, rewards };
}

async function oldestBehind(
  ledger: Ledger,
  feed: FeedName,
  field: "recorded_at" | "created_at",
  watermark: string,
  agentId: string | undefined,
): Promise<string | undefined> {
  const { items } = await ledger.query<{ id: string; recorded_at?: string; created_at?: string }>(feed, {
    ...(agentId === undefined ? {} : { pk: [agentId] }),
    where: watermark === "" ? [] : [{ field, op: "gt", value: watermark }],
    orderBy: { field, direction: "asc" },
    select: [field],
    limit: 1,
  });
  return items[0]?.[field];
}
