import { metricWords } from "../../../evaluation/metric-words.ts";
import type { ReplyOf } from "../../../operations.ts";
import type { Commands } from "../command.ts";
import { trainExtras } from "../extras.ts";
import { followedEvaluation, shownEvaluation } from "../flows.ts";
import { facts, list, plain, table } from "../layout.ts";
import { train } from "../train.ts";
import { agentOf, more, none, powerText, ruled, statusSign, takenUpText, waitingText } from "./shared.ts";

type Run = ReplyOf<"listTrainingRuns">["training_runs"][number];

const runFacts = (run: Run) =>
  facts([
    ["Run ID", run.run_id],
    ["Status", run.state === run.status ? run.status : `${plain(run.status)} (${plain(run.state)})`],
    ["Dataset ID", run.dataset_id],
    ["Base model", run.base_model],
    ["Tuned model", run.tuned_model],
    ["Job ID", run.aoai_job_id],
    ["Started", run.started_at],
    ["Completed", run.completed_at],
    ["Requested by", run.requested_by],
    ["Cost at most", dollars(run.cost && (run.cost.usd_at_most ?? "unknown"))],
    ["Budget", dollars(run.budget_usd)],
    ["Trained tokens (the provider's count)", run.trained_tokens],
    ["Overdue", run.overdue === true ? "yes, still watched" : undefined],
    ["Waits for", waitingText(run.waiting)],
    ["Last look", run.look_failed === undefined ? undefined : `failed: ${plain(run.look_failed.message)}`],
    ["Taken up again", takenUpText(run.taken_up)],
    ["Error", run.error_message],
    ["Remedy", run.error?.remedy],
  ]);

/** What the provider said of a run that failed: its last words are the reason, or lead to it. */
const lastEvents = (run: ReplyOf<"getTrainingRun">) =>
  run.status !== "failed"
    ? []
    : list(run.events)
        .slice(-EVENTS_SHOWN)
        .map(({ level, message }) => `   - ${plain(level)}: ${plain(message)}`);
const EVENTS_SHOWN = 5;

/** Zero is what the local provider takes: not worth a line. */
function dollars(value: number | "unknown" | undefined): string | undefined {
  if (value === undefined || value === 0) return undefined;
  return typeof value === "number" ? `$${value}` : plain(value);
}

/** Training runs and evaluations. */
export const TRAINING_COMMANDS = {
  startTraining: { flow: train, waits: true, extras: trainExtras, alias: "start-training" },
  getTrainingRun: {
    alias: "training-status",
    text: (body) => ["📊 Training run status:", ...runFacts(body), ...lastEvents(body)],
  },
  cancelTraining: {
    alias: "cancel-training",
    text: (body) => ["⛔ Cancellation asked for", ...runFacts(body)],
  },
  listTrainingRuns: {
    alias: "list-training-runs",
    text(body, input) {
      const heading = `🏋️ Training runs for agent '${agentOf(body, input)}':`;
      const runs = list(body.training_runs);
      if (runs.length === 0) return none(heading, "training runs");
      return [
        ...ruled(
          heading,
          runs.map((one) => [`${statusSign(one.status)} ${plain(one.run_id)}`, ...runFacts(one).slice(1)]),
        ),
        ...more(body),
      ];
    },
  },
  reconcileTraining: {
    alias: "reconcile-training",
    text: (body) => [
      body.corrected ? "✅ The run was corrected" : "✅ The run agrees with its job",
      ...runFacts(body),
    ],
  },
  startEvaluation: {
    flow: followedEvaluation,
    waits: true,
    gate: "evaluation",
    alias: "start-evaluation",
    text: evaluationText,
  },
  getEvaluation: {
    flow: shownEvaluation,
    gate: "shownEvaluation",
    alias: "show-evaluation",
    text: evaluationText,
  },
  listPairs: { text: pairsText },
  listEvaluations: {
    text: (body, input, columns) => [
      `⚖️ Evaluations of agent '${agentOf(body, input)}':`,
      ...table(
        ["ID", "Run", "Dataset", "Status", "Verdict", "Judged by", "Groups", "Created"],
        list(body.evaluations).map((one) => [
          one.evaluation_id,
          one.run_id,
          one.dataset_id,
          one.status,
          one.verdict,
          metricWords(plain(one.metric), one.grading),
          one.result?.groups ?? one.result?.pairs,
          one.created_at,
        ]),
        columns,
      ),
      ...more(body),
    ],
  },
} satisfies Commands;

