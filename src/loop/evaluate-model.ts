import type { OrchestrationContext } from "durable-functions";
import type { RecordRef } from "../doors/claim.ts";
import type { EvaluationResult } from "../evaluation/contract.ts";
import { isEndedEvaluation } from "../evaluation/status.ts";
import { makeCallable } from "./make-callable.ts";
import { fanOut, faultText, lastWord, type Steps, step, waitUntil } from "./steps.ts";

/** Batches asked at once; each asks two models a handful of questions at a time. */
const BATCHES_AT_ONCE = 4;

/** Candidate and baseline answer the held-out examples; the verdict is an activity's result, so old runs replay. */
export function* evaluateModel(context: OrchestrationContext): Steps<EvaluationResult> {
  const { agent_id, id } = context.df.getInput() as RecordRef;
  const evaluation = { agent_id, id };
  try {
    const claim = yield* step(context, "claimEvaluation", {
      ...evaluation,
      instance_id: context.df.instanceId,
    });
    if (claim.kind === "missing") return { status: "failed", error: claim.message };
    if (claim.kind === "claimed") yield* evaluate(context, evaluation);
    const end = yield* waitUntil(
      context,
      () => step(context, "readEvaluationStatus", evaluation),
      isEndedEvaluation,
    );
    return end.status === "finished" ? { status: "finished", verdict: end.verdict } : { status: "failed" };
  } catch (fault) {
    yield* lastWord(context, "failEvaluation", {
      ...evaluation,
      code: "evaluation_fault",
      message: faultText(fault),
    });
    return { status: "failed" };
  }
}

function* evaluate(context: OrchestrationContext, evaluation: RecordRef): Steps<void> {
  const plan = yield* step(context, "planEvaluation", evaluation);
  if (plan.kind === "rejected") {
    yield* lastWord(context, "failEvaluation", { ...evaluation, code: plan.code, message: plan.message });
    return;
  }
  if (plan.hosted_id !== undefined) {
    const { agent_id, id } = evaluation;
    const callable = yield* makeCallable(context, { agent_id, id: plan.hosted_id, wanted_by: id });
    if (callable.kind === "failed") {
      yield* lastWord(context, "failEvaluation", {
        ...evaluation,
        code: callable.code,
        message: callable.message,
      });
      return;
    }
  }
  yield* fanOut(
    context,
    "answerEvaluationBatch",
    Array.from({ length: plan.batches }, (_, batch) => ({ ...evaluation, batch })),
    {
      width: BATCHES_AT_ONCE,
      onProgress: (done) => context.df.setCustomStatus({ step: "answering", done, batches: plan.batches }),
    },
  );
  const { verdict } = yield* step(context, "judgeEvaluation", { ...evaluation, batches: plan.batches });
  context.df.setCustomStatus({ step: "judged", verdict });
}
