import type { Split } from "../datasets/contract.ts";
import type { Message } from "../episodes/contract.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import { answerBatch, readAnswers, readQuestions, type Side } from "./answers.ts";
import { sharedGroups } from "./contamination.ts";
import { type Evaluation, type EvaluationActivities, METRICS, type Metric, type Pair } from "./contract.ts";
import { expectsCall, isRight, judgedBy, showTurn } from "./grade.ts";
import { failed, finished, running } from "./moves.ts";
import { pairsKey, toLines, writeQuestions } from "./plan.ts";
import { judge, samplePairs, tally } from "./rules.ts";
import type { EvaluationService } from "./service.ts";
import { isEndedEvaluation } from "./status.ts";
import { createEvaluationStore } from "./store.ts";

/** The last that the user said, in short: what people read beside the answers. */
const asked = (prompt: readonly Message[]): string => {
  const last = prompt.findLast(({ role }) => role === "user");
  return last === undefined ? "" : showTurn(last);
};

/** One that an earlier version began goes on by what its metric says now: the stricter rule is the true one. */
const metricOf = ({ metric }: Evaluation): Metric => METRICS.find((one) => one === metric) ?? "auto";

export interface EvaluationActivityDeps {
  readonly service: Pick<EvaluationService, "get">;
  readonly ledger: Ledger;
  readonly files: Files;
  readonly provider: Provider;
  readonly clock: Clock;
}

export function createEvaluationActivities(deps: EvaluationActivityDeps): EvaluationActivities {
  const { service, files, clock } = deps;
  const store = createEvaluationStore(deps.ledger);

  /** How many sessions and inputs the examples share with what the candidate was trained and tuned on. */
  async function contamination(evaluation: Evaluation): Promise<number | "unchecked"> {
    const { agent_id, run_id, split } = evaluation;
    if (run_id === undefined) return "unchecked";
    const run = await store.readRun(agent_id, run_id);
    if (run === undefined) return "unchecked";
    const [held, trained] = await Promise.all([
      store.readDataset(agent_id, evaluation.dataset_id),
      store.readDataset(agent_id, run.dataset_id),
    ]);
    if (held === undefined || trained === undefined) return "unchecked";
    // The training dataset's own other sides are held out by construction: only its training side can meet them.
    const own = held.id === trained.id || evaluation.dataset_hash === run.dataset_hash;
    if (own && split === "train") return evaluation.plan?.examples ?? held.training_count ?? 1;
    const seen: Split[] = own ? ["train"] : ["train", "validation"];
    return sharedGroups(files, held, [split], trained, seen);
  }

  async function pairsOf(
    id: string,
    batches: number,
    metric: Metric,
  ): Promise<{ pairs: Pair[]; missing: number; calls: number }> {
    const pairs: Pair[] = [];
    let missing = 0;
    let calls = 0;
    for (let batch = 0; batch < batches; batch++) {
      const [questions, answers] = await Promise.all([
        readQuestions(files, id, batch),
        readAnswers(files, id, batch),
      ]);
      const said = new Map(answers.map((one) => [`${one.side} ${one.example}`, one.message]));
      for (const { example, group, prompt, tools, expected } of questions) {
        const of = (side: Side) => said.get(`${side} ${example}`);
        const [baseline, candidate] = [of("baseline"), of("candidate")];
        if (baseline === undefined || candidate === undefined) missing++;
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
    return { pairs, missing, calls };
  }

  return {
    async claimEvaluation(input) {
      const { kind } = await store.claim(input, isEndedEvaluation, (one) => running(one, input.instance_id));
      return { kind };
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
      const shared = await contamination(evaluation);
      if (shared !== "unchecked" && shared > 0)
        return {
          kind: "rejected",
          code: "contaminated",
          message: `${shared} sessions or inputs of the held-out examples are in the candidate's training data.`,
        };
      const groups = dataset?.line_groups?.[evaluation.split];
      const plan = await writeQuestions(files, id, file.key, groups);
      if (plan.examples === 0)
        return {
          kind: "rejected",
          code: "no_held_out_examples",
          message: `No line of the ${evaluation.split} side has an assistant turn to judge.`,
        };
      const stored = await store.change(agent_id, id, (one) =>
        one.plan === undefined
          ? { ...one, plan: { ...plan, contamination: shared === "unchecked" ? "unchecked" : "none" } }
          : undefined,
      );
      return { kind: "planned", batches: stored?.plan?.batches ?? plan.batches, ...host };
    },

    async answerEvaluationBatch({ agent_id, id, batch }) {
      const { baseline, candidate, candidate_deployment } = await service.get(agent_id, id);
      return answerBatch(deps, id, batch, { baseline, candidate: candidate_deployment ?? candidate });
    },

    async judgeEvaluation({ agent_id, id, batches }) {
      const before = await service.get(agent_id, id);
      if (before.status === "finished") return { verdict: before.result.verdict };
      const metric = metricOf(before);
      const { pairs, missing, calls } = await pairsOf(id, batches, metric);
      const result = judge(tally(pairs), missing);
      result.reasons.push(...judgedBy(metric, calls, pairs.length - calls));
      if (before.plan?.contamination === "unchecked")
        result.reasons.push(
          "Nobody checked whether the candidate was trained on these examples: no run is known.",
        );
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
