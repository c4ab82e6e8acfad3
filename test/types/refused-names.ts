import { NEEDS } from "../../dashboard/src/logic/roles.ts";
import type { App } from "../../src/app.ts";
import { BUILD_DATASET } from "../../src/datasets/contract.ts";
import type { CallContext } from "../../src/doors/operation.ts";
import { ORCHESTRATORS } from "../../src/loop/orchestrators.ts";
import { fanOut, runOrchestration, step } from "../../src/loop/steps.ts";
import type { InputOf, OperationName, ReplyOf } from "../../src/operations.ts";
import { RETRAIN_AGENTS } from "../../src/pipelines/contract.ts";
import type { Commands } from "../../src/surfaces/cli/command.ts";
import type { CliDeps } from "../../src/surfaces/cli/program.ts";
import type { Session } from "../../src/surfaces/cli/session.ts";

/**
 * What the compiler refuses: `npm run typecheck` fails when one of these lines compiles. The functions are never
 * called; each is wrong on purpose where a comment says so, and right where none does.
 */
type Loop = Parameters<typeof step>[0];

/** Names and inputs of operations. */
export const operations = {
  name: [
    "startTraining" satisfies OperationName,
    // @ts-expect-error: misspelt
    "startTrainnig" satisfies OperationName,
  ],
  input: [
    { dataset_id: "dataset-1" } satisfies InputOf<"startTraining">,
    // @ts-expect-error: a training is of a dataset
    { base_model: "gpt-4.1" } satisfies InputOf<"startTraining">,
  ],
  reply: (run: ReplyOf<"getTrainingRun">) => [
    run.tuned_model satisfies string | null,
    // @ts-expect-error: null while there is no model, not absent
    run.tuned_model satisfies string | undefined,
    // @ts-expect-error: the list is called training_runs
    (list: ReplyOf<"listTrainingRuns">) => list.runs,
  ],
};

/** The command line's table, its replacements and its calls. */
export const commandLine = {
  table: {
    startTraining: { waits: true },
    // @ts-expect-error: misspelt
    startTrainnig: { waits: true },
  } satisfies Commands,
  text: {
    getTrainingRun: {
      // @ts-expect-error: a run has no such member
      text: (run) => [String(run.modell)],
    },
  } satisfies Commands,
  instead: {
    getHealth: async () => 0,
    // @ts-expect-error: misspelt
    getHelth: async () => 0,
  } satisfies CliDeps["instead"],
  call: (session: Session) => [
    session.call("getDataset", {}),
    // @ts-expect-error: misspelt
    session.call("getDatasets", {}),
  ],
};

/** What the page's buttons call. */
export const page = {
  ...NEEDS,
  // @ts-expect-error: misspelt
  cancelTrainig: "trainer",
} satisfies Partial<Record<OperationName, string>>;

/** Starting an orchestration, calling one from another, and registering all of them. */
export const orchestrations = {
  start: ({ orchestrations: host }: CallContext) => [
    host.start(BUILD_DATASET, { agent_id: "a", id: "dataset-1" }),
    // @ts-expect-error: an orchestration is started by its declaration, never by a text
    host.start("buildDatset", { agent_id: "a", id: "dataset-1" }),
    // @ts-expect-error: the record's id is missing
    host.start(BUILD_DATASET, { agent_id: "a" }),
    // @ts-expect-error: the retraining has a stamp
    host.start(RETRAIN_AGENTS, { agent_id: "a", id: "x" }),
  ],
  call: function* (context: Loop) {
    const built = yield* runOrchestration(context, BUILD_DATASET, { agent_id: "a", id: "x" }, "x");
    // @ts-expect-error: a build is ready or failed
    return built.status === "active";
  },
  register: {
    ...ORCHESTRATORS,
    // @ts-expect-error: another orchestration's code
    trainModel: ORCHESTRATORS.buildDataset,
  } satisfies typeof ORCHESTRATORS,
};

/** Steps of the loop, alone and side by side. */
export const activities = {
  step: (context: Loop) => [
    step(context, "claimRun", { agent_id: "a", id: "run-1", instance_id: "run-1" }),
    // @ts-expect-error: misspelt
    step(context, "claimRnu", { agent_id: "a", id: "run-1", instance_id: "run-1" }),
    // @ts-expect-error: the instance is missing
    step(context, "claimRun", { agent_id: "a", id: "run-1" }),
    // @ts-expect-error: not one that settles its faults, as steps side by side must
    fanOut(context, "claimRun", [], { width: 1 }),
  ],
  run: (app: App) => [
    app.runActivity("claimRun", {}),
    // @ts-expect-error: misspelt
    app.runActivity("claimRnu", {}),
  ],
};
