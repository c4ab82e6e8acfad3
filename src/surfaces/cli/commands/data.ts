import { WARNINGS, type Warning } from "../../../datasets/validate/line-rules.ts";
import type { ReplyOf } from "../../../operations.ts";
import { charts, withoutCharts } from "../charts.ts";
import type { Commands } from "../command.ts";
import { goldenExtras, recordExtras, validateExtras, verifyExtras } from "../extras.ts";
import { buildGolden, followedDataset, record, validate } from "../flows.ts";
import { type Body, facts, list, member, outline, plain, table } from "../layout.ts";
import { estimateText } from "./estimate.ts";
import { agentOf, more, none, ruled, underWay } from "./shared.ts";

type Dataset = ReplyOf<"getDataset">;

const datasetFacts = (body: Dataset) =>
  facts([
    ["ID", body.dataset_id],
    ["Name", body.name],
    ["Training examples", body.training_count],
    ["Validation examples", body.validation_count],
    ["Test examples", body.test_count === 0 ? undefined : body.test_count],
  ]);

const unfinished = (body: Dataset) => body.status === "pending" || body.status === "building";

const built =
  (headline: string, withFiles: boolean) =>
  (body: Dataset): string[] => {
    if (unfinished(body)) return underWay("The build", body.dataset_id);
    if (body.status === "failed") return [`❌ The build failed: ${plain(body.error)}`, ...datasetFacts(body)];
    return [
      headline,
      ...datasetFacts(body),
      ...facts([
        ...(withFiles
          ? ([
              ["Training file", body.local_path],
              ["Validation file", body.validation_path],
            ] as const)
          : []),
        ["Same content as", body.same_as],
        ["Kept", body.kept === undefined ? undefined : `${plain(body.kept)} of ${plain(body.given)}`],
      ]),
      ...notices(body),
    ];
  };

const notices = (body: Pick<Dataset, "notices">): string[] =>
  list(body.notices).map((one) => `   ⚠️  ${plain(one)}`);

const FAULTS_SHOWN = 20;

/** What of the faults is not shown: all were counted, and of each file the reply holds the first. */
function furtherFaults(body: ReplyOf<"validateFile">): string[] {
  const held = list(body.faults).length;
  const found = Math.max(held, body.faults_found ?? 0);
  if (found <= FAULTS_SHOWN) return [];
  const further = `   … and ${found - Math.min(held, FAULTS_SHOWN)} more`;
  if (found === held) return [`${further}; --json shows them`];
  return [
    held > FAULTS_SHOWN
      ? `${further}; --json shows ${held - FAULTS_SHOWN} of them, the others are counted alone`
      : `${further}, which are counted alone`,
  ];
}

