import { createDeploymentService } from "../../src/deployments/service.ts";
import type { Verdict, VerdictFacts } from "../../src/evaluation/contract.ts";
import { toIso, VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger, LedgerDocument } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { createPipelineActivities } from "../../src/pipelines/activities.ts";
import { type RunPipelineInput, runPipelineInputSchema } from "../../src/pipelines/contract.ts";
import { createPipelineService } from "../../src/pipelines/service.ts";
import type { PipelineStages } from "../../src/pipelines/stages.ts";
import { AGENT, evaluationRecord, runRecord, settings } from "../deployments/world.ts";

const parsed = (input: Partial<Record<keyof RunPipelineInput, unknown>> = {}) =>
  runPipelineInputSchema.parse({ agent_id: AGENT, ...input });

/**
 * The pipelines stage on an embedded ledger: the deployments are real, datasets, training and evaluation answer with
 * records named after the call (`dataset-1`, `dataset-2`, …) and remember what they were asked.
 */
export async function pipelineWorld(
  options: {
    stages?: Partial<PipelineStages>;
    wrap?: (l: Ledger) => Ledger;
    /** What LIGHTNING_RETRAIN_METRIC is set to. */
    retrainMetric?: "auto" | "tool_call" | "tool_names" | "exact";
    /** What LIGHTNING_REWARDS_TTL_DAYS is set to. */
    rewardsTtlDays?: number;
  } = {},
) {
  const clock = new VirtualClock();
  const plain = openSqliteLedger({ file: ":memory:", clock });
  const ledger = options.wrap?.(plain) ?? plain;
  const calls: { stage: string; input: unknown; options?: unknown }[] = [];
  const note = (stage: string, input: unknown, more?: unknown) => {
    calls.push(more === undefined ? { stage, input } : { stage, input, options: more });
    return `${stage}-${calls.filter((one) => one.stage === stage).length}`;
  };
  await plain.create("runs", runRecord("run-1", clock));
  await plain.create("evaluations", evaluationRecord("eval-1", "run-1", "pass", "2026-01-01T00:00:01.000Z"));
  const deployments = createDeploymentService({ ledger: plain, settings, clock, logger: silentLogger });
  const stages: PipelineStages = {
    datasets: {
      prepare: async (input) => ({ dataset: { id: note("dataset", input) } }),
      get: async () => ({}),
    },
    training: {
      prepare: async (input, more) => ({ run: { id: note("run", input, more) } }),
      get: async () => ({ created_at: toIso(clock.now()) }),
    },
    evaluations: {
      prepare: async (input) => ({ evaluation: { id: note("eval", input) } }),
      foresee: async () => ({ groups: 60, differing: 0.3, differing_is: "assumed", smallest_gain: 0.2 }),
      get: async () => evaluationRecord("eval-1", "run-1", "pass", "2026-01-01T00:00:01.000Z"),
      wasJudged: async () => false,
    },
    deployments,
    ...options.stages,
  };
  const service = createPipelineService({ ...stages, ledger, clock });
  const activities = createPipelineActivities({
    ...stages,
    service,
    ledger,
    settings: {
      agentId: AGENT,
      retrainMinEpisodes: 3,
      retrainMetric: options.retrainMetric ?? "auto",
      rewardsTtlDays: options.rewardsTtlDays,
    },
    clock,
  });

  /** A pipeline that an orchestration has taken up. */
  async function running(input: Partial<Record<keyof RunPipelineInput, unknown>> = {}) {
    const { pipeline } = await service.prepare(parsed(input));
    const ref = { agent_id: AGENT, id: pipeline.id };
    await activities.claimPipeline({ ...ref, instance_id: pipeline.id });
    return ref;
  }

  /** Episodes of an agent, rewarded at the given times; undefined: without a reward. */
  async function episodes(agentId: string, rewardedAt: (string | undefined)[]): Promise<void> {
    const documents = rewardedAt.map((at, n) => ({
      id: `ep-${agentId}-${n}-${at ?? "none"}`.replaceAll(":", "."),
      agent_id: agentId,
      created_at: "2026-01-01T00:00:00.000Z",
      recorded_at: "2026-01-01T00:00:00.000Z",
      ...(at === undefined ? {} : { reward_count: 1, rewards_at: at }),
    }));
    await plain.bulk("episodes", "create", documents);
  }
  async function built(agentId: string, id: string, watermark: string, change: Record<string, unknown> = {}) {
    await plain.create("datasets", {
      id,
      type: "dataset",
      agent_id: agentId,
      name: id,
      status: "ready",
      recipe: { kind: "episodes" },
      watermark: { episodes: watermark, rewards: watermark },
      created_at: "2026-01-02T00:00:00.000Z",
      ...change,
    } as LedgerDocument);
  }

  /** A training on a dataset, and the evaluation that judged it. */
  async function judged(agentId: string, datasetId: string, verdict: Verdict = "fail", missing = 0) {
    const id = `run-of-${datasetId}`;
    await plain.create("runs", runRecord(id, clock, { agent_id: agentId, dataset_id: datasetId }));
    const record = evaluationRecord(`eval-of-${datasetId}`, id, verdict, toIso(clock.now()));
    await plain.create("evaluations", {
      ...record,
      agent_id: agentId,
      result: { ...(record.result as VerdictFacts), missing },
    });
  }

  return { clock, plain, service, activities, deployments, calls, parsed, running, episodes, built, judged };
}
