import { Buffer } from "node:buffer";
import type { Settings } from "../config/settings.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { NAMELESS_WRITERS } from "../doors/writer.ts";
import { type EpisodeName, episodeName, findNamed, keysOf, nameKey } from "../episodes/names.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { conflict, isKind, messageOf, unavailable } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { hashedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Ledger, type Page } from "../ledger/ledger.ts";
import { retryRaces } from "../ledger/races.ts";
import type { PolicyOf } from "../redaction/policy.ts";
import { readCorrection } from "./check-correction.ts";
import { type CheckedJudgement, judgementSchema, type RewardInput } from "./contract.ts";
import { type RewardSettings, rewardValue } from "./rules.ts";
import { type AssignedReward, checkReward, type Noting, type RewardService } from "./service.ts";
import { createSettler } from "./settle-waiting.ts";
import { slotOf } from "./slots.ts";
import { TOLD_SECONDS, type WaitingReward, type WaitingState } from "./waiting-contract.ts";
import { createWaitingStore } from "./waiting-store.ts";

export interface RewardGivingDeps {
  readonly ledger: Ledger;
  readonly rewards: Pick<RewardService, "assign" | "find">;
  readonly settings: RewardSettings &
    Pick<
      Settings,
      "agentId" | "redactSecrets" | "rewardWaitDays" | "waitingRewardsMost" | "waitingRewardsMb"
    >;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The redaction that holds for an agent; absent: the standard rules. */
  readonly policyOf?: PolicyOf | undefined;
}

/** A judgement of an episode by any of its names. */
export type NamedJudgement = Omit<RewardInput, "agent_id" | "episode_id"> &
  EpisodeName & { readonly agent_id?: string | undefined };

export interface GivingOptions {
  readonly writer?: string | undefined;
  /** Whether it waits for an episode that is not there yet; else it is refused. */
  readonly wait: boolean;
  /** The writer may take the place of what others wrote in the same name. */
  readonly isOwner?: boolean | undefined;
  /** It says nothing but its correction. */
  readonly mustCorrect?: boolean | undefined;
  readonly request?: Noting | undefined;
}

/** What became of a judgement: a reward, nothing (it is below its threshold), or it waits. */
export type Given =
  | ({ readonly kind: "assigned" } & AssignedReward)
  | { readonly kind: "nothing"; readonly episode_id: string }
  | { readonly kind: "waiting"; readonly waiting: WaitingReward };

export type RewardGiving = ReturnType<typeof createRewardGiving>;

/**
 * Gives rewards to episodes by whatever id the judge has. One that comes before its episode waits in the ledger, within
 * bounds, and is given once when the episode arrives. Three look for the two that belong together, so that neither can
 * slip past the other: who lets a reward wait looks once more after it is stored, the feed of episodes looks at what
 * waits after an episode is stored, and the sweep looks at all that wait, where a process died between.
 */
