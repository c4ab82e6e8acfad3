import { without } from "../kernel/defined.ts";
import type {
  FailedPipeline,
  FinishedPipeline,
  OpenPipeline,
  Pipeline,
  PipelineFacts,
  WaitingPipeline,
} from "./contract.ts";

/** The moves of a pipeline, as pure functions from record to record. */
type Facts = Partial<Omit<PipelineFacts, "approval_until">>;

/** What a pipeline keeps whatever becomes of it. */
const factsOf = (pipeline: Pipeline): PipelineFacts =>
  without(pipeline, "status", "outcome", "error", "completed_at");

export const running = (pipeline: Pipeline, facts: Facts): OpenPipeline => ({
  ...factsOf(pipeline),
  ...facts,
  status: "running",
});

/** A person is to decide until that time. */
export const waiting = (
  pipeline: Pipeline,
  until: string,
  verdict: Pipeline["verdict"],
): WaitingPipeline => ({
  ...factsOf(pipeline),
  ...(verdict === undefined ? {} : { verdict }),
  status: "waiting_for_approval",
  stage: "approval",
  approval_until: until,
});

export const finished = (
  pipeline: Pipeline,
  end: Pick<FinishedPipeline, "outcome" | "completed_at">,
  facts: Facts = {},
): FinishedPipeline => ({ ...factsOf(pipeline), ...facts, ...end, status: "finished", stage: "done" });

/** It stays at the stage that failed. */
export const failed = (
  pipeline: Pipeline,
  end: Pick<FailedPipeline, "error" | "completed_at">,
  facts: Facts = {},
): FailedPipeline => ({ ...factsOf(pipeline), ...facts, ...end, status: "failed", outcome: "failed" });
