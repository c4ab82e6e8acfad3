import { type LightningError, notFound } from "../kernel/errors.ts";

interface Kind {
  readonly code: string;
  /** The code of the releases before 0.2.0, where it was another. */
  readonly formerly?: string;
  readonly noun: string;
  readonly field: string;
  /** The operation that lists the ones there are. */
  readonly list: string;
}

const KINDS = {
  episode: {
    code: "episode_not_found",
    formerly: "episode_missing",
    noun: "episode",
    field: "episode_id",
    list: "listEpisodes",
  },
  reward: { code: "reward_not_found", noun: "reward", field: "reward_id", list: "listRewards" },
  dataset: { code: "dataset_not_found", noun: "dataset", field: "dataset_id", list: "listDatasets" },
  run: {
    code: "run_not_found",
    formerly: "run_missing",
    noun: "training run",
    field: "run_id",
    list: "listTrainingRuns",
  },
  evaluation: {
    code: "evaluation_not_found",
    noun: "evaluation",
    field: "evaluation_id",
    list: "listEvaluations",
  },
  deployment: {
    code: "deployment_not_found",
    noun: "deployment",
    field: "deployment_id",
    list: "listDeployments",
  },
  rescan: { code: "rescan_not_found", noun: "re-scan", field: "rescan_id", list: "listRescans" },
  pipeline: { code: "pipeline_not_found", noun: "pipeline", field: "pipeline_id", list: "listPipelines" },
} as const satisfies Record<string, Kind>;

export type RecordKind = keyof typeof KINDS;

/**
 * The one refusal for a record that the caller named, in the path or in the body, and that the agent does not have:
 * 404, `<kind>_not_found`, the field that named it and the operation that lists the ones there are.
 * @param facts `field` where another than `<kind>_id` named it; `formerly` where this place had a code of its own
 */
export function noSuchRecord(
  kind: RecordKind,
  agentId: string,
  id: string,
  facts: { readonly field?: string | undefined; readonly formerly?: string } = {},
): LightningError {
  const { code, noun, field, list, ...rest }: Kind = KINDS[kind];
  return notFound(code, `Agent ${agentId} has no ${noun} ${id}.`, {
    field: facts.field ?? field,
    remedy: `\`${list}\` shows the ones there are; check agent_id too.`,
    formerly: facts.formerly ?? rest.formerly,
  });
}
