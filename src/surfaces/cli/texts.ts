import { type Body, DOUBLE_RULER, facts, list, member, outline, plain, RULER, table } from "./layout.ts";

/** Turns a reply into lines. `input` is what was asked. */
export type Text = (body: Body, input: Body) => string[];

const STATUS_SIGNS: Readonly<Record<string, string>> = {
  pending: "⏳",
  running: "🔄",
  succeeded: "✅",
  failed: "❌",
  cancelled: "⛔",
};
export const statusSign = (status: unknown) => STATUS_SIGNS[String(status)] ?? "•";

const agentOf = (body: Body, input: Body) => plain(body.agent_id ?? input.agent_id);
const more = (body: Body) =>
  body.continuation === undefined ? [] : ["", `   More: add --continuation ${plain(body.continuation)}`];
/** A heading, then blocks ruled off from one another, as the original prints its lists. */
const ruled = (heading: string, blocks: readonly string[][], ruler = RULER) => [
  heading,
  ruler,
  ...blocks.flatMap((block) => [...block, ruler]),
];
const none = (heading: string, what: string) => [heading, `   No ${what} yet.`];
const tunedModel = (body: Body) => body.tuned_model ?? body.tuned_model_name;
const pathOf = (body: Body, split: string) => member(member(body.files, split), "path");

const datasetFacts = (body: Body) =>
  facts([
    ["ID", body.dataset_id ?? body.id],
    ["Name", body.name],
    ["Training examples", body.training_count],
    ["Validation examples", body.validation_count],
  ]);
const underWay = (what: string, id: unknown) => [`⏳ ${what} is in progress (ID: ${plain(id)})`];
const unfinished = (body: Body) => body.status === "pending" || body.status === "building";

const built =
  (headline: string, withFiles: boolean): Text =>
  (body) => {
    if (unfinished(body)) return underWay("The build", body.dataset_id);
    if (body.status === "failed") return [`❌ The build failed: ${plain(body.error)}`, ...datasetFacts(body)];
    return [
      headline,
      ...datasetFacts(body),
      ...facts([
        ["Test examples", body.test_count === 0 ? undefined : body.test_count],
        ...(withFiles
          ? ([
              ["Training file", body.local_path ?? pathOf(body, "train")],
              ["Validation file", body.validation_path ?? pathOf(body, "validation")],
            ] as const)
          : []),
        ["Same content as", body.same_as],
      ]),
    ];
  };

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
    ["Overdue", run.overdue === true ? "yes, still watched" : undefined],
    ["Error", run.error_message ?? member(run.error, "message") ?? run.error],
  ]);

const deploymentFacts = (one: Body) =>
  facts([
    ["Deployment ID", one.deployment_id ?? one.id],
    ["Tuned model", tunedModel(one)],
    ["Deployment", one.deployment_name === tunedModel(one) ? undefined : one.deployment_name],
    ["Promoted", one.promoted_at],
    ["Promoted by", one.promoted_by],
    ["Rolled back from", one.rollback_from],
    ["Reason", one.rollback_reason],
    ["State", one.state],
  ]);

const warnings = (body: Body) =>
  (Array.isArray(body.warnings) ? (body.warnings as unknown[]) : []).map((one) => `   ⚠️  ${plain(one)}`);

