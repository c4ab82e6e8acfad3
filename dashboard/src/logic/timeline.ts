import { isEndedPipeline, WORKING_STAGES } from "../../../src/pipelines/status.ts";
import { isEndedRun } from "../../../src/training/status.ts";

/** The stages of a pipeline and the states of a run, as steps in a row. */

type StepState = "done" | "now" | "waiting" | "failed" | "skipped" | "ahead";
export interface TimeStep {
  readonly name: string;
  readonly state: StepState;
  readonly at?: string | undefined;
}

interface PipelineFacts {
  readonly status: string;
  readonly stage: string;
  readonly outcome?: string | undefined;
  readonly dataset_id?: string | undefined;
  readonly run_id?: string | undefined;
  readonly evaluation_id?: string | undefined;
  readonly deployment_id?: string | undefined;
  readonly decision?: unknown;
}

const ENDED_WELL = new Set<string | undefined>(["evaluated", "nothing_new"]);

/** Where a pipeline stands. After its end the records it made tell how far it came. */
export function pipelineSteps(pipeline: PipelineFacts): TimeStep[] {
  const over = isEndedPipeline(pipeline);
  const reached = over
    ? lastReached(pipeline)
    : (WORKING_STAGES as readonly string[]).indexOf(pipeline.stage);
  const stopped = over && pipeline.outcome !== "promoted";
  return WORKING_STAGES.map((name, index): TimeStep => {
    if (index < reached || (over && !stopped))
      return { name, state: approvalSkipped(pipeline, name) ? "skipped" : "done" };
    if (index > reached) return { name, state: "ahead" };
    if (!over) return { name, state: pipeline.status === "waiting_for_approval" ? "waiting" : "now" };
    return { name, state: ENDED_WELL.has(pipeline.outcome) ? "done" : "failed" };
  });
}

const approvalSkipped = (pipeline: PipelineFacts, name: string) =>
  name === "approval" && pipeline.decision === undefined;

function lastReached(pipeline: PipelineFacts): number {
  if (pipeline.deployment_id !== undefined) return 4;
  if (pipeline.outcome === "rejected" || pipeline.outcome === "approval_timeout") return 3;
  if (pipeline.evaluation_id !== undefined) return 2;
  if (pipeline.run_id !== undefined) return 1;
  return 0;
}

interface RunFacts {
  readonly status: string;
  readonly state: string;
  readonly created_at: string;
  readonly started_at?: string | null | undefined;
  readonly completed_at?: string | null | undefined;
  readonly training_file_id?: string | undefined;
  readonly aoai_job_id?: string | null | undefined;
}

/** Requested, uploaded, submitted, training, and the end it came to. */
export function runSteps(run: RunFacts): TimeStep[] {
  const over = isEndedRun(run);
  const failed = over && run.status !== "succeeded";
  const reached = [
    true,
    run.training_file_id !== undefined,
    Boolean(run.aoai_job_id),
    Boolean(run.started_at),
  ];
  const last = reached.lastIndexOf(true);
  const names = ["requested", "files uploaded", "job created", "training"];
  const steps = names.map((name, index): TimeStep => {
    const at = index === 0 ? run.created_at : index === 3 ? (run.started_at ?? undefined) : undefined;
    if (over && !failed) return { name, state: "done", at };
    if (index < last || (index === last && index < 3 && !over)) return { name, state: "done", at };
    if (index === last) return { name, state: over ? "done" : "now", at };
    return { name, state: !over && index === last + 1 ? "now" : "ahead", at };
  });
  const end: TimeStep = {
    name: over ? run.status : "result",
    state: over ? (failed ? "failed" : "done") : "ahead",
    at: run.completed_at ?? undefined,
  };
  return [...steps, end];
}
