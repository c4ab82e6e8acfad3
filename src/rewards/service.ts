import type { Settings } from "../config/settings.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import { hashedId } from "../kernel/ids.ts";
import { bare, type Ledger, type Page } from "../ledger/ledger.ts";
import { createOnce, unlessKind } from "../ledger/races.ts";
import { redact } from "../redaction/redact.ts";
import { type Reward, type RewardInput, rewardInputSchema } from "./contract.ts";
import {
  costPenalty,
  latencyPenalty,
  latestPerSlot,
  type RewardSettings,
  rewardValue,
  slotOf,
} from "./rules.ts";
import { createRewardStore } from "./store.ts";

export interface RewardServiceDeps {
  readonly ledger: Ledger;
  readonly settings: RewardSettings & Pick<Settings, "agentId" | "redactSecrets">;
  readonly clock: Clock;
}

export interface AssignedReward {
  readonly reward: Reward;
  /** The same judgement stood already; nothing was stored. */
  readonly deduplicated: boolean;
}

/** What every call of the reward writer takes. */
export interface About {
  readonly episodeId: string;
  /** LIGHTNING_AGENT_ID when absent. */
  readonly agentId?: string | undefined;
  readonly comments?: string | undefined;
  readonly metadata?: RewardInput["metadata"];
}

const about = ({ episodeId, agentId, comments, metadata }: About) => ({
  episode_id: episodeId,
  agent_id: agentId,
  comments,
  metadata: metadata ?? {},
});

type Unassigned = Omit<RewardInput, "agent_id"> & { agent_id?: string | undefined };

export type RewardService = ReturnType<typeof createRewardService>;

