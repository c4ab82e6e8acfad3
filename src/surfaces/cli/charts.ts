import { type Body, member, plain } from "./layout.ts";

/** Longest bar, in characters. */
const WIDTH = 40;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of eighths of a character. */
function bar(share: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * WIDTH * 8);
  const whole = "█".repeat(Math.floor(eighths / 8));
  // What is there at all is seen.
  return eighths === 0 && share > 0 ? "▏" : whole + (EIGHTHS[eighths % 8] ?? "");
}

/** Named counts as bars, under a title. */
function barChart(title: string, rows: readonly (readonly [name: string, count: number])[]): string[] {
  const most = Math.max(0, ...rows.map(([, count]) => count));
  if (most === 0) return [];
  const names = Math.max(...rows.map(([name]) => name.length));
  const counts = Math.max(...rows.map(([, count]) => String(count).length));
  return [
    "",
    `   ${title}`,
    ...rows.map(([name, count]) =>
      `   ${name.padStart(names)}  ${String(count).padStart(counts)}  ${bar(count / most)}`.trimEnd(),
    ),
  ];
}

/** The bins of a histogram from the first to the last that holds something. */
function bins(histogram: unknown): [string, number][] {
  const edges = member(histogram, "edges");
  const counts = member(histogram, "counts");
  if (!Array.isArray(edges) || !Array.isArray(counts)) return [];
  const rows = (counts as number[]).map((count, i): [string, number] => [
    `${plain(edges[i])} to ${plain(edges[i + 1])}`,
    count,
  ]);
  const first = rows.findIndex(([, count]) => count > 0);
  const last = rows.findLastIndex(([, count]) => count > 0);
  return first < 0 ? [] : rows.slice(first, last + 1);
}

const entries = (value: unknown, most: number): [string, number][] =>
  Object.entries((value ?? {}) as Body)
    .flatMap(([name, count]): [string, number][] => (typeof count === "number" ? [[plain(name), count]] : []))
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, most);

const SHOWN = [
  "dataset_id",
  "id",
  "name",
  "training_count",
  "validation_count",
  "test_count",
  "success",
  "agent_id",
  "local_path",
  "validation_path",
  "test_path",
  "groups",
  "reward_threshold",
  "figures",
  "dropped",
  "kept",
  "given",
  "notices",
  "warning_lines",
  "seconds",
];

/** A dataset's reply without what is drawn or said already. */
export const withoutCharts = (body: Body): Body =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !SHOWN.includes(name)));

/** A dataset in pictures: the same figures as in the reply. */
export const charts = (body: Body): string[] => [
  ...barChart("Rewards of what was kept", bins(member(body.figures, "rewards"))),
  ...barChart("Tokens of an example", bins(member(body.figures, "tokens"))),
  ...barChart("Bytes of an example", bins(member(body.figures, "lengths"))),
  ...barChart("Examples that call a tool", entries(member(body.figures, "tools"), 20)),
  ...barChart("Left out, by reason", entries(body.dropped, 20)),
];