/** The texts of the commands, by operation; an operation without one is shown as an outline. */
export const TEXTS: Readonly<Record<string, Text>> = {
  recordEpisodes(body) {
    if (body.results === undefined)
      return [
        body.status === "duplicate" ? "✅ Episode was recorded before" : "✅ Episode recorded",
        ...facts([["Episode ID", body.episode_id]]),
      ];
    const results = list(body.results);
    const refused = results.filter((one) => one.status === "error");
    return [
      refused.length === 0
        ? `✅ ${results.length} ${results.length === 1 ? "episode" : "episodes"} recorded`
        : `❌ ${refused.length} of ${results.length} episodes refused`,
      ...facts([["Recorded before", body.duplicates === 0 ? undefined : body.duplicates]]),
      ...refused
        .slice(0, 20)
        .map(
          (one) =>
            `   #${Number(one.index) + 1}: ${plain(member(one.error, "message"))} (${plain(member(one.error, "code"))})`,
        ),
      ...(refused.length > 20 ? [`   … and ${refused.length - 20} more; --json shows all`] : []),
    ];
  },
  listEpisodes: (body, input) => [
    `💬 Episodes of agent '${agentOf(body, input)}':`,
    ...table(
      ["ID", "User input", "Tools", "Model", "Latency ms", "Reward", "Created"],
      list(body.episodes).map((one) => [
        one.id,
        one.user_input,
        one.tool_calls_count,
        one.model_deployment,
        one.request_latency_ms,
        one.reward_avg,
        one.created_at,
      ]),
    ),
    ...more(body),
  ],
  getEpisode: (body) => ["💬 Episode:", ...outline(body)],
  assignReward: (body) => [
    "✅ Reward recorded",
    ...facts([
      ["Reward ID", body.reward_id ?? body.id],
      ["Episode ID", body.episode_id],
      ["Value", body.value],
      ["Source", body.source],
    ]),
  ],
  listRewards: (body, input) => [
    `⭐ Rewards of agent '${agentOf(body, input)}':`,
    ...table(
      ["ID", "Episode", "Source", "Value", "Rubric", "Evaluator", "Created"],
      list(body.rewards).map((one) => [
        one.id,
        one.episode_id,
        one.source,
        one.value,
        one.rubric,
        one.evaluator,
        one.created_at,
      ]),
    ),
    ...more(body),
  ],
  buildDataset: built("✅ Dataset created successfully!", true),
  buildGoldenDataset: built("✅ Golden dataset created successfully!", false),
  listDatasets(body, input) {
    const heading = `📦 Datasets for agent '${agentOf(body, input)}':`;
    const datasets = list(body.datasets);
    if (datasets.length === 0) return none(heading, "datasets");
    return [
      ...ruled(
        heading,
        datasets.map((one) => [
          ...datasetFacts(one),
          ...facts([
            ["Status", one.status],
            ["Created", one.created_at],
          ]),
        ]),
      ),
      ...more(body),
    ];
  },
  getDataset: (body) => [
    "📦 Dataset:",
    ...datasetFacts(body),
    ...outline(
      Object.fromEntries(
        Object.entries(body).filter(
          ([name]) => !["dataset_id", "id", "name", "training_count", "validation_count"].includes(name),
        ),
      ),
    ),
  ],
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
  reconcileTraining: (body) => [
    body.corrected === true ? "✅ The run was corrected" : "✅ The run agrees with its job",
    ...runFacts(body),
  ],
  promote: (body, input) =>
    body.is_active === true
      ? [
          "✅ Model promoted successfully!",
          ...facts([
            ["Deployment ID", body.deployment_id],
            ["Tuned model", tunedModel(body)],
            ["Agent ID", body.agent_id ?? input.agent_id],
          ]),
          ...warnings(body),
        ]
      : [
          ...underWay("The promotion", body.deployment_id),
          ...facts([["State", body.state]]),
          ...warnings(body),
        ],
  rollback: (body) => [
    "✅ Rolled back successfully!",
    ...facts([
      ["Deployment ID", body.deployment_id ?? "none: the base model answers"],
      ["Tuned model", tunedModel(body) ?? body.base_model],
      ["Rolled back from", body.rollback_from],
      ["Reason", body.rollback_reason],
    ]),
  ],
  deactivate: (body, input) => [
    `✅ Deployment deactivated for agent '${agentOf(body, input)}'`,
    ...facts([
      ["Was", body.deactivated],
      ["Base model", body.base_model],
      ["Reason", body.reason],
    ]),
  ],
  listDeployments(body, input) {
    const heading = `🚀 Deployments for agent '${agentOf(body, input)}':`;
    const deployments = list(body.deployments);
    if (deployments.length === 0) return none(heading, "deployments");
    return [
      ...ruled(
        heading,
        deployments.map((one) => [
          `${one.is_active === true ? "🟢 ACTIVE" : "⚪"} ${plain(one.deployment_id ?? one.id)}`,
          ...deploymentFacts(one).slice(1),
        ]),
      ),
      ...more(body),
    ];
  },
  getActiveDeployment: (body, input) =>
    body.has_active_deployment === true
      ? [`🟢 Active deployment of agent '${agentOf(body, input)}':`, ...deploymentFacts(body)]
      : [`⚪ ${plain(body.message)}`, ...facts([["Base model", body.base_model]])],
  getLineage(body, input) {
    const heading = `📜 Deployment lineage for agent '${agentOf(body, input)}':`;
    const lineage = list(body.lineage);
    if (lineage.length === 0) return none(heading, "deployments");
    return [
      ...ruled(
        heading,
        lineage.map((one) => [
          `${one.is_active === true ? "🟢 ACTIVE" : "⚪"} ${plain(one.deployment_id)}`,
          ...deploymentFacts(one).slice(1),
          ...ancestor("Evaluation", one.evaluation, ["verdict", "status"]),
          ...ancestor("Training run", one.training_run, [
            "status",
            "base_model",
            "started_at",
            "completed_at",
          ]),
          ...ancestor("Dataset", one.dataset, [
            "name",
            "training_count",
            "validation_count",
            "reward_threshold",
          ]),
        ]),
        DOUBLE_RULER,
      ),
      ...list(body.events).map(
        (event) =>
          `   ${plain(event.created_at)}  ${plain(event.what)}  ${plain(event.from)} → ${plain(event.to)}` +
          (event.by === undefined ? "" : `  by ${plain(event.by)}`) +
          (event.reason === undefined ? "" : `  (${plain(event.reason)})`),
      ),
      ...more(body),
    ];
  },
  selectModel: (body) => [
    `🎯 ${plain(body.model)}`,
    ...facts([
      ["Source", body.source],
      ["Deployment ID", body.deployment_id],
      ["Stale", body.stale === true ? "yes: the registry could not be asked" : undefined],
      ["USE_TUNED_MODEL", body.use_tuned_model],
      ["Base model", body.base_model],
    ]),
  ],
  listPipelines: (body, input) => [
    `🔁 Pipelines of agent '${agentOf(body, input)}':`,
    ...table(
      ["ID", "Name", "Status", "Stage", "Outcome", "Verdict", "Created"],
      list(body.pipelines).map((one) => [
        one.pipeline_id,
        one.name,
        one.status,
        one.stage,
        one.outcome,
        one.verdict,
        one.created_at,
      ]),
    ),
    ...more(body),
  ],
  getPipeline: pipelineText,
  runPipeline: pipelineText,
  decidePipeline: (body, input) => [
    input.approved === true ? "✅ Pipeline approved" : "⛔ Pipeline rejected",
    ...pipelineText(body).slice(1),
  ],
  getStats: (body, input) => [
    `📈 Statistics of agent '${agentOf(body, input)}':`,
    ...outline({ ...body, agent_id: undefined }),
  ],
  getHealth: healthText,
};