/** Writes and reads rewards. A reward is never edited: a later one of the same slot supersedes it. */
export function createRewardService({ ledger, settings, clock }: RewardServiceDeps) {
  const store = createRewardStore(ledger);
  const episodes = createEpisodeStore(ledger);

  function check(raw: Unassigned) {
    const parsed = rewardInputSchema.safeParse(
      defined({ ...raw, agent_id: raw.agent_id ?? settings.agentId }),
    );
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const field = issue?.path.join(".") || undefined;
    throw invalid(
      field === "source" ? "unknown_source" : "invalid_reward",
      `${field ?? "The reward"}: ${issue?.message ?? "not valid"}`,
      { field, remedy: "See the input of assignReward in the API description." },
    );
  }

  /**
   * Stores a reward, or finds that the same judgement stands already.
   * @throws invalid `invalid_reward`, `unknown_source`, `episode_missing`; nothing is stored then
   */
  async function assign(raw: Unassigned): Promise<AssignedReward> {
    const input = check(raw);
    const value = rewardValue(input, settings);
    const { agent_id, episode_id, source, evaluator, rubric } = input;
    if ((await episodes.find(agent_id, episode_id)) === undefined)
      throw invalid("episode_missing", `Agent ${agent_id} has no episode ${episode_id} to reward.`, {
        field: "episode_id",
        remedy: "lightning list-episodes shows the ones there are.",
      });
    const said = settings.redactSecrets
      ? redact({ comments: input.comments, metadata: input.metadata }).value
      : { comments: input.comments, metadata: input.metadata };
    const slot = slotOf(input);
    const earlier = latestPerSlot(
      (await store.ofEpisode(agent_id, episode_id)).filter((reward) => slotOf(reward) === slot),
    )[0];
    const stands = earlier !== undefined && earlier.withdrawn !== true;
    if (stands && earlier.value === value && earlier.comments === said.comments)
      return { reward: bare(earlier), deduplicated: true };

    const now = clock.now();
    const reward = defined({
      id: hashedId("rew", {
        episode_id,
        source,
        evaluator,
        rubric,
        value,
        comments: said.comments,
        supersedes: earlier?.id,
      }),
      agent_id,
      episode_id,
      source,
      value,
      raw_value: input.raw_value,
      rubric,
      evaluator,
      comments: said.comments,
      supersedes: earlier?.id,
      metadata: said.metadata,
      // Later than what it supersedes, whatever the clock says: the order of a slot is the order of its times.
      created_at: toIso(earlier === undefined ? now : Math.max(now, Date.parse(earlier.created_at) + 1)),
    }) as Reward;
    const { record, existed } = await createOnce(
      () => store.create(reward),
      () => store.find(agent_id, episode_id, reward.id),
    );
    return { reward: existed ? bare(record) : reward, deduplicated: existed };
  }

  /**
   * Takes the standing judgement of one slot back: a reward without weight supersedes it, so that what was said and
   * that it was taken back both stay readable. Undefined when nothing stands there.
   */
  async function withdraw(input: {
    readonly agentId: string;
    readonly episodeId: string;
    readonly source: Reward["source"];
    readonly evaluator?: string | undefined;
    readonly rubric?: string | undefined;
  }): Promise<Reward | undefined> {
    const slot = slotOf(input);
    const own = (await store.ofEpisode(input.agentId, input.episodeId)).filter((one) => slotOf(one) === slot);
    const standing = latestPerSlot(own)[0];
    if (standing === undefined || standing.withdrawn === true) return undefined;
    const { comments: _said, raw_value: _raw, ...slotFields } = bare(standing);
    const reward: Reward = {
      ...slotFields,
      id: hashedId("rew", { episode_id: input.episodeId, withdraws: standing.id }),
      supersedes: standing.id,
      withdrawn: true,
      metadata: {},
      created_at: toIso(Math.max(clock.now(), Date.parse(standing.created_at) + 1)),
    };
    await unlessKind(store.create(reward), "conflict");
    return reward;
  }

  return {
    assign,
    withdraw,

    /** One page, newest first. */
    list(
      filter: {
        agentId?: string | undefined;
        episodeId?: string | undefined;
        source?: string | undefined;
        evaluator?: string | undefined;
      },
      limit: number,
      after?: string,
    ): Promise<Page<Reward>> {
      return store.page({ ...filter, agentId: filter.agentId ?? settings.agentId }, limit, after);
    },

    /** Thumbs up (1) or down (-1). */
    recordHumanApproval: (input: About & { approved: boolean; reviewer?: string | undefined }) =>
      assign({
        ...about(input),
        source: "human_approval",
        value: input.approved ? 1 : -1,
        evaluator: input.reviewer,
      }),

    /** A score in [min, max] (default 0 to 1); below LIGHTNING_EVAL_THRESHOLD of the range it is negative. */
    recordEvalScore: (
      input: About & {
        score: number;
        min?: number | undefined;
        max?: number | undefined;
        rubric?: string | undefined;
        evaluator?: string | undefined;
      },
    ) =>
      assign({
        ...about(input),
        source: "eval_score",
        raw_value: input.score,
        raw_min: input.min,
        raw_max: input.max,
        rubric: input.rubric,
        evaluator: input.evaluator,
      }),

    /** Passed (1) or failed (-1). */
    recordTestResult: (
      input: About & { passed: boolean; testName?: string | undefined; suite?: string | undefined },
    ) =>
      assign({
        ...about(input),
        source: "test_result",
        value: input.passed ? 1 : -1,
        rubric: input.testName,
        evaluator: input.suite,
      }),

    /** Safe (1) or not (-1): a failed check keeps the episode out of datasets. The severity is kept with it. */
    recordSafetyCheck: (
      input: About & {
        passed: boolean;
        severity?: "low" | "medium" | "high" | "critical" | undefined;
        checkName?: string | undefined;
        evaluator?: string | undefined;
      },
    ) =>
      assign({
        ...about({
          ...input,
          metadata: {
            ...input.metadata,
            ...(input.severity === undefined ? {} : { severity: input.severity }),
          },
        }),
        source: "safety_check",
        value: input.passed ? 1 : -1,
        rubric: input.checkName,
        evaluator: input.evaluator,
      }),

    /** Likeness to a golden conversation, 0 to 1. */
    recordGoldenSimilarity: (
      input: About & { similarity: number; goldenId?: string | undefined; evaluator?: string | undefined },
    ) =>
      assign({
        ...about(input),
        source: "golden_conversation",
        raw_value: input.similarity,
        rubric: input.goldenId,
        evaluator: input.evaluator,
      }),

    /** Undefined, and nothing stored, when the latency is not above LIGHTNING_LATENCY_THRESHOLD_MS. */
    async recordLatency(input: About & { latencyMs: number }): Promise<AssignedReward | undefined> {
      const value = latencyPenalty(input.latencyMs, settings);
      return value === undefined
        ? undefined
        : assign({ ...about(input), source: "latency_penalty", value, raw_value: input.latencyMs });
    },

    /** Undefined, and nothing stored, when the cost is not above LIGHTNING_COST_THRESHOLD_USD. */
    async recordCost(input: About & { costUsd: number }): Promise<AssignedReward | undefined> {
      const value = costPenalty(input.costUsd, settings);
      return value === undefined
        ? undefined
        : assign({ ...about(input), source: "cost_penalty", value, raw_value: input.costUsd });
    },
  };
}
