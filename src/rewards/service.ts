import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { KeyedRequest } from "../doors/keyed-request.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { seeInputOf } from "../doors/see-input.ts";
import { NAMELESS_WRITERS } from "../doors/writer.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { conflict, forbidden, invalid } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { hashedId } from "../kernel/ids.ts";
import { canonicalName } from "../kernel/names.ts";
import { isSamePerson } from "../kernel/persons.ts";
import { bare, type Ledger, type Page, type Stored } from "../ledger/ledger.ts";
import { createOnce, unlessKind } from "../ledger/races.ts";
import { withCheckedCorrection } from "./check-correction.ts";
import {
  type judgementSchema,
  type Reward,
  type RewardInput,
  rewardInputSchema,
  type SlotReward,
} from "./contract.ts";
import { type RewardSettings, rewardValue } from "./rules.ts";
import { earlierOf, latestPerSlot } from "./slots.ts";
import { createRewardStore } from "./store.ts";

export interface RewardServiceDeps {
  readonly ledger: Ledger;
  readonly settings: RewardSettings & Pick<Settings, "agentId">;
  readonly clock: Clock;
}

export interface AssignedReward {
  readonly reward: Reward;
  /** The same judgement stood already; nothing was stored. */
  readonly deduplicated: boolean;
}

type Unassigned = Omit<RewardInput, "agent_id"> & { agent_id?: string | undefined };

/** What somebody judged, and did not only measure. */
type Judged = Unassigned & {
  readonly source?: Exclude<Reward["source"], "latency_penalty" | "cost_penalty"> | undefined;
};

/** The same judgement is the same in all that was said: another severity in the metadata makes another judgement. */
const saysTheSame = (
  a: Reward,
  b: { value: number; raw_value?: number | undefined; comments?: string | undefined; metadata: object },
): boolean =>
  a.value === b.value &&
  a.raw_value === b.raw_value &&
  a.comments === b.comments &&
  canonicalJson(a.metadata) === canonicalJson(b.metadata);

export type Noting = Pick<KeyedRequest, "noted" | "note">;

/** How a judgement is given, beside what it says and who wrote it. */
export interface HowGiven {
  /** The writer is an owner: it may take the place of what earlier versions stored in the same name, whoever wrote it. */
  readonly isOwner?: boolean | undefined;
  /** When it was said: what its author said since at another door stands. */
  readonly saidAt?: string | undefined;
  /** It says nothing but its correction, which must correct something then. */
  readonly mustCorrect?: boolean | undefined;
}

/** @throws invalid `unknown_source`, `invalid_reward` that names the field */
export function checkReward<Schema extends typeof judgementSchema | typeof rewardInputSchema>(
  schema: Schema,
  raw: object,
): z.output<Schema> {
  const parsed = schema.safeParse(defined(raw));
  if (parsed.success) return parsed.data as z.output<Schema>;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".") || undefined;
  throw invalid(
    field === "source" ? "unknown_source" : "invalid_reward",
    `${field ?? "The reward"}: ${issue?.message ?? "not valid"}`,
    { field, remedy: seeInputOf("assignReward") },
  );
}

export type RewardService = ReturnType<typeof createRewardService>;