function ancestor(label: string, value: unknown, names: readonly string[]): string[] {
  if (typeof value !== "object" || value === null) return [];
  const one = value as Body;
  if (one.missing === true) return [`   ${label}: ${plain(one.id)} (missing)`];
  return [
    `   ${label}: ${plain(one.id)}`,
    ...facts(
      names.map((name) => [name.replaceAll("_", " "), one[name]] as const),
      "      ",
    ),
  ];
}

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

function pipelineText(body: Body): string[] {
  const outcome = body.outcome;
  const heading =
    body.status === "waiting_for_approval"
      ? "✋ Pipeline waits for approval"
      : outcome === undefined
        ? `⏳ Pipeline is in progress: ${plain(body.stage)}`
        : `${outcome === "promoted" || outcome === "evaluated" ? "✅" : "❌"} Pipeline ended: ${plain(outcome)}`;
  return [
    heading,
    ...facts([
      ["Pipeline ID", body.pipeline_id ?? body.id],
      ["Status", body.status],
      ["Dataset ID", body.dataset_id],
      ["Run ID", body.run_id],
      ["Evaluation ID", body.evaluation_id],
      ["Verdict", body.verdict],
      ["Deployment ID", body.deployment_id],
      ["Decided by", member(body.decision, "decided_by")],
      ["Approval until", body.status === "waiting_for_approval" ? body.approval_until : undefined],
      ["Error", body.error],
    ]),
    ...(body.status === "waiting_for_approval"
      ? [`   Decide: lightning approve --pipeline-id ${plain(body.pipeline_id ?? body.id)} --approve`]
      : []),
  ];
}

function healthText(body: Body): string[] {
  const sign = { healthy: "✅", degraded: "⚠️ ", unhealthy: "❌" }[String(body.status)] ?? "•";
  return [
    "🏥 RL Ledger Health Check:",
    `   ${sign} ${plain(body.status)}`,
    ...Object.entries((body.checks ?? {}) as Record<string, Body>).map(
      ([name, check]) =>
        `   ${check.ok === true ? "✅" : "❌"} ${name.replaceAll("_", " ")}` +
        (check.kind === undefined ? "" : ` (${plain(check.kind)})`) +
        (check.message === undefined ? "" : `: ${plain(check.message)}`),
    ),
    ...facts(
      Object.entries((body.containers ?? {}) as Body).map(([name, count]) => [name, count] as const),
      "      ",
    ),
    ...outline({ feeds: body.feeds }),
  ];
}
