/** What each metric judges, in a few words (`grade.ts`). Plain values: page, command line and deployments say the same. */
const METRIC_WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    auto: "whole tool calls or equal text",
    tool_call: "whole tool calls",
    tool_names: "tool names alone",
    exact: "literally equal calls or text",
  }),
);

/**
 * What was judged right, for beside a share or a verdict: "tool names alone".
 * @param grading version of the metric's rules; undefined: of earlier versions, whose `auto` and `tool_call` compared names
 */
export function metricWords(metric: string, grading: number | undefined): string {
  if (grading === undefined && metric === "auto") return "tool names alone or equal text";
  if (grading === undefined && metric === "tool_call") return "tool names alone";
  return METRIC_WORDS.get(metric) ?? metric;
}

/** Whether a verdict by this metric says nothing of calls' arguments. */
export const judgesNamesAlone = (metric: string, grading: number | undefined): boolean =>
  metricWords(metric, grading).startsWith("tool names alone");
