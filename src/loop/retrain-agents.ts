import type { OrchestrationContext } from "durable-functions";
import { type RetrainingInput, type RetrainingResult, RUN_PIPELINE } from "../pipelines/contract.ts";
import { runOrchestrations, type Steps, step } from "./steps.ts";

/** Timer-started: each agent with enough new rewarded episodes runs a pipeline, the others say why not. */
export function* retrainAgents(context: OrchestrationContext): Steps<RetrainingResult> {
  const { stamp } = context.df.getInput() as RetrainingInput;
  const plan = yield* step(context, "planRetraining", { stamp });
  context.df.setCustomStatus({ starting: plan.start.length, skipped: plan.skip.length });
  const results =
    plan.start.length === 0
      ? []
      : yield* runOrchestrations(
          context,
          RUN_PIPELINE,
          plan.start.map(({ agent_id, pipeline_id }) => ({ agent_id, id: pipeline_id })),
        );
  return {
    started: plan.start.map(({ agent_id, pipeline_id }, index) => ({
      agent_id,
      pipeline_id,
      outcome: results[index]?.outcome ?? "failed",
    })),
    skipped: plan.skip,
  };
}
