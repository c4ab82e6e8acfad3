import type { OperationOutputs } from "../wire/types.ts";
import { type Camel, camelRecord, type InputOf, type ReplyOf } from "./names.ts";
import type { Invoke } from "./transport.ts";

export interface About {
  readonly episodeId: string;
  readonly agentId?: string | undefined;
}
export type RecordedReward = ReplyOf<"assignReward">;
/** A reward in a list. */
export type ListedReward = Camel<OperationOutputs["listRewards"]["rewards"][number]>;

/** Attaches judgements to episodes (the design's RewardWriter). */
export function createRewardWriter(invoke: Invoke) {
  const record = async (input: InputOf<"assignReward">): Promise<RecordedReward> =>
    (await invoke("assignReward", input)).body;
  return {
    /** Any reward: `value` from -1 to 1, or `rawValue` with its range. */
    recordReward: record,

    /** A person's thumb, up or down. */
    recordHumanApproval: ({
      approved,
      reviewer,
      comments,
      ...about
    }: About & { approved: boolean; reviewer?: string; comments?: string }) =>
      record({ ...about, source: "human_approval", value: approved ? 1 : -1, evaluator: reviewer, comments }),

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

    /** A safety check; a failed one keeps the episode out of every dataset. */
    recordSafetyCheck: ({
      passed,
      checkName,
      ...about
    }: About & { passed: boolean; checkName?: string; evaluator?: string; comments?: string }) =>
      record({ ...about, source: "safety_check", value: passed ? 1 : -1, rubric: checkName }),

    /** Likeness to a golden conversation, 0 to 1. */
    recordGoldenMatch: ({
      similarity,
      goldenId,
      ...about
    }: About & { similarity: number; goldenId?: string; evaluator?: string }) =>
      record({ ...about, source: "golden_conversation", rawValue: similarity, rubric: goldenId }),

    /** A penalty when LIGHTNING_LATENCY_THRESHOLD_MS is passed. */
    recordLatency: ({ latencyMs, ...about }: About & { latencyMs: number }) =>
      record({ ...about, source: "latency_penalty", rawValue: latencyMs }),

    /** A penalty when LIGHTNING_COST_THRESHOLD_USD is passed. */
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
