import path from "node:path";
import type { MethodResult } from "./methods.ts";
import type { EvaluationFacts } from "./pipeline.ts";

/** What a run of the demo found. `--json` prints it as it is. */
export interface DemoResult {
  readonly round: number;
  readonly home: string;
  readonly agent_id: string;
  /** Share of the set-aside requests that the base model (the tuned model) answers with the right call, arguments included. */
  readonly accuracy_before: number;
  readonly accuracy_after: number;
  readonly evaluation: EvaluationFacts;
  readonly verdict: string;
  readonly outcome: string;
  readonly control: EvaluationFacts;
  readonly control_verdict: string;
  readonly control_outcome: string;
  readonly control_promoted: boolean;
  /** Preferences and reinforcement on the same corrections. */
  readonly methods: readonly MethodResult[];
  readonly active_model: string;
  /** The registry names the model of this run, and it answered every fresh request. */
  readonly active_is_tuned: boolean;
  /** Share of the set-aside requests whose real result was the one asked for. */
  readonly fulfilled_before: number;
  readonly fulfilled_after: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly pipeline_id: string;
  readonly stage_seconds: Readonly<Record<string, number>>;
  readonly pipeline_seconds: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** 0: the loop ended as it should; 2: not shown to be better; 1: promoted wrongly, or the control got through. */
export function exitCodeOf(result: DemoResult): 0 | 1 | 2 {
  if (result.control_verdict === "pass" || result.control_promoted) return 1;
  if (result.verdict !== "pass") return 2;
  return result.outcome === "promoted" && result.active_is_tuned ? 0 : 1;
}

export function toJson(result: DemoResult): string {
  const { evaluation, seconds, ...rest } = result;
  const rounded = Math.round(seconds * 10) / 10;
  return `${JSON.stringify({ ...rest, difference: evaluation.difference, interval: evaluation.interval, p_value: evaluation.p_value, evaluation, seconds: rounded }, undefined, 2)}\n`;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const points = (share: number) => `${share >= 0 ? "+" : ""}${(100 * share).toFixed(1)}`;
const difference = ({ difference: d, interval: [low, high] }: EvaluationFacts) =>
  `${points(d)} points (95 %: ${points(low)} to ${points(high)})`;
const change = ({ baseline_accuracy: before, candidate_accuracy: after }: EvaluationFacts) =>
  `${percent(before)} → ${percent(after)}`;
const secondsOf = (times: Readonly<Record<string, number>>) =>
  Object.entries(times)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`)
    .join(", ");

/** One table, then what to look at next. */
export function toTable(result: DemoResult): string {
  const { evaluation, control, counts } = result;
  const rows: (readonly [string, string] | undefined)[] = [
    [
      "Whole tool calls, set-aside requests",
      `${counts.pairs} requests in ${evaluation.groups ?? counts.set_aside_groups} groups`,
    ],
    ["  before (base model)", percent(result.accuracy_before)],
    ["  after (tuned model)", percent(result.accuracy_after)],
    ["  difference", difference(evaluation)],
    ["  verdict", `${result.verdict}, ${result.outcome.replaceAll("_", " ")}`],
    undefined,
    ["Control: shuffled answers", change(control)],
    ["  difference", difference(control)],
    ["  verdict", `${result.control_verdict}, ${result.control_promoted ? "PROMOTED" : "not promoted"}`],
    undefined,
    ["Two other methods, on the corrections", ""],
    ...result.methods.map(
      ({ method, evaluation: own, verdict, outcome }) =>
        [`  ${method}`, `${change(own)}, ${verdict}, ${outcome.replaceAll("_", " ")}`] as const,
    ),
    undefined,
    [
      "Real results as asked for, set aside",
      `${percent(result.fulfilled_before)} → ${percent(result.fulfilled_after)}`,
    ],
    ["Active model", result.active_model],
    undefined,
    ["Requests to the agent", `${counts.requests_sent} about ${counts.tools} tools of three MCP servers`],
    ["Episodes, rewards", `${counts.episodes}, ${counts.rewards}`],
    ["Corrections (golden)", `${counts.corrections}`],
    ["Training, validation lines", `${counts.training_lines}, ${counts.validation_lines}`],
    ["Seconds", result.seconds.toFixed(1)],
    ...Object.entries(result.stage_seconds).flatMap(([name, seconds]): [string, string][] => [
      [
        `  ${name}`,
        seconds.toFixed(1) + (name === "pipeline" ? ` (${secondsOf(result.pipeline_seconds)})` : ""),
      ],
    ]),
  ];
  const left = Math.max(...rows.map((row) => row?.[0].length ?? 0));
  const right = Math.max(...rows.map((row) => row?.[1].length ?? 0));
  const rule = `├${"─".repeat(left + 2)}┼${"─".repeat(right + 2)}┤`;
  return [
    rule.replace("├", "┌").replace("┼", "┬").replace("┤", "┐"),
    ...rows.map((row) => (row === undefined ? rule : `│ ${row[0].padEnd(left)} │ ${row[1].padEnd(right)} │`)),
    rule.replace("├", "└").replace("┼", "┴").replace("┤", "┘"),
    "",
    ...evaluation.reasons,
    "",
    ...further(result),
    "",
  ].join("\n");
}

function further({ home, pipeline_id }: DemoResult): string[] {
  const inside = path.relative(process.cwd(), home);
  const here = inside === "" || inside.startsWith("..") ? home : inside;
  return [
    "Look further:",
    `  USE_TUNED_MODEL=true npm start -- --home ${here}`,
    "shows all of it at http://localhost:7071/api/dashboard, and in another terminal:",
    `  LIGHTNING_HOME=${here} npx lightning stats`,
    `  LIGHTNING_HOME=${here} npx lightning lineage`,
    `  LIGHTNING_HOME=${here} npx lightning pipeline --pipeline-id ${pipeline_id}`,
    "  curl http://127.0.0.1:7071/api/lightning/deployments/active",
    "  npx @modelcontextprotocol/inspector --cli http://127.0.0.1:7071/api/mcp --transport http --method tools/list",
    "or, with the app stopped, another round on top of this one:",
    "  npm run demo -- --keep",
  ];
}
