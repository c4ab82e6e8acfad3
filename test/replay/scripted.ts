import type { Activities, FannedOut, Settled } from "../../src/loop/activities.ts";

type Answer<Name extends keyof Activities> = Name extends FannedOut
  ? Settled<Awaited<ReturnType<Activities[Name]>>>
  : Awaited<ReturnType<Activities[Name]>>;
type Script = {
  readonly orchestrator: string;
  /** What each step answers, call after call; the last one again and again. An error is what its engine says of it. */
  readonly steps: { readonly [Name in keyof Activities]?: readonly (Answer<Name> | Error)[] };
};

const claimed = { kind: "claimed", hosted_id: "hosted-1" } as const;
const switched = { kind: "switched", deployment_name: "desk-1" } as const;

/** A fanned-out step's answer. */
const settled = <Value>(value: Value): Settled<Value> => ({ ok: true, value });
const workerDied = new Error("node exited with code 137 (0x89)");

/**
 * Ways through orchestrators that the embedded engines never take: deployments that Azure makes, and records that
 * another instance works on. The real orchestrators run; the steps answer as written here.
 */
export const SCRIPTS: Readonly<Record<string, Script>> = {
  "hosted-slow": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [claimed],
      provisionHosted: [{ kind: "making", look_again_seconds: 30 }, { kind: "made" }],
      probeHosted: [{ kind: "not_ready" }, { kind: "ready" }],
      switchPointer: [switched],
    },
  },
  "hosted-made-anew": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [claimed],
      provisionHosted: [
        { kind: "failed", code: "deployment_failed", message: "It was not made.", remake: true },
        { kind: "made" },
      ],
      remakeHosted: [null],
      probeHosted: [{ kind: "ready" }],
      switchPointer: [switched],
    },
  },
  "hosted-refused": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [claimed],
      provisionHosted: [{ kind: "failed", code: "no_quota", message: "No quota is left.", remake: false }],
      failDeployment: [null],
    },
  },
  "switch-refused": {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [{ kind: "claimed" }],
      probeDeployment: [{ kind: "not_ready" }, { kind: "ready" }],
      switchPointer: [{ kind: "refused", code: "superseded", message: "A newer one was asked for." }],
      failDeployment: [null],
    },
  },
  elsewhere: {
    orchestrator: "promoteModel",
    steps: {
      claimDeployment: [{ kind: "elsewhere" }],
      readDeploymentStatus: [{ state: "provisioning" }, { state: "active" }],
    },
  },
  "worker-died": {
    orchestrator: "buildDataset",
    steps: {
      claimDataset: [claimed],
      readFeedProgress: [{ caught_up: true }],
      planDatasetShards: [{ shards: [0, 1, 2].map((index) => ({ index })) }],
      buildDatasetShard: [settled({ read: 1, kept: 1 }), workerDied, settled({ read: 2, kept: 1 })],
      assembleDataset: [{ kind: "ready", training_count: 3, validation_count: 0, test_count: 0 }],
      readDatasetStatus: [{ status: "ready" }],
    },
  },
  "worker-died-over-files": {
    orchestrator: "trainModel",
    steps: {
      claimRun: [claimed],
      uploadTrainingFile: [workerDied, settled({ kind: "uploaded", file_id: "file-1", processed: false })],
      readTrainingFile: [workerDied, settled({ kind: "processed" })],
      readRunStatus: [{ status: "running", cancel_requested: false }],
      createTrainingJob: [{ kind: "created", job_id: "job-1" }],
      pollTrainingJob: [{ state: "succeeded", terminal: true, poll_again_seconds: 10 }],
      recordTrainingResult: [{ status: "succeeded", tuned_model: "model-1" }],
    },
  },
  "worker-died-over-answers": {
    orchestrator: "evaluateModel",
    steps: {
      claimEvaluation: [claimed],
      planEvaluation: [{ kind: "planned", batches: 3 }],
      answerEvaluationBatch: [
        settled({ answered: 4, missing: 0 }),
        workerDied,
        settled({ answered: 4, missing: 0 }),
      ],
      judgeEvaluation: [{ verdict: "pass" }],
      readEvaluationStatus: [{ status: "finished", verdict: "pass" }],
    },
  },
};
