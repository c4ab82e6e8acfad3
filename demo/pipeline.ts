import { setTimeout as sleep } from "node:timers/promises";
import type { Rest } from "./doors.ts";

export interface DatasetFacts {
  readonly dataset_id: string;
  readonly training_count?: number;
  readonly validation_count?: number;
  readonly test_count?: number;
}

export interface EvaluationFacts {
  readonly pairs: number;
  /** Independent groups that the verdict counted. */
  readonly groups?: number;
  readonly baseline_accuracy: number;
  readonly candidate_accuracy: number;
  readonly difference: number;
  readonly interval: readonly [number, number];
  readonly p_value: number;
  readonly candidate_only: number;
  readonly baseline_only: number;
  readonly reasons: readonly string[];
}

interface PipelineRecord {
  readonly pipeline_id: string;
  readonly status: string;
  readonly stage: string;
  readonly outcome?: string;
  readonly verdict?: string;
  readonly error?: string;
  readonly dataset_id?: string;
  readonly run_id?: string;
  readonly evaluation_id?: string;
  readonly deployment_id?: string;
  readonly urls?: Readonly<Record<string, string>>;
}

export interface PipelineEnd {
  readonly pipelineId: string;
  readonly outcome: string;
  readonly verdict: string;
  readonly dataset: DatasetFacts;
  readonly evaluation: EvaluationFacts;
  readonly tunedModel: string | undefined;
  /** Seconds in each stage, as its custom status showed it. */
  readonly seconds: Readonly<Record<string, number>>;
}

const LOOK_EVERY_MS = 150;

/**
 * Runs a pipeline and watches its orchestration to the end.
 * @param onStage told the stage and how far it is, again and again
 * @throws Error when the pipeline fails; a verdict other than `pass` is no failure
 */
export async function followPipeline(
  rest: Rest,
  agentId: string,
  input: Readonly<Record<string, unknown>>,
  onStage: (text: string) => void,
): Promise<PipelineEnd> {
  const started = await rest.post<PipelineRecord>("/pipelines", { agent_id: agentId, ...input }, 0);
  const id = started.pipeline_id;
  const status = started.urls?.statusQueryGetUri;
  const seconds: Record<string, number> = {};
  let record = started;
  let stage = "dataset";
  let since = performance.now();
  const enter = (next: string) => {
    if (next === stage) return;
    const now = performance.now();
    seconds[stage] = (seconds[stage] ?? 0) + (now - since) / 1000;
    stage = next;
    since = now;
  };
  for (;;) {
    record = await rest.get<PipelineRecord>(`/pipelines/${id}`, { agent_id: agentId });
    if (record.status === "finished" || record.status === "failed") break;
    if (status !== undefined) {
      const instance = await rest.get<{ customStatus?: { stage?: string; id?: string } }>(status);
      const shown = instance.customStatus;
      if (shown?.stage !== undefined) enter(shown.stage);
      onStage(`${stage}${shown?.id === undefined ? "" : ` ${shown.id}`}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  enter("done");
  const { dataset_id, evaluation_id, run_id } = record;
  if (
    record.status === "failed" ||
    record.outcome === "failed" ||
    dataset_id === undefined ||
    evaluation_id === undefined
  )
    throw new Error(
      `Pipeline ${id} failed in the stage ${record.stage}: ${record.error ?? "no reason was given"}`,
    );
  const evaluation = await rest.get<{ result?: EvaluationFacts; verdict?: string }>(
    `/evaluations/${evaluation_id}`,
    { agent_id: agentId },
  );
  if (evaluation.result === undefined) throw new Error(`Evaluation ${evaluation_id} has no result.`);
  const run = await rest.get<{ tuned_model_name?: string | null }>(`/training/${run_id}`, {
    agent_id: agentId,
  });
  return {
    pipelineId: id,
    outcome: record.outcome ?? "unknown",
    verdict: record.verdict ?? evaluation.verdict ?? "unknown",
    dataset: await rest.get<DatasetFacts>(`/datasets/${dataset_id}`, { agent_id: agentId }),
    evaluation: evaluation.result,
    tunedModel: run.tuned_model_name ?? undefined,
    seconds,
  };
}
