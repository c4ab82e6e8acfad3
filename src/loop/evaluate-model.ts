import type { OrchestrationContext } from "durable-functions";
import type { RecordRef } from "../doors/claim.ts";
import type { EvaluationResult } from "../evaluation/contract.ts";
import { isEndedEvaluation } from "../evaluation/status.ts";
import { makeCallable } from "./make-callable.ts";
import { fanOut, faultText, lastWord, pause, type Steps, step, waitUntil } from "./steps.ts";

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
  yield* answerAll(context, evaluation, plan.batches);
  const { verdict } = yield* step(context, "judgeEvaluation", { ...evaluation, batches: plan.batches });
  context.df.setCustomStatus({ step: "judged", verdict });
}

/**
 * Asks all batches. While the provider is busy or away it waits by durable timer as long as the provider asks, then
 * asks one batch alone, another each time: only when that is answered do the others follow.
 */
function* answerAll(context: OrchestrationContext, evaluation: RecordRef, batches: number): Steps<void> {
  let open = Array.from({ length: batches }, (_, batch) => batch);
  for (let isTroubled = false; open.length > 0; ) {
    const asked: readonly number[] = isTroubled ? open.slice(0, 1) : open;
    const before = batches - open.length;
    const answers = yield* fanOut(
      context,
      "answerEvaluationBatch",
      asked.map((batch) => ({ ...evaluation, batch })),
      {
        width: BATCHES_AT_ONCE,
        onProgress: (done) => context.df.setCustomStatus({ step: "answering", done: before + done, batches }),
      },
    );
    const again: readonly number[] = asked.filter((_, index) => answers[index]?.waiting !== undefined);
    open = [...open.slice(asked.length), ...again];
    isTroubled = again.length > 0;
    const pauses = answers.flatMap(({ waiting }) => (waiting === undefined ? [] : [waiting]));
    if (pauses.length === 0) continue;
    context.df.setCustomStatus({
      step: "waiting",
      reason: pauses[0]?.reason.slice(0, 300) ?? "",
      done: batches - open.length,
      batches,
    });
    yield* pause(context, Math.max(...pauses.map((one) => one.retry_after_seconds)) * 1000);
  }
}
