import { type Dataset, shownWatermark } from "../datasets/contract.ts";
import { noSuchRecord, type RecordKind } from "../doors/no-such-record.ts";
import type { Evaluation } from "../evaluation/contract.ts";
import { bare } from "../ledger/ledger.ts";
import { chosenHyperparameters, type TrainingRun } from "../training/contract.ts";
import type { Deployment, DeploymentEvent } from "./contract.ts";
import type { Hosted } from "./hosted/contract.ts";
import { gateWarnings, shownState } from "./rules.ts";
import type { DeploymentStore } from "./store.ts";

export const LINEAGE_KINDS = ["deployments", "runs", "datasets", "evaluations"] as const;
export type LineageKind = (typeof LINEAGE_KINDS)[number];
const KIND_OF = {
  deployments: "deployment",
  runs: "run",
  datasets: "dataset",
  evaluations: "evaluation",
} as const satisfies Record<LineageKind, RecordKind>;

/** An ancestor that the records name and the ledger does not have: shown, never dropped. */
export interface Missing {
  readonly id: string;
  readonly missing: true;
}
const missing = (id: string): Missing => ({ id, missing: true });

/** What became of a deployment after it was promoted, from the pointer's history. */
export function rollbackInfo(id: string, events: readonly DeploymentEvent[]) {
  const left = events.findLast((one) => one.from === id && one.what !== "promoted");
  const returned = events.findLast((one) => one.to === id && one.what === "rolled_back");
  return {
    ...(returned === undefined
      ? {}
      : { rollback_from: returned.from, rollback_reason: returned.reason, rollback_at: returned.created_at }),
    ...(left === undefined
      ? {}
      : {
          withdrawn: { what: left.what, to: left.to, by: left.by, reason: left.reason, at: left.created_at },
        }),
  };
}

export function showDeployment(deployment: Deployment, activeId: string | null, hosted?: Hosted) {
  const {
    id,
    type: _type,
    claimed_by: _claimedBy,
    hosted_id: _hostedId,
    restores_over: _over,
    judged_version: _judged,
    ...rest
  } = deployment;
  return {
    deployment_id: id,
    id,
    ...rest,
    run_id: deployment.training_run_id,
    tuned_model: deployment.tuned_model_name,
    is_active: id === activeId,
    state: shownState(deployment, activeId, hosted),
    ...(hosted === undefined ? {} : { hosted: showHosted(hosted) }),
    warnings: gateWarnings(deployment),
  };
}

/** What is there at the provider under the deployment's name. */
const showHosted = ({ state, sku, capacity, requested_at, ready_at, gone_at, pruned, error }: Hosted) => ({
  state,
  sku,
  capacity,
  requested_at,
  ready_at,
  gone_at,
  pruned,
  error,
});

const showRun = (run: TrainingRun) => ({
  id: run.id,
  base_model: run.base_model,
  dataset_id: run.dataset_id,
  dataset_hash: run.dataset_hash,
  status: run.status,
  tuned_model_name: run.tuned_model_name,
  aoai_job_id: run.aoai_job_id,
  training_file_id: run.training_file_id,
  validation_file_id: run.validation_file_id,
  hyperparameters: chosenHyperparameters(run.hyperparameters),
  seed: run.seed,
  created_at: run.created_at,
  started_at: run.started_at,
  completed_at: run.completed_at,
});

const showDataset = (dataset: Dataset) => ({
  id: dataset.id,
  name: dataset.name,
  status: dataset.status,
  training_count: dataset.training_count,
  validation_count: dataset.validation_count,
  test_count: dataset.test_count,
  episode_count: dataset.episode_count,
  // Golden examples have no reward, all others have one.
  examples_from_episodes: dataset.figures?.rewards.counts.reduce((sum, count) => sum + count, 0),
  reward_threshold: dataset.recipe.min_reward,
  recipe: dataset.recipe,
  watermark: shownWatermark(dataset.watermark),
  content_hash: dataset.content_hash,
  files: Object.fromEntries(
    Object.entries(dataset.files ?? {}).map(([split, { lines, bytes, sha256 }]) => [
      split,
      { lines, bytes, sha256 },
    ]),
  ),
  created_at: dataset.created_at,
});

const showEvaluation = (evaluation: Evaluation) => ({
  id: evaluation.id,
  run_id: evaluation.run_id,
  dataset_id: evaluation.dataset_id,
  split: evaluation.split,
  candidate: evaluation.candidate,
  baseline: evaluation.baseline,
  metric: evaluation.metric,
  grading: evaluation.grading,
  status: evaluation.status,
  verdict: evaluation.result?.verdict,
  result: evaluation.result,
  created_at: evaluation.created_at,
  completed_at: evaluation.completed_at,
});

