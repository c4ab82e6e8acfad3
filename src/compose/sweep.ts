import { BUILD_DATASET, DATASETS } from "../datasets/contract.ts";
import { DEPLOYMENTS, PROMOTE_MODEL } from "../deployments/contract.ts";
import type { FailInput } from "../doors/claim.ts";
import type { Watched, WatchedRecord } from "../doors/sweep.ts";
import { EVALUATE_MODEL, EVALUATIONS } from "../evaluation/contract.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type AgentRecord, type RecordKind, recordsOf, type WorkedOn } from "../ledger/records.ts";
import type { Activities } from "../loop/activities.ts";
import { PIPELINES, RUN_PIPELINE } from "../pipelines/contract.ts";
import { RESCAN_EPISODES, RESCANS } from "../rescans/contract.ts";
import { RUNS, TRAIN_MODEL, type TrainingRun } from "../training/contract.ts";
import type { TrainingService } from "../training/service.ts";
import type { WorkKind } from "../workload/workloads.ts";

/** Every kind of record that an orchestration works on, for the sweep. A stage's own last word ends its record. */
export function watchedKinds(
  ledger: Ledger,
  steps: Activities,
  training: Pick<TrainingService, "givenUp" | "settle">,
): Watched[] {
  const watched = <T extends AgentRecord & WorkedOn>(
    kind: RecordKind<T>,
    orchestration: Watched["orchestration"],
    fail: (input: FailInput) => Promise<unknown>,
    outlivesTermination?: (record: T) => boolean,
  ): Watched => {
    const records = recordsOf(ledger, kind);
    return {
      type: kind.type,
      orchestration,
      underWay: () => records.underWay(),
      fail,
      // What the sweep hands back is what `underWay` gave it.
      noteTakenUp: (seen, takenUp) => records.noteTakenUp(seen as WatchedRecord & T, takenUp),
      ...(outlivesTermination === undefined
        ? {}
        : { outlivesTermination: (record) => outlivesTermination(record as WatchedRecord & T) }),
    };
  };
  return [
    watched(DATASETS, BUILD_DATASET, (input) => steps.failDataset(input)),
    {
      ...watched(RUNS, TRAIN_MODEL, (input) => steps.failRun(input), mayHaveJob),
      givenUp: {
        all: () => training.givenUp(),
        settle: async ({ agent_id, id }) => {
          const { run, corrected } = await training.settle(agent_id, id);
          return corrected ? run.status : undefined;
        },
      },
    },
    watched(EVALUATIONS, EVALUATE_MODEL, (input) => steps.failEvaluation(input)),
    watched(DEPLOYMENTS, PROMOTE_MODEL, (input) => steps.failDeployment(input)),
    watched(RESCANS, RESCAN_EPISODES, (input) => steps.failRescan(input)),
    watched(PIPELINES, RUN_PIPELINE, ({ agent_id, id, code, message }) =>
      steps.finishPipeline({ agent_id, id, outcome: "failed", error: `${code}: ${message}` }),
    ),
  ];
}

/**
 * The kinds of record whose orchestrations begin in their agent's turn. A promotion is not among them: it asks for one
 * step at a time, and what puts a better model into service, or a bad one out of it, waits for nothing.
 */
export function workKinds(ledger: Ledger): WorkKind[] {
  const kind = <T extends AgentRecord & WorkedOn>(
    records: RecordKind<T>,
    orchestration: WorkKind["orchestration"],
    line: WorkKind["line"],
    waitsForPerson?: string,
  ): WorkKind => {
    const { field, values } = records.underWay ?? { field: "status", values: [] };
    return {
      type: records.type,
      orchestration,
      line,
      read: (agentId, id) => recordsOf(ledger, records).read(agentId, id),
      isBusy(record) {
        const status = String((record as unknown as Record<string, unknown>)[field]);
        return values.includes(status) && status !== waitsForPerson;
      },
    };
  };
  return [
    kind(DATASETS, BUILD_DATASET, "short"),
    {
      ...kind(RUNS, TRAIN_MODEL, "training"),
      // What a run's kind has read is a run.
      mustNotWait: (run) => mayHaveJob(run as TrainingRun),
    },
    kind(EVALUATIONS, EVALUATE_MODEL, "short"),
    // For an approval it may wait for weeks.
    kind(PIPELINES, RUN_PIPELINE, "training", "waiting_for_approval"),
  ];
}

/** The steps after which a record may need no more work, with its type: each is the last of some orchestration, or may be. */
export const LAST_STEPS: Partial<Record<keyof Activities, string>> = {
  assembleDataset: DATASETS.type,
  failDataset: DATASETS.type,
  createTrainingJob: RUNS.type,
  recordTrainingResult: RUNS.type,
  failRun: RUNS.type,
  judgeEvaluation: EVALUATIONS.type,
  failEvaluation: EVALUATIONS.type,
  requestApproval: PIPELINES.type,
  finishPipeline: PIPELINES.type,
};

/** A job is paid for and goes on whoever looks at it; `cancel` is the way to end one. */
const mayHaveJob = (run: TrainingRun): boolean =>
  run.aoai_job_id !== undefined || run.intent_at !== undefined;
