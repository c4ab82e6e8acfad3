import { z } from "zod";
import { storedTimeSchema } from "../doors/schemas.ts";
import {
  type Episode,
  episodeSchema,
  type RewardAggregate,
  rewardAggregateSchema,
} from "../episodes/contract.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { fatal, isKind, messageOf, unavailable } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import type { Logger } from "../kernel/logger.ts";
import { type FeedName, raiseWatermark } from "../ledger/feed-watermarks.ts";
import { isDamaged, type Ledger, type PatchOperation } from "../ledger/ledger.ts";
import { retryRaces, unlessKind } from "../ledger/races.ts";
import { autoScore } from "./auto-score.ts";
import { type Reward, rewardSchema, type SlotReward } from "./contract.ts";
import { bury, closeLetters } from "./dead-letters.ts";
import type { RewardGiving } from "./giving.ts";
import { aggregate, type RewardSettings } from "./rules.ts";
import { createRewardStore } from "./store.ts";

export interface RewardFeedDeps {
  readonly ledger: Ledger;
  readonly settings: RewardSettings;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives what waits for the episodes that came; absent: nothing waits. */
  readonly waiting?: Pick<RewardGiving, "arrived"> | undefined;
}

/** What scoring reads of a changed episode; the rest may be anything. */
const changedEpisodeSchema = z.looseObject(
  episodeSchema
    .pick({
      id: true,
      agent_id: true,
      recorded_at: true,
      metadata: true,
      tool_calls: true,
      request_latency_ms: true,
      cost_usd: true,
      error: true,
      error_by: true,
      ending: true,
      assistant_output: true,
    })
    .partial({ assistant_output: true }).shape,
);
const changedRewardSchema = rewardSchema.pick({
  id: true,
  agent_id: true,
  episode_id: true,
  created_at: true,
});

const AGGREGATE_FIELDS = Object.keys(rewardAggregateSchema.shape) as (keyof RewardAggregate)[];

export type RewardFeed = ReturnType<typeof createRewardFeed>;

/**
 * The consumers of both change feeds. Delivery is at least once and in any order between episodes, so both only bring
 * the ledger to a state that follows from what is stored: delivered again they write nothing, and their own writes
 * coming back through the feed end there. A document nobody can handle goes to the dead letters and the feed moves on;
 * when the ledger itself is unavailable they throw, so that the host delivers the batch again.
 */