/** Writes and reads rewards, of texts that the doors have redacted. A reward is never edited: a later one of the same slot supersedes it. */
export function createRewardService({ ledger, settings, clock }: RewardServiceDeps) {
  const store = createRewardStore(ledger);
  const episodes = createEpisodeStore(ledger);

  /**
   * Stores a reward, or finds that the same judgement stands already. A measured latency or cost that is not above its
   * threshold judges nothing: it withdraws the penalty that an earlier measurement left in its slot, or, where none
   * stands, nothing is stored and the answer is undefined. The thresholds are settings, so this is decided here alone.
   * @param writer whose slot it goes into: the signed-in person, else `local` or `key`
   * @param request under an idempotency key: a later try finds the reward of the first, superseded or not
   * @throws invalid `invalid_reward`, `unknown_source`, `correction_invalid`, not_found `episode_not_found`, conflict
   *   `judged_since` of one that waited; nothing is stored then
   */
  async function assign(raw: Judged, writer?: string, request?: Noting): Promise<AssignedReward>;
  async function assign(
    raw: Unassigned,
    writer?: string,
    request?: Noting,
    how?: HowGiven,
  ): Promise<AssignedReward | undefined>;
  async function assign(
    raw: Unassigned,
    writer: string = NAMELESS_WRITERS.local,
    request?: Noting,
    { saidAt, mustCorrect = false, isOwner = false }: HowGiven = {},
  ): Promise<AssignedReward | undefined> {
    const input = checkReward(rewardInputSchema, { ...raw, agent_id: raw.agent_id ?? settings.agentId });
    const known = await assignedBefore(input, request);
    if (known !== undefined) return known;
    const value = rewardValue(input, settings);
    const { agent_id, episode_id, source } = input;
    const evaluator = canonicalName(input.evaluator);
    const rubric = canonicalName(input.rubric);
    const slot = { writer, source, evaluator, rubric };
    const episode = await episodes.find(agent_id, episode_id);
    if (episode === undefined) throw noSuchRecord("episode", agent_id, episode_id);
    const [earlier, ...others] = earlierOf(await store.slotsOfEpisode(agent_id, episode_id), slot, isOwner);
    if (saidAt !== undefined && earlier !== undefined && (earlier.said_at ?? earlier.created_at) > saidAt)
      throw conflict("judged_since", `${writer} judged episode ${episode_id} anew since this was said.`);
    if (value === undefined) {
      const reward = await withdrawn(earlier, request);
      return reward && { reward, deduplicated: false };
    }
    const free = {
      comments: input.comments,
      metadata: await withCheckedCorrection(episode, input.metadata),
    };
    const isCorrected = free.metadata.correction !== undefined;
    if (mustCorrect && !isCorrected)
      throw invalid("correction_invalid", "The better answer says what the agent said.", {
        field: "better_answer",
        remedy: "Send thumbs or a score with it.",
      });
    const given = { value, raw_value: input.raw_value, ...free };
    const stands = earlier !== undefined && earlier.withdrawn !== true && others.length === 0;
    const same =
      stands && earlier.value === value ? await store.find(agent_id, episode_id, earlier.id) : undefined;
    if (same !== undefined && saysTheSame(same, given)) {
      await request?.note({ reward_id: same.id, deduplicated: true });
      return { reward: bare(same), deduplicated: true };
    }

    const now = clock.now();
    const reward = defined({
      id: hashedId("rew", { episode_id, ...slot, ...given, supersedes: earlier?.id }),
      agent_id,
      episode_id,
      source,
      value,
      raw_value: input.raw_value,
      rubric,
      evaluator,
      writer,
      comments: free.comments,
      supersedes: earlier?.id,
      corrected: isCorrected || undefined,
      said_at: saidAt,
      metadata: free.metadata,
      // Later than what it supersedes, whatever the clock says: the order of a slot is the order of its times.
      created_at: toIso(earlier === undefined ? now : Math.max(now, Date.parse(earlier.created_at) + 1)),
    }) as Reward;
    await request?.note({ reward_id: reward.id, deduplicated: false });
    const { record, existed } = await createOnce(
      () => store.create(reward),
      () => store.find(agent_id, episode_id, reward.id),
    );
    return { reward: existed ? bare(record) : reward, deduplicated: existed };
  }

  /** What an earlier try of the request noted before it stored it, if it came so far. */
  async function assignedBefore(
    { agent_id, episode_id }: { readonly agent_id: string; readonly episode_id: string },
    request: Noting | undefined,
  ): Promise<AssignedReward | undefined> {
    const { reward_id, deduplicated } = request?.noted ?? {};
    if (typeof reward_id !== "string") return undefined;
    const found = await store.find(agent_id, episode_id, reward_id);
    return found && { reward: bare(found), deduplicated: deduplicated === true };
  }

  /** A reward without weight in the place of one that stands; undefined when it does not. */
  async function withdrawn(
    standing: Stored<SlotReward> | undefined,
    request?: Noting,
    withdrawal: Pick<Reward, "comments" | "withdrawn_by"> = {},
  ): Promise<Reward | undefined> {
    if (standing === undefined || standing.withdrawn === true) return undefined;
    const { said_at: _said, ...was } = bare(standing);
    const reward: Reward = {
      ...was,
      id: hashedId("rew", { episode_id: standing.episode_id, withdraws: standing.id }),
      supersedes: standing.id,
      withdrawn: true,
      ...withdrawal,
      metadata: {},
      created_at: toIso(Math.max(clock.now(), Date.parse(standing.created_at) + 1)),
    };
    await request?.note({ reward_id: reward.id, deduplicated: false });
    await unlessKind(store.create(reward), "conflict");
    return reward;
  }

  /**
   * Takes one judgement back, if it still stands: a reward without weight supersedes it, so that what was said and that
   * it was taken back both stay readable. Undefined when it is gone, withdrawn or superseded: then nothing changes.
   */
  async function withdraw(agentId: string, episodeId: string, rewardId: string): Promise<Reward | undefined> {
    const latest = latestPerSlot(await store.slotsOfEpisode(agentId, episodeId));
    return withdrawn(latest.find(({ id }) => id === rewardId));
  }

  /**
   * Takes a judgement back by name: one's own, or, as an owner, anybody's. Who did it and why stands in the reward that
   * takes its place, in the slot of whoever wrote the judgement: they may judge anew.
   * @returns the id of that reward, also when it was there before; undefined where another judgement stands by now
   * @throws not_found `episode_not_found`, `reward_not_found`; forbidden `not_your_reward`
   */
  async function takeBack(
    named: { readonly agentId: string; readonly episodeId: string; readonly rewardId: string },
    by: { readonly writer: string; readonly isOwner: boolean; readonly reason?: string | undefined },
  ): Promise<string | undefined> {
    const { agentId, episodeId, rewardId } = named;
    if ((await episodes.find(agentId, episodeId)) === undefined)
      throw noSuchRecord("episode", agentId, episodeId);
    const reward = await store.find(agentId, episodeId, rewardId);
    if (reward === undefined) throw noSuchRecord("reward", agentId, rewardId);
    const isOwn = reward.writer !== undefined && isSamePerson(reward.writer, by.writer);
    if (!by.isOwner && !isOwn)
      throw forbidden("not_your_reward", `Reward ${rewardId} was written by somebody else.`, {
        field: "reward_id",
        remedy: "Judge the episode yourself, which counts beside it, or let an owner take it back.",
        details: { role: "owner", agent_id: agentId },
      });
    const slots = await store.slotsOfEpisode(agentId, episodeId);
    const done = slots.find((one) => one.withdrawn === true && one.supersedes === rewardId);
    if (done !== undefined) return done.id;
    const standing = latestPerSlot(slots).find(({ id }) => id === rewardId);
    const withdrawal = await withdrawn(
      standing,
      undefined,
      defined({ withdrawn_by: by.writer, comments: by.reason }),
    );
    return withdrawal?.id;
  }

  /** Whether what stands last in a reward's slot is that it was taken back. */
  async function isTakenBack(reward: Reward): Promise<boolean> {
    const { agent_id, episode_id, writer } = reward;
    if (writer === undefined) return false;
    const [last] = earlierOf(await store.slotsOfEpisode(agent_id, episode_id), { ...reward, writer });
    return last?.withdrawn === true;
  }

  return {
    assign,
    withdraw,
    takeBack,
    isTakenBack,

    async find(agentId: string, episodeId: string, id: string): Promise<Reward | undefined> {
      const found = await store.find(agentId, episodeId, id);
      return found && bare(found);
    },

    /** One page, newest first. */
    list(
      filter: {
        agentId?: string | undefined;
        episodeId?: string | undefined;
        source?: string | undefined;
        evaluators?: readonly string[] | undefined;
      },
      limit: number,
      after?: string,
    ): Promise<Page<Reward>> {
      return store.page({ ...filter, agentId: filter.agentId ?? settings.agentId }, limit, after);
    },
  };
}
