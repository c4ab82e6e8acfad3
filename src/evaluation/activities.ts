import type { Settings } from "../config/settings.ts";
import { missing } from "../doors/claim.ts";
import { waitingOn } from "../doors/waiting.ts";
import type { Message } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import { answerBatch, readAnswers, readQuestions, type Side } from "./answers.ts";
import { remedyForBaseline, whyUncallable } from "./baseline.ts";
import { type Evaluation, type EvaluationActivities, METRICS, type Metric, type Pair } from "./contract.ts";
import { expectsCall, isRight, judgedBy, showTurn } from "./grade.ts";
import { failed, finished, running, waits } from "./moves.ts";
import { countQuestions, pairsKey, toLines, writeQuestions } from "./plan.ts";
import { judge, samplePairs, tally } from "./rules.ts";
import type { EvaluationService } from "./service.ts";
import { isEndedEvaluation } from "./status.ts";
import { createEvaluationStore } from "./store.ts";
import { type NearLines, type Seen, seenIn, trainedOn, whyContaminated } from "./trained-on.ts";

/** The last that the user said, in short: what people read beside the answers. */
const asked = (prompt: readonly Message[]): string => {
  const last = prompt.findLast(({ role }) => role === "user");
  return last === undefined ? "" : showTurn(last);
};

/** Of which side's model a fault is, and what the provider said. */
interface AnswerFault {
  readonly side: Side;
  readonly said: string;
}

