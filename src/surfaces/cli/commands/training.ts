import { type Body, facts, list, member, plain, table } from "../layout.ts";
import { agentOf, more, none, ruled, statusSign, type Texts, tunedModel } from "./shared.ts";

const runFacts = (run: Body) =>
  facts([
    ["Run ID", run.run_id ?? run.training_run_id ?? run.id],
    [
      "Status",
      run.state === undefined || run.state === run.status
        ? run.status
        : `${plain(run.status)} (${plain(run.state)})`,
    ],
    ["Dataset ID", run.dataset_id],
    ["Base model", run.base_model],
    ["Tuned model", tunedModel(run)],
    ["Job ID", run.aoai_job_id],
    ["Started", run.started_at],
    ["Completed", run.completed_at],
    ["Requested by", run.requested_by],
    ["Cost at most", dollars(member(run.cost, "usd_at_most"))],
    ["Budget", dollars(run.budget_usd)],
    ["Trained tokens", run.trained_tokens],
    ["Overdue", run.overdue === true ? "yes, still watched" : undefined],
    ["Error", run.error_message ?? member(run.error, "message") ?? run.error],
  ]);

/** Zero is what the local provider takes: not worth a line. */
function dollars(value: unknown): string | undefined {
  if (value === undefined || value === 0) return undefined;
  return typeof value === "number" ? `$${value}` : plain(value);
}

/** Training runs and evaluations. */
export const TRAINING_TEXTS: Texts = {
  getTrainingRun: (body) => ["📊 Training run status:", ...runFacts(body)],
  cancelTraining: (body) => ["⛔ Cancellation asked for", ...runFacts(body)],
  listTrainingRuns(body, input) {
    const heading = `🏋️ Training runs for agent '${agentOf(body, input)}':`;
    const runs = list(body.training_runs ?? body.runs);
    if (runs.length === 0) return none(heading, "training runs");
    return [
      ...ruled(
        heading,
        runs.map((one) => [
          `${statusSign(one.status)} ${plain(one.id ?? one.run_id)}`,
          ...runFacts(one).slice(1),
        ]),
      ),
      ...more(body),
    ];
  },
  reconcileTraining: (body) => [
    body.corrected === true ? "✅ The run was corrected" : "✅ The run agrees with its job",
    ...runFacts(body),
  ],
  startEvaluation: evaluationText,
  getEvaluation: evaluationText,
  listEvaluations: (body, input) => [
    `⚖️ Evaluations of agent '${agentOf(body, input)}':`,
    ...table(
      ["ID", "Run", "Dataset", "Status", "Verdict", "Pairs", "Created"],
      list(body.evaluations).map((one) => [
        one.evaluation_id,
        one.run_id,
        one.dataset_id,
        one.status,
        one.verdict,
        member(one.result, "pairs"),
        one.created_at,
      ]),
    ),
    ...more(body),
  ],
};

const percent = (value: unknown) => (typeof value === "number" ? `${(value * 100).toFixed(1)} %` : undefined);

function evaluationText(body: Body): string[] {
  const result = (body.result ?? {}) as Body;
  const verdict = body.verdict ?? result.verdict;
  const interval = result.interval as [number, number] | undefined;
  const heading =
    verdict === undefined
      ? body.status === "failed"
        ? `❌ Evaluation failed: ${plain(body.error)}`
        : `⏳ Evaluation is in progress (ID: ${plain(body.evaluation_id ?? body.id)})`
      : `${{ pass: "✅", fail: "❌" }[plain(verdict)] ?? "🤷"} Verdict: ${plain(verdict)}`;
  return [
    heading,
    ...facts([
      ["Evaluation ID", body.evaluation_id ?? body.id],
      ["Candidate", body.candidate],
      ["Baseline", body.baseline],
      ["Pairs", result.pairs],
      ["Missing", result.missing === 0 ? undefined : result.missing],
      ["Baseline accuracy", percent(result.baseline_accuracy)],
      ["Candidate accuracy", percent(result.candidate_accuracy)],
      [
        "Difference",
        interval === undefined
          ? undefined
          : `${percent(result.difference)} (95 %: ${percent(interval[0])} to ${percent(interval[1])})`,
      ],
      ["p", typeof result.p_value === "number" ? result.p_value.toPrecision(3) : undefined],
    ]),
    ...(Array.isArray(result.reasons)
      ? (result.reasons as unknown[]).map((one) => `   - ${plain(one)}`)
      : []),
  ];
}
