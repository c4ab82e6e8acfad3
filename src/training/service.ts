import type { Settings } from "../config/settings.ts";
import type { Dataset } from "../datasets/contract.ts";
import type { BeforeMaking } from "../doors/keyed-request.ts";
import { toIso } from "../kernel/clock.ts";
import { without } from "../kernel/defined.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import { createTrainingCleanUp } from "./clean-up.ts";
import type { RunStatus, TrainingRun } from "./contract.ts";
import { estimate } from "./estimate.ts";
import type { Estimate, EstimateInput } from "./estimate-contract.ts";
import { createFollower } from "./follow.ts";
import { cancelRequested, foundAlive } from "./moves.ts";
import {
  createTrainingRequests,
  type PreparedRun,
  type StartTrainingInput,
  type TrainingCaller,
  type TrainingRequestDeps,
} from "./request.ts";
import { jobIsOver, LONGEST_JOB_MS, mayBeAlive, stateOfJob } from "./rules.ts";
import { isEndedRun } from "./status.ts";
import { createTrainingStore } from "./store.ts";

export interface TrainingDeps extends Omit<TrainingRequestDeps, "store"> {
  readonly ledger: Ledger;
  readonly provider: Provider;
  readonly settings: TrainingRequestDeps["settings"] & Pick<Settings, "maxWaitMinutes">;
  readonly logger: Logger;
  readonly evaluations?: Parameters<typeof estimate>[0]["evaluations"];
}
export type TrainingService = ReturnType<typeof createTrainingService>;

/** The verbs of training. Training itself is the orchestration `trainModel`, under the run's id. */
export function createTrainingService(deps: TrainingDeps) {
  const { datasets, clock } = deps;
  const store = createTrainingStore(deps.ledger);
  const follower = createFollower({ ...deps, store });
  const request = createTrainingRequests({ ...deps, store });

  /**
   * Makes the record agree with the provider, whatever it says now: a run that was given up finds its success, a
   * job whose id was lost is found again. `corrected`: the status has changed.
   */
  async function reconcile(agentId: string, id: string): Promise<{ run: TrainingRun; corrected: boolean }> {
    const before = await store.get(agentId, id);
    const jobId = before.aoai_job_id ?? (await follower.findJob(before))?.id;
    if (jobId === undefined) {
      const run = await follower.settle(before);
      await follower.deleteFiles(run);
      return { run, corrected: false };
    }
    const job = await follower.readJob(jobId);
    if (job === undefined) {
      // Not believed at the first look: one that is under way is looked for again, and what has ended stays as it ended.
      if (!isEndedRun(before)) await follower.outOfSight(before, jobId);
      const run = isEndedRun(before)
        ? await follower.settle(before)
        : await follower.record(await store.get(agentId, id), jobId);
      return { run, corrected: run.status !== before.status };
    }
    const after = jobIsOver(job)
      ? await follower.record(before, jobId)
      : await store.update(agentId, id, (now) =>
          foundAlive(without(now, "unseen", "look_failed"), stateOfJob(job.state), {
            aoai_job_id: jobId,
            started_at: now.started_at ?? toIso(job.created_at),
          }),
        );
    await follower.deleteFiles(after);
    return { run: after, corrected: after.status !== before.status };
  }

  return {
    /** The dataset that a run trains on, as its manifest stands. */
    readDataset: (run: TrainingRun): Promise<Dataset> => datasets.get(run.agent_id, run.dataset_id),

    /**
     * Checks the request and creates the run's record if there is none. Starts nothing and sends nothing.
     * @throws not_found `dataset_not_found`, conflict `dataset_not_ready`, `idempotency_conflict`, invalid
     * `dataset_failed`, `dataset_too_small`, `dataset_other_format`, `hyperparameter_of_other_method`,
     * `grader_missing`, `grader_not_taken`, `grader_unknown_field`, `validation_missing`, `base_model_retired`,
     * `training_not_offered`, `cost_unknown`, `budget_exceeded`
     */
    prepare: (
      input: StartTrainingInput,
      caller?: TrainingCaller,
      before?: BeforeMaking,
    ): Promise<PreparedRun> => request(input, caller, before),

    /** What a training would take and cost. @throws not_found `dataset_not_found`, conflict `dataset_not_ready` */
    estimate: async (input: EstimateInput): Promise<Estimate> =>
      await estimate(deps, await datasets.get(input.agent_id, input.dataset_id), input),

    /** @throws not_found `run_not_found` */
    get: async (agentId: string, id: string): Promise<TrainingRun> => bare(await store.get(agentId, id)),

    /** Newest first. */
    async list(
      agentId: string,
      options: { status?: RunStatus | undefined; limit: number; after?: string | undefined },
    ): Promise<{ runs: TrainingRun[]; continuation?: string | undefined }> {
      const page = await store.list(agentId, options);
      return { runs: page.items.map((run) => bare(run)), continuation: page.continuation };
    },

    /**
     * Asks for the run's end. A run that nobody has taken up ends at once; else the next look passes it on.
     * @throws conflict `run_finished`
     */
    cancel: (agentId: string, id: string): Promise<TrainingRun> =>
      store.update(agentId, id, (now) => cancelRequested(now, toIso(clock.now()))),

    reconcile,

    /** Every run that was given up although its job may be going, whoever's it is. */
    async *givenUp(): AsyncGenerator<TrainingRun> {
      // A job may begin some time after its run was created; which ones count is said by `mayBeAlive`.
      const since = clock.now() - 2 * LONGEST_JOB_MS;
      for await (const run of store.failedSince(toIso(since)))
        if (run.failed_in === "tracking" && mayBeAlive(run, clock.now())) yield run;
    },

    /**
     * A look at the job of a run that was given up: how it ended is written down once it has; until then it goes on as it
     * does, the record stays as it is, and a cancellation is passed on.
     */
    async settle(agentId: string, id: string): Promise<{ run: TrainingRun; corrected: boolean }> {
      let run: TrainingRun = await store.get(agentId, id);
      const lost = run.aoai_job_id === undefined ? await follower.findJob(run) : undefined;
      if (lost !== undefined) run = await follower.adopt(run, lost);
      const jobId = run.aoai_job_id;
      const isShown = jobId !== undefined && (await follower.readJob(jobId)) !== undefined;
      if (isShown && !(await follower.look(run, jobId)).over) return { run: bare(run), corrected: false };
      return reconcile(agentId, id);
    },

    /** Leftovers at the provider: files of runs that are over, and failed jobs. */
    cleanUp: createTrainingCleanUp({ ...deps, store }),
  };
}
