import type { OrchestrationContext } from "durable-functions";
import type { PipelineResult } from "./pipeline.ts";
import { type Steps, step } from "./steps.ts";

export interface RetrainingResult {
  started: { agent_id: string; pipeline_id: string; outcome: string }[];
  skipped: { agent_id: string; reason: string }[];
}

/** Timer-started: each agent with enough new rewarded episodes runs a pipeline, the others say why not. */
export function* retrainAgents(context: OrchestrationContext): Steps<RetrainingResult> {
  const { stamp } = context.df.getInput() as { stamp: string };
  const plan = yield* step(context, "planRetraining", { stamp });
  context.df.setCustomStatus({ starting: plan.start.length, skipped: plan.skip.length });
  const results =
    plan.start.length === 0
      ? []
      : ((yield context.df.Task.all(
          plan.start.map(({ agent_id, pipeline_id }) =>
            context.df.callSubOrchestrator("runPipeline", { agent_id, id: pipeline_id }, pipeline_id),
          ),
        )) as PipelineResult[]);
  return {
    started: plan.start.map(({ agent_id, pipeline_id }, index) => ({
      agent_id,
      pipeline_id,
      outcome: results[index]?.outcome ?? "failed",
    })),
    skipped: plan.skip,
  };
}