export function createRewardGiving({ ledger, rewards, settings, clock, logger, policyOf }: RewardGivingDeps) {
  const episodes = createEpisodeStore(ledger);
  const store = createWaitingStore(ledger, clock);
  const settle = createSettler({ store, episodes, rewards, clock, logger });

  /**
   * @throws invalid `episode_not_named`, what `assign` throws, conflict `episode_ambiguous`, not_found
   *   `episode_not_found` of one that is not to wait, unavailable `waiting_rewards_full`
   */
  async function give(given: NamedJudgement, options: GivingOptions): Promise<Given> {
    const { writer = NAMELESS_WRITERS.local, request, mustCorrect, isOwner } = options;
    const policy = await policyOf?.(given.agent_id ?? settings.agentId);
    const named = episodeName(given, settings.redactSecrets, policy);
    const { episode_id: _e, response_id: _r, correlation_id: _c, span_id: _s, trace_id: _t, ...said } = given;
    const agent_id = given.agent_id ?? settings.agentId;
    const judgement = checkReward(judgementSchema, { ...said, agent_id });
    // What no episode can mend is refused before anything waits.
    rewardValue(judgement, settings);
    readCorrection(judgement.metadata.correction, "metadata.correction");

    const earlier = request?.noted.waiting_id;
    const known = typeof earlier === "string" ? await settle(agent_id, earlier) : undefined;
    if (known !== undefined) return outcomeOf(known);
    const noted = request?.noted.episode_id;
    const episode_id = typeof noted === "string" ? noted : await findNamed(episodes, agent_id, named);
    if (episode_id !== undefined) {
      // The last episode of a trace is another one tomorrow: a later try is about the same.
      if (named.episode_id === undefined && noted === undefined) await request?.note({ episode_id });
      const assigned = await rewards.assign({ ...judgement, episode_id }, writer, request, {
        mustCorrect,
        isOwner,
      });
      return assigned === undefined ? { kind: "nothing", episode_id } : { kind: "assigned", ...assigned };
    }
    if (!options.wait) {
      const [[field, id] = ["episode_id", ""]] = Object.entries(named);
      throw noSuchRecord("episode", agent_id, String(id), { field });
    }
    const waiting = await letWait(named, judgement, writer, options);
    // It may have been recorded between the look and the write.
    return outcomeOf((await settle(agent_id, waiting.id)) ?? waiting);
  }

  async function letWait(
    named: EpisodeName,
    judgement: CheckedJudgement,
    writer: string,
    { mustCorrect, request }: GivingOptions,
  ): Promise<WaitingReward> {
    const { agent_id } = judgement;
    const awaits = nameKey(named);
    const said = defined(judgement) as CheckedJudgement;
    const bytes = Buffer.byteLength(JSON.stringify(said));
    const slot = slotOf({ ...said, writer });
    return retryRaces(async () => {
      const before = (await store.awaiting(agent_id, awaits)).find(
        (one) => one.judgement !== undefined && slotOf({ ...one.judgement, writer: one.writer }) === slot,
      );
      if (before !== undefined && canonicalJson(before.judgement) === canonicalJson(said)) {
        await request?.note({ waiting_id: before.id });
        return bare(before);
      }
      await demandRoom(agent_id, bytes);
      // In the order in which they were said, whatever the clock says.
      const now = Math.max(clock.now(), before === undefined ? 0 : Date.parse(before.created_at) + 1);
      const id = hashedId("wait", { agent_id, awaits, writer, said, after: before?.id });
      const known = await store.read(agent_id, id);
      await request?.note({ waiting_id: id });
      if (known?.state === "waiting") return bare(known);
      const waiting: WaitingReward = defined({
        id,
        agent_id,
        state: "waiting" as const,
        awaits,
        named,
        judgement: said,
        must_correct: mustCorrect === true ? (true as const) : undefined,
        source: said.source,
        writer,
        bytes,
        noted: {},
        created_at: toIso(now),
        expires_at: toIso(now + settings.rewardWaitDays * 86_400_000),
        ttl: settings.rewardWaitDays * 86_400 + TOLD_SECONDS,
      });
      await store.write(known, waiting);
      return waiting;
    });
  }

  async function demandRoom(agentId: string, bytes: number): Promise<void> {
    const { count, bytes: held } = await store.tally(agentId);
    const isFull =
      count >= settings.waitingRewardsMost || held + bytes > settings.waitingRewardsMb * 1024 * 1024;
    if (!isFull) return;
    throw unavailable(
      "waiting_rewards_full",
      `${count} rewards of agent ${agentId} wait for their episodes already, ${held} bytes; no more may.`,
      {
        retryAfterMs: 60_000,
        remedy:
          "Send it again once the episode is recorded. LIGHTNING_WAITING_REWARDS_MOST and LIGHTNING_WAITING_REWARDS_MB are the bounds; `listWaitingRewards` shows what waits.",
      },
    );
  }

  /** @throws conflict `reward_not_given` */
  async function outcomeOf(waiting: WaitingReward): Promise<Given> {
    const { agent_id, state, episode_id = "", reward_id, reason } = waiting;
    if (state === "waiting") return { kind: "waiting", waiting };
    if (state !== "given")
      throw conflict("reward_not_given", `The reward waited and is ${state}. ${reason}`, {
        field: "episode_id",
        details: { waiting_id: waiting.id, state },
        remedy: "Send it under another name of its episode.",
      });
    const reward = reward_id === undefined ? undefined : await rewards.find(agent_id, episode_id, reward_id);
    return reward === undefined
      ? { kind: "nothing", episode_id }
      : { kind: "assigned", reward, deduplicated: false };
  }

  return {
    give,

    /** Episodes that the feed brought: what waits for them is given. @throws unavailable; deliver them again */
    async arrived(documents: readonly unknown[]): Promise<void> {
      const byAgent = Map.groupBy(documents.filter(isEpisode), ({ agent_id }) => agent_id);
      for (const [agentId, some] of byAgent) {
        // A fault of ours must not stop the feed, a container that is not provisioned yet among them; the sweep tries again.
        const passing = async (work: () => Promise<void>, of: { id: string } | { agent_id: string }) => {
          try {
            await work();
          } catch (thrown) {
            if (isKind(thrown, "unavailable", "precondition")) throw thrown;
            logger.error("a waiting reward could not be given", { ...of, reason: messageOf(thrown) });
          }
        };
        await passing(
          async () => {
            if (!(await store.any(agentId))) return;
            for await (const id of store.idsAwaiting(agentId, [...new Set(some.flatMap(keysOf))]))
              await passing(async () => void (await settle(agentId, id)), { id });
          },
          { agent_id: agentId },
        );
      }
    },

    /** Looks at all that wait. A fault with one never keeps the others from their turn. */
    async sweep(): Promise<{
      readonly looked_at: number;
      readonly settled: number;
      readonly failed: number;
    }> {
      const done = { looked_at: 0, settled: 0, failed: 0 };
      for await (const { agent_id, id } of store.all()) {
        done.looked_at++;
        try {
          if ((await settle(agent_id, id))?.state !== "waiting") done.settled++;
        } catch (thrown) {
          done.failed++;
          logger.warn("a waiting reward could not be looked after", { id, reason: messageOf(thrown) });
        }
      }
      return done;
    },

    /** One page, newest first. */
    listWaiting: (
      agentId: string,
      state: WaitingState | undefined,
      limit: number,
      after?: string,
    ): Promise<Page<WaitingReward>> => store.page(agentId, state, limit, after),
  };
}

type Arrived = { readonly id: string; readonly agent_id: string } & Omit<EpisodeName, "episode_id">;
const isEpisode = (document: unknown): document is Arrived => {
  const { id, agent_id: agentId } = (document ?? {}) as Partial<Arrived>;
  return typeof id === "string" && typeof agentId === "string";
};