const percent = (value: number | undefined) =>
  value === undefined ? undefined : `${(value * 100).toFixed(1)} %`;

/** The metric, and what it judges. */
const judgedText = ({
  metric,
  grading,
}: {
  readonly metric: string;
  readonly grading?: number | undefined;
}) => `${plain(metric)} (${metricWords(plain(metric), grading)})`;

const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  candidate_only: "on which the candidate alone is right",
  baseline_only: "on which the baseline alone is right",
  both: "on which both are right",
  neither: "on which neither is right",
};

/** All of them, page by page: question, expected answer, and what each model said. */
function pairsText(body: ReplyOf<"listPairs">): string[] {
  const pairs = list(body.pairs);
  const which = body.outcome === undefined ? "" : ` ${OUTCOME_WORDS[body.outcome] ?? plain(body.outcome)}`;
  const heading = `⚖️ Pairs of evaluation ${plain(body.evaluation_id)}${which}:`;
  if (pairs.length === 0) return [heading, "   None."];
  const sign = (right: boolean) => (right ? "✓" : "✗");
  return [
    heading,
    ...facts([
      ["Shown", `${body.first} to ${body.first + pairs.length - 1} of ${body.total}`],
      ["Right means", judgedText(body)],
    ]),
    ...pairs.flatMap((one) => [
      "",
      `   ${plain(one.question ?? one.example)}`,
      ...facts(
        [
          ["expected   ", one.expected],
          [`baseline  ${sign(one.baseline_correct)}`, one.baseline_answer],
          [`candidate ${sign(one.candidate_correct)}`, one.candidate_answer],
        ],
        "      ",
      ),
    ]),
    ...more(body),
  ];
}

/** The side of a dataset that was asked; earlier records name none. */
const sideWords = (split: string | undefined) =>
  split === undefined ? "the held-out side" : `the ${plain(split)} side`;

function evaluationText(body: ReplyOf<"getEvaluation">): string[] {
  const { result, verdict } = body;
  const interval = result?.interval;
  const heading =
    verdict === undefined
      ? body.status === "failed"
        ? `❌ Evaluation failed: ${plain(body.error)}`
        : `⏳ Evaluation is in progress (ID: ${plain(body.evaluation_id)})`
      : `${{ pass: "✅", fail: "❌" }[plain(verdict)] ?? "🤷"} Verdict: ${plain(verdict)}`;
  return [
    heading,
    ...facts([
      ["Evaluation ID", body.evaluation_id],
      ["Candidate", body.candidate],
      ["Baseline", body.baseline],
      [
        "Asked about",
        body.dataset_id === undefined ? undefined : `${sideWords(body.split)} of ${plain(body.dataset_id)}`,
      ],
      ["Waits for", waitingText(body.waiting)],
      ["Taken up again", takenUpText(body.taken_up)],
      ["Right means", judgedText(body)],
      ["Can show", powerText(body.power)],
      ["Pairs", result?.pairs],
      ["Groups", result?.groups],
      ["Missing", result?.missing === 0 ? undefined : result?.missing],
      ["Baseline accuracy", percent(result?.baseline_accuracy)],
      ["Candidate accuracy", percent(result?.candidate_accuracy)],
      [
        "Difference",
        interval === undefined
          ? undefined
          : `${percent(result?.difference)} (95 %: ${percent(interval[0])} to ${percent(interval[1])})`,
      ],
      ["p", result?.p_value.toPrecision(3)],
    ]),
    ...list(result?.reasons).map((one) => `   - ${plain(one)}`),
    ...(result === undefined
      ? []
      : [`   All pairs: lightning pairs --evaluation-id ${plain(body.evaluation_id)}`]),
  ];
}
