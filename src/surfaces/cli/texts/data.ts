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
};