/** Why answers are missing: the fault that is met most often, with the model that met it. */
function faultText(faults: readonly AnswerFault[], models: Readonly<Record<Side, string>>): string {
  const counts = new Map<string, number>();
  for (const { side, said } of faults) {
    const text = `of the ${side} "${models[side]}": ${said}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  const [text, times] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? ["", 0];
  return `Missing answers: ${faults.length}. The commonest fault, ${times} of them, ${text}`;
}
/** What calls to the two models name. */
const modelsOf = ({ baseline, candidate, candidate_deployment }: Evaluation) => ({
  baseline,
  candidate: candidate_deployment ?? candidate,
});
/** One that an earlier version began goes on by what its metric says now: the stricter rule is the true one. */
const metricOf = ({ metric }: Evaluation): Metric => METRICS.find((one) => one === metric) ?? "auto";

export interface EvaluationActivityDeps {
  readonly service: Pick<EvaluationService, "get">;
  readonly ledger: Ledger;
  readonly files: Files;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly settings: Pick<Settings, "keepAnswersDays">;
  /** What evaluation asks of datasets. */
  readonly datasets: { readonly nearLines: NearLines };
}

export function createEvaluationActivities(deps: EvaluationActivityDeps): EvaluationActivities {
  const { service, files, clock } = deps;
  const store = createEvaluationStore(deps.ledger);

  /** How much of the examples the candidate, or a model that it was tuned from, was trained and tuned on. */
  async function seen(evaluation: Evaluation): Promise<Seen | undefined> {
    const { agent_id, run_id, split } = evaluation;
    const run = run_id === undefined ? undefined : await store.readRun(agent_id, run_id);
    const held = await store.readDataset(agent_id, evaluation.dataset_id);
    if (run === undefined || held?.status !== "ready") return undefined;
    const { datasets, complete } = await trainedOn(store, run);
    const found = await seenIn({ files, nearLines: deps.datasets.nearLines }, held, split, datasets);
    return { ...found, complete: found.complete && complete };
  }

  async function pairsOf(
    id: string,
    batches: number,
    metric: Metric,
  ): Promise<{ pairs: Pair[]; unanswered: number; calls: number; faults: AnswerFault[] }> {
    const pairs: Pair[] = [];
    let unanswered = 0;
    let calls = 0;
    const faults: AnswerFault[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const [questions, answers] = await Promise.all([
        readQuestions(files, id, batch),
        readAnswers(files, id, batch),
      ]);
      faults.push(
        ...answers.flatMap(({ side, message, error }) =>
          message === undefined && error ? [{ side, said: error }] : [],
        ),
      );
      const said = new Map(answers.map((one) => [`${one.side} ${one.example}`, one.message]));
      for (const { example, group, prompt, tools, expected } of questions) {
        const of = (side: Side) => said.get(`${side} ${example}`);
        const [baseline, candidate] = [of("baseline"), of("candidate")];
        if (baseline === undefined || candidate === undefined) unanswered++;
        else {
          if (expectsCall(expected)) calls++;
          pairs.push({
            example,
            ...(group === undefined ? {} : { group }),
            question: asked(prompt),
            expected: showTurn(expected),
            baseline_answer: showTurn(baseline),
            candidate_answer: showTurn(candidate),
            baseline_correct: isRight(expected, baseline, metric, tools),
            candidate_correct: isRight(expected, candidate, metric, tools),
          });
        }
      }
    }
    return { pairs, unanswered, calls, faults };
  }

  return {
    async claimEvaluation(input) {
      const { kind } = await store.claim(input, isEndedEvaluation, (one) => running(one, input.instance_id));
      return kind === "missing" ? missing("evaluation", input) : { kind };
    },

    async readEvaluationStatus({ agent_id, id }) {
      const { status, result } = await service.get(agent_id, id);
      return result === undefined ? { status } : { status, verdict: result.verdict };
    },

    async planEvaluation({ agent_id, id }) {
      const evaluation = await service.get(agent_id, id);
      const { hosted_id } = evaluation;
      const host = hosted_id === undefined ? {} : { hosted_id };
      if (evaluation.plan !== undefined)
        return { kind: "planned", batches: evaluation.plan.batches, ...host };
      const dataset = await store.readDataset(agent_id, evaluation.dataset_id);
      const file = dataset?.files?.[evaluation.split];
      if (file === undefined || (await files.stat(file.key)) === undefined)
        return {
          kind: "rejected",
          code: "dataset_file_missing",
          message: `The ${evaluation.split} file of dataset ${evaluation.dataset_id} is gone.`,
        };
      const fault = await whyUncallable(deps.provider, evaluation.baseline);
      if (fault !== undefined)
        return {
          kind: "rejected",
          code: "baseline_uncallable",
          message: `The baseline "${evaluation.baseline}" cannot be called: ${fault} ${remedyForBaseline(evaluation.baseline_asked ?? "")}`,
        };
      const known = await seen(evaluation);
      const near = known?.near ?? new Set<string>();
      const counted = await countQuestions(files, file.key, near);
      const doubt = whyContaminated({ shared: known?.shared ?? 0, ...counted });
      if (doubt !== undefined) return { kind: "rejected", code: "contaminated", message: doubt };
      const groupFile = dataset?.line_groups?.[evaluation.split];
      const plan = await writeQuestions(files, id, file.key, { leftOut: near, groupFile });
      if (plan.examples === 0)
        return {
          kind: "rejected",
          code: "no_held_out_examples",
          message: `No line of the ${evaluation.split} side has an assistant turn to judge.`,
        };
      const stored = await store.change(agent_id, id, (one) =>
        one.plan === undefined
          ? {
              ...one,
              plan: {
                ...plan,
                contamination: known?.complete === true ? "none" : "unchecked",
                ...(counted.near === 0 ? {} : { near_trained: counted.near }),
              },
            }
          : undefined,
      );
      return { kind: "planned", batches: stored?.plan?.batches ?? plan.batches, ...host };
    },

    async answerEvaluationBatch({ agent_id, id, batch }) {
      const evaluation = await service.get(agent_id, id);
      const { waiting, ...outcome } = await answerBatch(deps, { agent_id, id, batch }, modelsOf(evaluation));
      if (waiting === undefined) {
        if (evaluation.waiting !== undefined)
          await store.change(agent_id, id, (one) => waits(one, undefined));
        return outcome;
      }
      const { reason, retry_after_ms } = waiting;
      const [at, again] = [toIso(clock.now()), toIso(clock.now() + retry_after_ms)];
      await store.change(agent_id, id, (one) => waits(one, waitingOn(one.waiting, at, reason, again)));
      return { ...outcome, waiting: { reason, retry_after_seconds: Math.ceil(retry_after_ms / 1000) } };
    },

    async judgeEvaluation({ agent_id, id, batches }) {
      const before = await service.get(agent_id, id);
      if (before.status === "finished") return { verdict: before.result.verdict };
      const metric = metricOf(before);
      const { pairs, unanswered, calls, faults } = await pairsOf(id, batches, metric);
      const result = judge(tally(pairs), unanswered);
      result.reasons.push(...judgedBy(metric, calls, pairs.length - calls));
      if (before.plan?.contamination === "unchecked")
        result.reasons.push(
          before.run_id === undefined
            ? "Nobody checked whether the candidate was trained on these examples: no run is known."
            : "Only the texts were compared with the candidate's training data: its sessions were marked with another split key, or a dataset or a file of its training is gone.",
        );
      const left = before.plan?.near_trained ?? 0;
      if (left > 0)
        result.reasons.push(
          `${left} examples of the side were not asked: they are nearly the same as trained-on ones.`,
        );
      if (unanswered > 0 && faults.length > 0) result.reasons.push(faultText(faults, modelsOf(before)));
      await files.write(pairsKey(id), toLines(pairs));
      const ended = await store.change(agent_id, id, (one) =>
        isEndedEvaluation(one)
          ? undefined
          : finished(one, {
              result,
              sample: samplePairs(pairs),
              pairs_key: pairsKey(id),
              completed_at: toIso(clock.now()),
            }),
      );
      return { verdict: ended?.result?.verdict ?? result.verdict };
    },

    async failEvaluation({ agent_id, id, code, message }) {
      await store.change(agent_id, id, (one) =>
        isEndedEvaluation(one) ? undefined : failed(one, `${code}: ${message}`, toIso(clock.now())),
      );
      return null;
    },
  };
}
