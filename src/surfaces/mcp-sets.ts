import { DEFAULT_TOOL_SET, TOOL_SETS, type ToolSet } from "../doors/tool-sets.ts";
import { badRequest } from "../kernel/errors.ts";
import type { OperationName } from "../operations.ts";

/** The rows of each set; the reference agent's tools are `agent`, and stand in `core`, too. */
const ROWS_OF: Readonly<Record<Exclude<ToolSet, "agent" | "all">, readonly OperationName[]>> = {
  core: [
    "recordEpisodes",
    "listEpisodes",
    "getEpisode",
    "assignReward",
    "buildDataset",
    "startTraining",
    "getTrainingRun",
    "startEvaluation",
    "getEvaluation",
    "promote",
    "rollback",
    "getActiveDeployment",
    "getStats",
    "getHealth",
    "whoAmI",
  ],
  record: [
    "recordEpisodes",
    "listEpisodes",
    "getEpisode",
    "getPart",
    "traceEpisode",
    "assignReward",
    "recordFeedback",
    "withdrawReward",
    "listRewards",
    "listWaitingRewards",
    "getRewardTrend",
    "selectModel",
  ],
  review: [
    "nextReview",
    "submitReview",
    "skipReview",
    "releaseReview",
    "undoReview",
    "getReviewQueue",
    "setReviewRules",
    "getEpisode",
    "getPart",
    "listCorrections",
    "buildCorrectionsDataset",
  ],
  train: [
    "buildDataset",
    "buildGoldenDataset",
    "cancelDataset",
    "listDatasets",
    "getDataset",
    "validateFile",
    "explainExample",
    "estimateTraining",
    "startTraining",
    "getTrainingRun",
    "listTrainingRuns",
    "cancelTraining",
    "startEvaluation",
    "getEvaluation",
    "listEvaluations",
    "listPairs",
    "promote",
    "runPipeline",
    "getPipeline",
    "decidePipeline",
    "listPipelines",
    "getLineage",
  ],
  operate: [
    "getHealth",
    "getStats",
    "getRewardTrend",
    "listDeployments",
    "getActiveDeployment",
    "selectModel",
    "promote",
    "rollback",
    "deactivate",
    "getLineage",
    "getGatePolicy",
    "setGatePolicy",
    "listRetirements",
    "reconcileDeployments",
    "cleanUpDeployments",
    "reconcileTraining",
    "cleanUpTraining",
    "takeUpRecords",
    "listDeadLetters",
    "retryDeadLetters",
    "getRedactionRules",
    "setRedactionRules",
    "testRedaction",
    "rescanEpisodes",
    "listRescans",
    "getRescan",
    "cancelRescan",
    "whoAmI",
    "listAudit",
    "verifyAnswer",
  ],
};

/** The sets that a row's tools are in; a further name of a tool is in `all` alone. */
export const setsOfRow = (name: string): ToolSet[] =>
  (Object.keys(ROWS_OF) as (keyof typeof ROWS_OF)[]).filter((set) =>
    (ROWS_OF[set] as readonly string[]).includes(name),
  );

/**
 * The sets that `?tools=review,train` asks for.
 * @throws LightningError `unknown_tool_set`
 */
export function toolSetsOf(text: string): ReadonlySet<ToolSet> {
  const asked = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const unknown = asked.find((part) => !(TOOL_SETS as readonly string[]).includes(part));
  if (unknown !== undefined)
    throw badRequest("unknown_tool_set", `There is no tool set "${unknown.slice(0, 100)}".`, {
      field: "tools",
      remedy: `The sets are ${TOOL_SETS.join(", ")}; several with commas between them.`,
    });
  return new Set(asked.length === 0 ? [DEFAULT_TOOL_SET] : (asked as ToolSet[]));
}