/** Reads the records that made a model, in both directions. Each record carries its parents' ids. */
export function createLineage(store: DeploymentStore) {
  const run = async (agentId: string, id: string) => {
    const found = await store.readRun(agentId, id);
    return found === undefined ? missing(id) : showRun(found);
  };
  const dataset = async (agentId: string, id: string) => {
    const found = await store.readDataset(agentId, id);
    return found === undefined ? missing(id) : showDataset(found);
  };
  const evaluation = async (agentId: string, id: string) => {
    const found = await store.readEvaluation(agentId, id);
    return found === undefined ? missing(id) : showEvaluation(found);
  };

  /** Deployment → evaluation, training run → dataset. */
  async function ofDeployment(
    deployment: Deployment,
    activeId: string | null,
    events: readonly DeploymentEvent[],
    hosted: ReadonlyMap<string, Hosted>,
  ) {
    const agentId = deployment.agent_id;
    const trainingRun = await run(agentId, deployment.training_run_id);
    const datasetId =
      deployment.dataset_id ?? ("dataset_id" in trainingRun ? trainingRun.dataset_id : undefined);
    return {
      ...showDeployment(deployment, activeId, hosted.get(deployment.deployment_name)),
      ...rollbackInfo(deployment.id, events),
      training_run: trainingRun,
      dataset: datasetId === undefined ? null : await dataset(agentId, datasetId),
      evaluation:
        deployment.evaluation_id === undefined ? null : await evaluation(agentId, deployment.evaluation_id),
    };
  }
  type DeploymentLineage = Awaited<ReturnType<typeof ofDeployment>>;

  async function deploymentsOfRuns(agentId: string, runIds: readonly string[]): Promise<Deployment[]> {
    const found: Deployment[] = [];
    for (const id of runIds)
      for await (const one of store.deploymentsOfRun(agentId, id)) found.push(bare(one));
    return found;
  }

  /** Those that name a dataset or evaluation themselves: what is left where the records between are gone, too. */
  async function deploymentsNaming(agentId: string, field: "dataset_id" | "evaluation_id", id: string) {
    const found: Deployment[] = [];
    for await (const one of store.deploymentsNaming(agentId, field, id)) found.push(bare(one));
    return found;
  }

  async function evaluationsWith(agentId: string, field: "run_id" | "dataset_id", id: string) {
    const found: ReturnType<typeof showEvaluation>[] = [];
    for await (const one of store.evaluationsWith(agentId, field, id)) found.push(showEvaluation(one));
    return found;
  }

  return {
    ofDeployment,

    /** The agent's deployments, newest first, with the whole history of its pointer. */
    async ofAgent(agentId: string, limit: number, after?: string) {
      const [page, pointer, events, hosted] = await Promise.all([
        store.listDeployments(agentId, limit, after),
        store.readPointer(agentId),
        store.events(agentId),
        store.hosted.ofAgent(agentId),
      ]);
      const activeId = pointer?.deployment_id ?? null;
      const lineage = await Promise.all(
        page.items.map((one) => ofDeployment(bare(one), activeId, events, hosted)),
      );
      return {
        agent_id: agentId,
        deployments_found: lineage.length,
        lineage,
        events,
        ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
      };
    },

    /** One record with all that led to it and all that came of it. @throws not_found, as of the kind */
    async ofRecord(agentId: string, kind: LineageKind, id: string) {
      const [pointer, events, hosted] = await Promise.all([
        store.readPointer(agentId),
        store.events(agentId),
        store.hosted.ofAgent(agentId),
      ]);
      const shown = (deployments: readonly Deployment[]) =>
        Promise.all(
          deployments.map((one) => ofDeployment(one, pointer?.deployment_id ?? null, events, hosted)),
        );
      const answer = <Facts extends object>(lineage: DeploymentLineage[], facts: Facts) => {
        const ids = new Set(lineage.map((one) => one.id));
        const touched = events.filter((one) => ids.has(one.from ?? "") || ids.has(one.to ?? ""));
        return {
          agent_id: agentId,
          kind,
          id,
          deployments_found: lineage.length,
          lineage,
          events: touched,
          ...facts,
        };
      };
      switch (kind) {
        case "deployments": {
          const deployment = await store.readDeployment(agentId, id);
          if (deployment === undefined) break;
          return answer(await shown([bare(deployment)]), {});
        }
        case "runs": {
          const found = await store.readRun(agentId, id);
          const deployments = await deploymentsOfRuns(agentId, [id]);
          const evaluations = await evaluationsWith(agentId, "run_id", id);
          // One that is gone, erased say, is still asked about by what came of it.
          if (found === undefined && deployments.length + evaluations.length === 0) break;
          const datasetId = found?.dataset_id ?? deployments.find((one) => one.dataset_id)?.dataset_id;
          return answer(await shown(deployments), {
            training_run: found === undefined ? missing(id) : showRun(found),
            dataset: datasetId === undefined ? null : await dataset(agentId, datasetId),
            evaluations,
          });
        }
        case "datasets": {
          const found = await store.readDataset(agentId, id);
          const runs: TrainingRun[] = [];
          for await (const one of store.runsOfDataset(agentId, id)) runs.push(bare(one));
          const runIds = runs.map((one) => one.id);
          const deployments = [
            ...(await deploymentsOfRuns(agentId, runIds)),
            ...(await deploymentsNaming(agentId, "dataset_id", id)).filter(
              (one) => !runIds.includes(one.training_run_id),
            ),
          ];
          const evaluations = await evaluationsWith(agentId, "dataset_id", id);
          if (found === undefined && runs.length + evaluations.length + deployments.length === 0) break;
          return answer(await shown(deployments), {
            dataset: found === undefined ? missing(id) : showDataset(found),
            training_runs: runs.map(showRun),
            evaluations,
          });
        }
        case "evaluations": {
          const found = await store.readEvaluation(agentId, id);
          const deployments = await deploymentsNaming(agentId, "evaluation_id", id);
          const [first] = deployments;
          if (found === undefined && first === undefined) break;
          const runId = found === undefined ? first?.training_run_id : found.run_id;
          const datasetId = found?.dataset_id;
          return answer(await shown(deployments), {
            evaluation: found === undefined ? missing(id) : showEvaluation(found),
            training_run: runId === undefined ? null : await run(agentId, runId),
            dataset: datasetId === undefined ? null : await dataset(agentId, datasetId),
          });
        }
      }
      throw noSuchRecord(KIND_OF[kind], agentId, id, { field: "id", formerly: "record_not_found" });
    },
  };
}
