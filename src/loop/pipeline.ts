import type { OrchestrationContext } from "durable-functions";
import { BUILD_DATASET } from "../datasets/contract.ts";
import { PROMOTE_MODEL } from "../deployments/contract.ts";
import type { RecordRef } from "../doors/claim.ts";
import type { Orchestration } from "../doors/orchestration.ts";
import { EVALUATE_MODEL } from "../evaluation/contract.ts";
import type { PipelineResult } from "../pipelines/contract.ts";
import { TRAIN_MODEL } from "../training/contract.ts";
import {
  backOff,
  faultText,
  lastWord,
  livesFor,
  runOrchestration,
  type Steps,
  step,
  wakeable,
} from "./steps.ts";

/** A decision is in the ledger before its event is sent; should the event be lost, this look finds it. */
const LOOK_FOR_DECISION_MS = 60 * 60_000;

/** The loop: dataset → training → evaluation → approval, if asked → promotion. */
export function* runPipeline(context: OrchestrationContext): Steps<PipelineResult> {
  const { agent_id, id } = context.df.getInput() as RecordRef;
  const pipeline = { agent_id, id };
  let result: PipelineResult;
  try {
    const claim = yield* step(context, "claimPipeline", { ...pipeline, instance_id: context.df.instanceId });
    if (claim.kind === "missing") return failed(claim.message);
    // A second instance for it, of a timer that rings twice within a minute say, answers what the first came to.
    if (claim.kind === "finished" && claim.ended !== undefined) return claim.ended;
    if (claim.kind !== "claimed") return failed("another instance works on this pipeline");
    // An instance that died and was started again may have left children at work, which a child of the same id would
    // push aside on one engine and wait for for ever on the other.
    const life = claim.again === true ? `-${context.df.currentUtcDateTime.getTime().toString(36)}` : "";
    result = yield* loop(context, pipeline, life);
  } catch (fault) {
    result = failed(faultText(fault));
  }
  yield* lastWord(context, "finishPipeline", { ...pipeline, ...result });
  context.df.setCustomStatus({ stage: "done", ...result });
  return result;
}

const failed = (error: string): PipelineResult => ({ outcome: "failed", error });

function* loop(context: OrchestrationContext, pipeline: RecordRef, life: string): Steps<PipelineResult> {
  const { agent_id } = pipeline;
  const stage = (name: string, id: string) => context.df.setCustomStatus({ stage: name, id });
  const interrupted = (name: string, id: string, fault: unknown) =>
    new Error(`the ${name} (${id}) was interrupted: ${faultText(fault)}`, { cause: fault });
  /** Works on the record of a stage; the instance is named after the pipeline, as somebody else may work on it too. */
  function* run<Result>(
    orchestration: Orchestration<string, RecordRef, Result>,
    id: string,
    suffix: string,
  ): Steps<Result> {
    for (let attempt = 1; ; attempt++) {
      const instance = `${pipeline.id}${life}-${suffix}${attempt === 1 ? "" : "-again"}${attempt > 2 ? `-${attempt}` : ""}`;
      try {
        return yield* runOrchestration(context, orchestration, { agent_id, id }, instance);
      } catch (fault) {
        // Every orchestrator answers for its own faults: the engine ended this one, by a worker that died say. Its
        // record is looked after on its own account, so a further child only waits for its end.
        if (attempt >= livesFor(context, fault)) throw interrupted(suffix, id, fault);
        context.df.setCustomStatus({ stage: suffix, id, interrupted: faultText(fault).slice(0, 300) });
        if (attempt > 1) yield* backOff(context, attempt);
      }
    }
  }

  const dataset = yield* step(context, "preparePipelineDataset", pipeline);
  if (dataset.kind === "rejected") return failed(`${dataset.code}: ${dataset.message}`);
  stage("dataset", dataset.id);
  const built = yield* run(BUILD_DATASET, dataset.id, "dataset");
  if (built.status !== "ready") return failed(built.error ?? "the dataset could not be built");

  const training = yield* step(context, "preparePipelineTraining", { ...pipeline, dataset_id: dataset.id });
  if (training.kind === "nothing_new") return { outcome: "nothing_new" };
  if (training.kind === "rejected") return failed(`${training.code}: ${training.message}`);
  stage("training", training.id);
  const trained = yield* run(TRAIN_MODEL, training.id, "training");
  if (trained.status !== "succeeded")
    return failed(trained.error ?? `training ${trained.status}; see run ${training.id}`);

  const work = { ...pipeline, dataset_id: dataset.id, run_id: training.id };
  const first = yield* judge(context, work, run);
  if ("outcome" in first) return first;
  const approval = yield* waitForApproval(context, pipeline);
  if (approval !== "approved") return { outcome: approval, verdict: first.verdict };

  let judged = first;
  let refused: string | undefined;
  for (let round = 1; ; round++) {
    const { verdict } = judged;
    const promotion = yield* step(context, "preparePipelinePromotion", {
      ...pipeline,
      run_id: training.id,
      evaluation_id: judged.id,
      ...(refused === undefined ? {} : { instead_of: refused }),
    });
    if (promotion.kind === "not_wanted") return { outcome: "evaluated", verdict };
    if (promotion.kind === "rejected")
      return { ...failed(`${promotion.code}: ${promotion.message}`), verdict };
    if (promotion.kind === "started") {
      stage("promotion", promotion.id);
      const promoted = yield* run(PROMOTE_MODEL, promotion.id, roundOf("promotion", round));
      if (promoted.status === "active") return { outcome: "promoted", verdict };
      if (promoted.code !== "gate_stale" || round >= ROUNDS)
        return {
          ...failed(promoted.error ?? `the promotion failed; see deployment ${promotion.id}`),
          verdict,
        };
      refused = promotion.id;
    } else if (round >= ROUNDS) return { ...failed(`gate_stale: ${promotion.message}`), verdict };
    // Another model serves by now than the one that was compared with: the verdict is asked for anew.
    const again = yield* judge(context, { ...work, instead_of: judged.id }, run, round + 1);
    if ("outcome" in again) return again;
    judged = again;
  }
}

