import { BUILD_DATASET, DATASETS } from "../datasets/contract.ts";
import { DEPLOYMENTS, PROMOTE_MODEL } from "../deployments/contract.ts";
import type { FailInput } from "../doors/claim.ts";
import type { Watched, WatchedRecord } from "../doors/sweep.ts";
import { EVALUATE_MODEL, EVALUATIONS } from "../evaluation/contract.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { type AgentRecord, type RecordKind, recordsOf, type WorkedOn } from "../ledger/records.ts";
import type { Activities } from "../loop/activities.ts";
import { PIPELINES, RUN_PIPELINE } from "../pipelines/contract.ts";
import { RUNS, TRAIN_MODEL, type TrainingRun } from "../training/contract.ts";

/** Every kind of record that an orchestration works on, for the sweep. A stage's own last word ends its record. */
export function watchedKinds(ledger: Ledger, steps: Activities): Watched[] {
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
    watched(RUNS, TRAIN_MODEL, (input) => steps.failRun(input), mayHaveJob),
    watched(EVALUATIONS, EVALUATE_MODEL, (input) => steps.failEvaluation(input)),
    watched(DEPLOYMENTS, PROMOTE_MODEL, (input) => steps.failDeployment(input)),
    watched(PIPELINES, RUN_PIPELINE, ({ agent_id, id, code, message }) =>
      steps.finishPipeline({ agent_id, id, outcome: "failed", error: `${code}: ${message}` }),
    ),
  ];
}

/** A job is paid for and goes on whoever looks at it; `cancel` is the way to end one. */
const mayHaveJob = (run: TrainingRun): boolean =>
  run.aoai_job_id !== undefined || run.intent_at !== undefined;