export function createRewardFeed({ ledger, settings, clock, logger, waiting }: RewardFeedDeps) {
  const rewards = createRewardStore(ledger);
  const episodes = createEpisodeStore(ledger);

  /** A read that finds nothing may be older than the episode; a write that changes nothing is not. */
  async function isGone({ agent_id, id, recorded_at }: Pick<Episode, "agent_id" | "id" | "recorded_at">) {
    if ((await episodes.find(agent_id, id)) !== undefined) return false;
    const same = [{ op: "set", field: "recorded_at", value: recorded_at }] as const;
    return !(await unlessKind(episodes.patch(agent_id, id, same), "not_found"));
  }

  /** The rewards an episode brings with it, each created once. */
  async function score(document: unknown): Promise<void> {
    const episode = changedEpisodeSchema.parse(document);
    const missing: ReturnType<typeof autoScore> = [];
    for (const reward of autoScore(episode, settings, toIso(clock.now())))
      if ((await rewards.find(reward.agent_id, reward.episode_id, reward.id)) === undefined)
        missing.push(reward);
    // Deleted since it changed: rewards must not outlive what they judge.
    if (missing.length === 0 || (await isGone(episode))) return;
    for (const reward of missing) await unlessKind(rewards.create(reward), "conflict");
  }

  /**
   * Recomputes the aggregate from all rewards of an episode; writes only if it changed. `delivered`: rewards that the
   * feed brought. A read may be older than these (Session consistency, a replica behind), and they count all the same:
   * a veto that one stale read did not show would be lost for good.
   */
  async function sumUp(agentId: string, episodeId: string, delivered: readonly Reward[]): Promise<void> {
    const once = async () => {
      // The episode first: a reward that comes between the two reads is then either seen or the etag has moved on.
      const episode = await episodes.find(agentId, episodeId);
      const known = new Map<string, SlotReward>(delivered.map((reward) => [reward.id, reward]));
      for (const reward of await rewards.slotsOfEpisode(agentId, episodeId)) known.set(reward.id, reward);
      const operations = differences(episode ?? {}, aggregate([...known.values()]));
      if (operations.length === 0) return;
      // Only a write knows for certain that there is no such episode.
      await unlessKind(episodes.patch(agentId, episodeId, operations, episode?._etag), "not_found");
    };
    // Writers of one episode are few: the feed itself and, rarely, an erasure.
    await retryRaces(once, {
      contended: () =>
        unavailable("episode_contended", `Episode ${episodeId} is being changed by many at once.`, {
          retryAfterMs: 200,
        }),
    });
  }

  /** Handles each document on its own, then raises the watermark; the first fault of the ledger is thrown at the end. */
  async function each(
    feed: FeedName,
    documents: readonly unknown[],
    handle: (document: unknown) => Promise<void>,
    timeOf: (document: unknown) => unknown,
  ): Promise<void> {
    let fault: unknown;
    let newest = "";
    const handled: { agent_id: string; id: string }[] = [];
    for (const document of documents) {
      try {
        if (isDamaged(document)) throw damaged(document);
        await handle(document);
        handled.push(document as { agent_id: string; id: string });
      } catch (thrown) {
        if (isKind(thrown, "unavailable", "precondition")) {
          fault ??= thrown;
          continue;
        }
        logger.error("poison document", { feed, document_id: idOf(document), reason: summaryOf(thrown) });
        await bury(ledger, clock, feed, document, summaryOf(thrown));
      }
      const at = storedTimeSchema.safeParse(timeOf(document)).data;
      if (at !== undefined && at > newest) newest = at;
    }
    if (fault !== undefined) throw fault;
    await closeLetters(ledger, feed, handled);
    if (newest !== "") await raiseWatermark(ledger, feed, newest);
  }

  return {
    /** Handles one document as its feed would, but neither buries it nor raises the watermark. @throws what is wrong */
    async handleOne(feed: FeedName, document: unknown): Promise<void> {
      if (feed === "episodes") return score(document);
      const { agent_id, episode_id } = changedRewardSchema.parse(document);
      return sumUp(agent_id, episode_id, delivered([document]));
    },

    /** New or changed episodes: given what waits for them, and auto-scored. @throws unavailable; deliver the batch again */
    async handleEpisodeChanges(documents: readonly unknown[]): Promise<void> {
      await waiting?.arrived(documents);
      const scoreNew = async (document: unknown) => (isRescanned(document) ? undefined : score(document));
      await each(
        "episodes",
        documents,
        scoreNew,
        (document) => (document as Episode | undefined)?.recorded_at,
      );
    },

    /** New rewards: the aggregate of each episode they belong to. @throws unavailable; deliver the batch again */
    handleRewardChanges(documents: readonly unknown[]): Promise<void> {
      const done = new Set<string>();
      const byEpisode = Map.groupBy(delivered(documents), ({ agent_id, episode_id }) =>
        JSON.stringify([agent_id, episode_id]),
      );
      return each(
        "rewards",
        documents,
        async (document) => {
          const { agent_id, episode_id } = changedRewardSchema.parse(document);
          const key = JSON.stringify([agent_id, episode_id]);
          if (done.has(key)) return;
          await sumUp(agent_id, episode_id, byEpisode.get(key) ?? []);
          done.add(key);
        },
        (document) => (document as { created_at?: unknown } | undefined)?.created_at,
      );
    },
  };
}

/**
 * A re-scan changes only what had been scored before: scored again, what is redacted by now (a test's name, a figure)
 * would be judged as something new.
 */
const isRescanned = (document: unknown): boolean =>
  (document as Partial<Episode> | undefined)?.redaction?.rescan !== undefined;

const damaged = ({ id }: { readonly id: string }) =>
  fatal("ledger_document_damaged", `The ledger holds "${id}", but its text is damaged.`);

/** Those of a batch that are whole rewards. */
const delivered = (documents: readonly unknown[]): Reward[] =>
  documents.flatMap((document) => rewardSchema.safeParse(document).data ?? []);

/** The patch that brings an episode's aggregate to `next`; empty when it is there already. */
function differences(episode: RewardAggregate, next: RewardAggregate | undefined): PatchOperation[] {
  return AGGREGATE_FIELDS.flatMap((field): PatchOperation[] => {
    const value = next?.[field];
    if (value === undefined) return episode[field] === undefined ? [] : [{ op: "remove", field }];
    const same = episode[field] !== undefined && canonicalJson(episode[field]) === canonicalJson(value);
    return same ? [] : [{ op: "set", field, value }];
  });
}

function idOf(document: unknown): string {
  const id =
    typeof document === "object" && document !== null ? (document as { id?: unknown }).id : undefined;
  return typeof id === "string" ? id : "";
}

/** A zod error's text is a page of JSON; its first fault says enough. */
export function summaryOf(thrown: unknown): string {
  if (thrown instanceof z.ZodError) {
    const issue = thrown.issues[0];
    return `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`;
  }
  return messageOf(thrown).slice(0, 1000);
}