/** How often a pipeline asks for a fresh verdict, while others keep changing what serves. */
const ROUNDS = 4;
const roundOf = (suffix: string, round: number) => (round === 1 ? suffix : `${suffix}-${round}`);

type RunStage = <Result>(
  orchestration: Orchestration<string, RecordRef, Result>,
  id: string,
  suffix: string,
) => Steps<Result>;

/** Evaluates the run's model; an outcome: the pipeline ends with it. */
function* judge(
  context: OrchestrationContext,
  work: RecordRef & { dataset_id: string; run_id: string; instead_of?: string },
  run: RunStage,
  round = 1,
): Steps<PipelineResult | { id: string; verdict: "pass" }> {
  const evaluation = yield* step(context, "preparePipelineEvaluation", work);
  if (evaluation.kind === "rejected") return failed(`${evaluation.code}: ${evaluation.message}`);
  context.df.setCustomStatus({ stage: "evaluation", id: evaluation.id });
  const judged = yield* run(EVALUATE_MODEL, evaluation.id, roundOf("evaluation", round));
  const verdict = judged.verdict;
  if (judged.status !== "finished" || verdict === undefined)
    return failed(judged.error ?? `the evaluation failed; see evaluation ${evaluation.id}`);
  if (verdict !== "pass")
    return { outcome: verdict === "fail" ? "gate_failed" : "gate_inconclusive", verdict };
  return { id: evaluation.id, verdict };
}

/** The event `approval` only wakes up: what was decided stands in the ledger. */
function* waitForApproval(
  context: OrchestrationContext,
  pipeline: RecordRef,
): Steps<"approved" | "rejected" | "approval_timeout"> {
  const now = () => context.df.currentUtcDateTime;
  const request = yield* step(context, "requestApproval", { ...pipeline, now: now().toISOString() });
  if (request.kind === "not_needed") return "approved";
  const until = Date.parse(request.until);
  const pauseUntilDecided = wakeable(context, "approval");
  for (;;) {
    const decision = yield* step(context, "readApproval", pipeline);
    if (decision.kind !== "waiting") return decision.kind;
    const rest = until - now().getTime();
    if (rest <= 0) return "approval_timeout";
    context.df.setCustomStatus({ stage: "approval", until: request.until });
    yield* pauseUntilDecided(Math.min(rest, LOOK_FOR_DECISION_MS));
  }
}