const edgeFacts = (one: ReplyOf<"explainExample">["edges"][number]) =>
  [
    ["Hash", one.hash],
    ["Side", one.split ?? "left out"],
    ["Reason", one.reason],
    ["Tokens", one.tokens],
    ["Episodes", one.episode_ids.join(", ")],
    ["Rewards", one.reward_ids.join(", ")],
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

const namedAs = (named: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(named)
    .map(([field, value]) => `${field} ${value}`)
    .join(", ");

/** What became of a reward: stored, nothing to store, or its episode is still to come. */
const rewardGiven =
  (headline: string) =>
  (body: ReplyOf<"assignReward">): string[] => {
    if ("waiting" in body)
      return [
        "⏳ No episode has this name yet: the reward waits for it",
        ...facts([
          ["Waiting ID", body.waiting_id],
          ["Waits for", namedAs(body.named)],
          ["Until", body.expires_at],
        ]),
        "   lightning waiting-rewards shows what waits and what became of it; --no-wait-for-episode refuses instead.",
      ];
    if ("recorded" in body)
      return [
        "Nothing to judge: not above the threshold",
        ...facts([
          ["Episode ID", body.episode_id],
          ["Source", body.source],
        ]),
      ];
    return [
      headline,
      ...facts([
        ["Reward ID", body.reward_id],
        ["Episode ID", body.episode_id],
        ["Value", body.value],
        ["Source", body.source],
      ]),
    ];
  };

/** Episodes, rewards and datasets. */
export const DATA_COMMANDS = {
  recordEpisodes: {
    flow: record,
    extras: recordExtras,
    text(body) {
      if (!("results" in body))
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
          .map((one) => `   #${one.index + 1}: ${plain(one.error?.message)} (${plain(one.error?.code)})`),
        ...(refused.length > 20 ? [`   … and ${refused.length - 20} more; --json shows all`] : []),
      ];
    },
  },
  listEpisodes: {
    text: (body, input, columns) => [
      `💬 Episodes of agent '${agentOf(body, input)}':`,
      ...table(
        ["ID", "User input", "Tools", "Model", "Latency ms", "Ended", "Reward", "Created"],
        list(body.episodes).map((one) => [
          one.id,
          one.user_input,
          one.tool_calls_count,
          one.model_deployment,
          one.request_latency_ms,
          one.error_by === null ? one.ending : `${one.ending ?? "failed"} (${one.error_by})`,
          one.reward_avg,
          one.created_at,
        ]),
        columns,
      ),
      ...more(body),
    ],
  },
  getEpisode: { text: (body) => ["💬 Episode:", ...outline(body)] },
  assignReward: { text: rewardGiven("✅ Reward recorded") },
  recordFeedback: { text: rewardGiven("✅ Feedback recorded") },
  listWaitingRewards: {
    text: (body, input, columns) => [
      `⏳ Rewards of agent '${agentOf(body, input)}' that came before their episodes:`,
      ...table(
        ["ID", "Named", "Source", "State", "Reason", "Episode", "Created", "Expires"],
        list(body.waiting).map((one) => [
          one.waiting_id,
          namedAs(one.named),
          one.source,
          one.state,
          one.reason,
          one.episode_id,
          one.created_at,
          one.expires_at,
        ]),
        columns,
      ),
      ...more(body),
    ],
  },
  listRewards: {
    text: (body, input, columns) => [
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
        columns,
      ),
      ...more(body),
    ],
  },
  buildDataset: { flow: followedDataset, waits: true, text: built("✅ Dataset created successfully!", true) },
  buildGoldenDataset: {
    flow: buildGolden,
    waits: true,
    extras: goldenExtras,
    alias: "import",
    text: built("✅ Golden dataset created successfully!", false),
  },
  listDatasets: {
    text(body, input) {
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
  },
  getDataset: {
    text: (body) => [
      "📦 Dataset:",
      ...datasetFacts(body),
      ...facts([
        ["Kept", body.kept === undefined ? undefined : `${plain(body.kept)} of ${plain(body.given)}`],
      ]),
      ...notices(body),
      ...outline(withoutCharts(body)),
      ...charts(body),
    ],
  },
  estimateTraining: { alias: "estimate-training", text: estimateText },
  validateFile: {
    flow: validate,
    extras: validateExtras,
    text: (body) => [
      body.valid ? "✅ The file is valid" : "❌ The file cannot be trained on",
      ...list(body.files).flatMap((one) => [
        ...facts([
          ["File", one.file],
          ["Lines given", one.lines],
          ["Valid", one.examples],
          ["Invalid", one.invalid_lines],
          ["Tokens", one.tokens],
          ["Faults", one.faults_found],
        ]),
        ...Object.entries(one.warnings).map(
          ([name, times]) => `   ⚠️  ${name} (${plain(times)}): ${WARNINGS[name as Warning] ?? ""}`,
        ),
      ]),
      ...list(body.faults)
        .slice(0, FAULTS_SHOWN)
        .map(
          (one) =>
            `   ${plain(one.file)}${one.line === undefined ? "" : `:${plain(one.line)}`} ${plain(one.rule)}: ${plain(one.message)} ${plain(one.remedy)}`,
        ),
      ...furtherFaults(body),
    ],
  },
  verifyAnswer: {
    extras: verifyExtras,
    text: ({ manifest }) => [
      "✅ The answer is as it was signed",
      ...facts([
        ["Asked of", manifest.operation],
        ["Signed", manifest.made_at],
        ["SHA-256", manifest.sha256],
      ]),
    ],
  },
  explainExample: {
    text: (body) => [
      "🔎 Why this line is there:",
      ...list(body.edges)
        .flatMap((one) => [...facts(edgeFacts(one)), ""])
        .slice(0, -1),
    ],
  },
  traceEpisode: { text: (body) => tree(body) },
} satisfies Commands;
