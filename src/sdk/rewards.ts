import type { OperationOutputs } from "../wire/types.ts";
import { type Camel, camelRecord, type InputOf, type ReplyOf } from "./names.ts";
import type { Invoke } from "./transport.ts";

/**
 * Which episode: by its own id, the provider's id of the answer, the caller's correlation id, or the call's span or trace.
 * One of them; a span may have its trace beside it. An episode that is not recorded yet is waited for.
 */
export type EpisodeNamed =
  | { readonly episodeId: string }
  | { readonly responseId: string }
  | { readonly correlationId: string }
  | { readonly spanId: string; readonly traceId?: string | undefined }
  | { readonly traceId: string };
export type About = EpisodeNamed & {
  readonly agentId?: string | undefined;
  readonly comments?: string | undefined;
  /** Anything else, by name; `tags` choose examples, and `correction` says what the agent should have done. */
  readonly metadata?: RewardRequest["metadata"];
  /** False: an episode that is not recorded yet is refused (`episode_not_found`) and not waited for. */
  readonly waitForEpisode?: boolean | undefined;
};
type AssignReply = ReplyOf<"assignReward">;
/** A reward that was stored. */
export type RecordedReward = Exclude<AssignReply, { readonly recorded: false } | { readonly waiting: true }>;
/** A reward whose episode is not recorded yet: it is given when the episode comes. Told by `"waiting" in reward`. */
export type WaitingReward = Extract<AssignReply, { readonly waiting: true }>;
export type GivenReward = RecordedReward | WaitingReward;
/** A reward in a list. */
export type ListedReward = Camel<OperationOutputs["listRewards"]["rewards"][number]>;
type RewardRequest = InputOf<"assignReward">;
type FeedbackRequest = InputOf<"recordFeedback">;
/** What somebody judged, and did not only measure. */
type Judgement = RewardRequest & {
  source?: Exclude<RewardRequest["source"], "latency_penalty" | "cost_penalty">;
};

/** Attaches judgements to episodes (the design's RewardWriter). */
export function createRewardWriter(invoke: Invoke) {
  async function record(input: Judgement): Promise<GivenReward>;
  async function record(input: RewardRequest): Promise<GivenReward | undefined>;
  async function record(input: RewardRequest): Promise<GivenReward | undefined> {
    const { body } = await invoke("assignReward", input);
    return "recorded" in body ? undefined : body;
  }
  return {
    /**
     * Any reward: `value` from -1 to 1, or `rawValue` with its range. Undefined, and nothing stored, for a latency or
     * cost that is not above its threshold, which the function app knows.
     */
    recordReward: record,

    /**
     * What a user has to say of an answer: `thumbs`, a `score` with its scale, a `label`, a `comment`, and the
     * `betterAnswer`, which becomes a golden conversation and a DPO pair.
     * @throws LightningError `feedback_without_value`, `feedback_values`, `correction_invalid`, `episode_ambiguous`
     */
    async feedback(input: EpisodeNamed & FeedbackRequest): Promise<GivenReward> {
      const { body } = await invoke("recordFeedback", input);
      return body as Exclude<typeof body, { readonly recorded: false }>;
    },

    /** Rewards that came before their episodes: what waits, and for thirty days what became of it. */
    async listWaitingRewards(filter: InputOf<"listWaitingRewards"> = {}) {
      const { body } = await invoke("listWaitingRewards", filter);
      return { waiting: body.waiting.map(camelRecord), continuation: body.continuation };
    },

    /** A person's thumb, up or down. */
    recordHumanApproval: ({
      approved,
      reviewer,
      ...about
    }: About & { approved: boolean; reviewer?: string | undefined }) =>
      record({ ...about, source: "human_approval", value: approved ? 1 : -1, evaluator: reviewer }),

    /** An evaluator's score, 0 to 1 unless the range says otherwise; below LIGHTNING_EVAL_THRESHOLD it is negative. */
    recordEvalScore: ({
      score,
      minScore,
      maxScore,
      ...about
    }: About & {
      score: number;
      minScore?: number;
      maxScore?: number;
      rubric?: string;
      evaluator?: string;
    }) => record({ ...about, source: "eval_score", rawValue: score, rawMin: minScore, rawMax: maxScore }),

    /** A test that passed or failed. */
    recordTestResult: ({
      passed,
      testName,
      ...about
    }: About & { passed: boolean; testName?: string; evaluator?: string }) =>
      record({ ...about, source: "test_result", value: passed ? 1 : -1, rubric: testName }),

    /** A safety check; a failed one keeps the episode out of every dataset. Its severity is kept in the metadata. */
    recordSafetyCheck: ({
      passed,
      checkName,
      severity,
      metadata,
      ...about
    }: About & {
      passed: boolean;
      checkName?: string;
      severity?: "low" | "medium" | "high" | "critical";
      evaluator?: string;
    }) =>
      record({
        ...about,
        source: "safety_check",
        value: passed ? 1 : -1,
        rubric: checkName,
        metadata: severity === undefined ? metadata : { ...metadata, severity },
      }),

    /** Likeness to a golden conversation, 0 to 1. */
    recordGoldenMatch: ({
      similarity,
      goldenId,
      ...about
    }: About & { similarity: number; goldenId?: string; evaluator?: string }) =>
      record({ ...about, source: "golden_conversation", rawValue: similarity, rubric: goldenId }),

    /**
     * A penalty when the call took longer than LIGHTNING_LATENCY_THRESHOLD_MS of the function app; else undefined, and
     * nothing is stored.
     */
    recordLatency: ({ latencyMs, ...about }: About & { latencyMs: number }) =>
      record({ ...about, source: "latency_penalty", rawValue: latencyMs }),

    /** A penalty when the call cost more than LIGHTNING_COST_THRESHOLD_USD; else undefined, and nothing is stored. */
    recordCost: ({ costUsd, ...about }: About & { costUsd: number }) =>
      record({ ...about, source: "cost_penalty", rawValue: costUsd }),

    async listRewards(
      filter: InputOf<"listRewards"> = {},
    ): Promise<{ rewards: ListedReward[]; continuation: string | undefined }> {
      const { body } = await invoke("listRewards", filter);
      return { rewards: body.rewards.map(camelRecord), continuation: body.continuation };
    },
  };
}
