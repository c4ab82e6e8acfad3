import { WARNINGS, type Warning } from "../../../datasets/validate/line-rules.ts";
import { charts, withoutCharts } from "../charts.ts";
import { type Body, facts, list, member, outline, plain, table } from "../layout.ts";
import { agentOf, more, none, ruled, type Text, type Texts, underWay } from "./shared.ts";

const pathOf = (body: Body, split: string) => member(member(body.files, split), "path");

const datasetFacts = (body: Body) =>
  facts([
    ["ID", body.dataset_id ?? body.id],
    ["Name", body.name],
    ["Training examples", body.training_count],
    ["Validation examples", body.validation_count],
  ]);

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

const edgeFacts = (one: Body) =>
  [
    ["Hash", one.hash],
    ["Side", one.split ?? "left out"],
    ["Reason", one.reason],
    ["Tokens", one.tokens],
    ["Episodes", Array.isArray(one.episode_ids) ? one.episode_ids.join(", ") : undefined],
    ["Rewards", Array.isArray(one.reward_ids) ? one.reward_ids.join(", ") : undefined],
  ] as const;

/** What became of an episode, as a tree: its rewards, then datasets, runs and models. */
function tree(body: Body): string[] {
  const gone = (one: Body) => (one.missing === true ? " (missing)" : "");
  const branch = (one: Body, name: string) => `${name} ${plain(one.id)}${gone(one)}`;
  const lines = [
    `🌳 Episode ${plain(body.episode_id)}${member(body.episode, "missing") === true ? " (missing)" : ""}`,
  ];
  for (const one of list(body.rewards))
    lines.push(
      `   ├─ reward ${plain(one.id)}${gone(one)}${one.value === undefined ? "" : ` ${plain(one.value)} by ${plain(one.source)}`}`,
    );
  for (const dataset of list(body.datasets)) {
    lines.push(`   ├─ ${branch(dataset, "dataset")}`);
    for (const edge of list(dataset.edges))
      lines.push(
        `   │     line ${plain(edge.hash).slice(0, 12)} on ${plain(edge.split ?? "no side")}: ${plain(edge.reason)}`,
      );
    for (const run of list(dataset.runs)) {
      lines.push(`   │  ├─ ${branch(run, "run")} ${plain(run.status ?? "")}`.trimEnd());
      for (const deployment of list(run.deployments))
        lines.push(
          `   │  │  └─ ${branch(deployment, "deployment")}${deployment.is_active === true ? " 🟢 serves now" : ""}`,
        );
    }
  }
  if (list(body.datasets).length === 0) lines.push("   └─ in no dataset");
  return lines;
}

/** Episodes, rewards and datasets. */
export const DATA_TEXTS: Texts = {
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
    body.recorded === false ? "Nothing to judge: not above the threshold" : "✅ Reward recorded",
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
    ...facts([["Test examples", body.test_count]]),
    ...outline(withoutCharts(body)),
    ...charts(body),
  ],
  estimateTraining: (body) => {
    const cost = body.cost_usd;
    const price = body.price;
    const money = (value: unknown) => (typeof value === "number" ? `$${value.toFixed(2)}` : plain(value));
    const span = (value: unknown, show: (one: unknown) => string = plain) =>
      member(value, "low") === member(value, "high")
        ? show(member(value, "low"))
        : `${show(member(value, "low"))} to ${show(member(value, "high"))}`;
    const full = list(body.limits).filter((one) => one.within === false);
    return [
      "💰 Estimate:",
      ...facts([
        ["Base model", body.base_model],
        ["Examples", body.examples],
        ["Tokens an epoch", body.tokens_per_epoch],
        ["Epochs", span(body.n_epochs)],
        ["Training tokens", span(body.training_tokens)],
        [
          "Price",
          typeof price === "object"
            ? `${money(member(price, "usd"))} per ${plain(member(price, "per"))} (${plain(member(price, "source"))}, ${plain(member(price, "as_of"))})`
            : price,
        ],
        ["Cost", typeof cost === "object" ? span(cost, money) : cost],
        ...list(body.hosting).map(
          (one) =>
            [
              `Hosting (${plain(one.sku)})`,
              `${money(one.usd_per_month)} a month (${plain(one.source)}, ${plain(one.as_of)})`,
            ] as const,
        ),
        [
          "Within the limits",
          body.within_limits === true ? "yes" : body.within_limits === false ? "no" : "unknown",
        ],
      ]),
      ...full.map(
        (one) => `   ⚠️  ${plain(one.name)}: ${plain(one.wanted)} where ${plain(one.limit)} is the limit`,
      ),
      ...(Array.isArray(body.notes) ? (body.notes as unknown[]).map((one) => `   - ${plain(one)}`) : []),
    ];
  },
  validateFile: (body) => [
    body.valid === true ? "✅ The file is valid" : "❌ The file cannot be trained on",
    ...list(body.files).flatMap((one) => [
      ...facts([
        ["File", one.file],
        ["Examples", one.examples],
        ["Tokens", one.tokens],
        ["Faults", one.faults_found],
      ]),
      ...Object.entries((one.warnings ?? {}) as Body).map(
        ([name, times]) => `   ⚠️  ${name} (${plain(times)}): ${WARNINGS[name as Warning] ?? ""}`,
      ),
    ]),
    ...list(body.faults)
      .slice(0, 20)
      .map(
        (one) =>
          `   ${plain(one.file)}${one.line === undefined ? "" : `:${plain(one.line)}`} ${plain(one.rule)}: ${plain(one.message)} ${plain(one.remedy)}`,
      ),
    ...(list(body.faults).length > 20
      ? [`   … and ${list(body.faults).length - 20} more; --json shows them`]
      : []),
  ],
  verifyAnswer: ({ manifest }) => [
    "✅ The answer is as it was signed",
    ...facts([
      ["Asked of", (manifest as Body).operation],
      ["Signed", (manifest as Body).made_at],
      ["SHA-256", (manifest as Body).sha256],
    ]),
  ],
  explainExample: (body) => [
    "🔎 Why this line is there:",
    ...list(body.edges)
      .flatMap((one) => [...facts(edgeFacts(one)), ""])
      .slice(0, -1),
  ],
  traceEpisode: (body) => tree(body),
};
