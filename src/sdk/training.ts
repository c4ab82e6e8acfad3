import type { Clock } from "../kernel/clock.ts";
import { isEndedRun } from "../training/status.ts";
import type { Hyperparameters, OperationOutputs } from "../wire/types.ts";
import { type Camel, camelRecord, type InputOf, type ReplyOf, snakeRecord } from "./names.ts";
import type { Invoke } from "./transport.ts";
import { once, type WaitOptions, waitFor } from "./wait.ts";

/** A run as the doors show it: what is not known yet is null where the type says so. */
export type TrainingResult = ReplyOf<"getTrainingRun">;
/** A run in a list: without curve, events and checkpoints. */
export type ListedTrainingRun = Camel<OperationOutputs["listTrainingRuns"]["training_runs"][number]>;

/** Older answers name the run by one of its two names only. */
function withBothNames<T extends { readonly id: string; readonly runId: string }>(run: T): T {
  const { id, runId }: { id?: string; runId?: string } = run;
  return { ...run, id: id ?? runId, runId: runId ?? id };
}

/** Starts and follows fine-tuning jobs (the design's TrainingRunner). */
export function createTrainingRunner(invoke: Invoke, clock: Clock, longestWaitMs: number) {
  const get = async (runId: string, agentId?: string): Promise<TrainingResult> =>
    withBothNames((await invoke("getTrainingRun", { runId, agentId })).body);

  const waitForRun = (first: TrainingResult, options: WaitOptions) =>
    waitFor(
      clock,
      once(first, () => get(first.id, first.agentId)),
      isEndedRun,
      { timeoutMs: longestWaitMs, ...options },
    );

  return {
    /**
     * Starts a run; equal requests meet in one. Each call has a key of its own, under which a lost answer is asked for
     * again, so that `forceNew` pays once; an `idempotencyKey` of the caller's holds over calls and processes. With `wait` it resolves when the run has ended, and `status` says how.
     * @throws LightningError `still_running` when LIGHTNING_MAX_WAIT_MINUTES passed; the run goes on
     */
    async runTraining(
      input: Omit<InputOf<"startTraining">, "hyperparameters"> & {
        readonly hyperparameters?: Hyperparameters | Camel<Hyperparameters> | undefined;
        readonly wait?: boolean | undefined;
      },
      options: WaitOptions = {},
    ): Promise<TrainingResult> {
      const { wait, hyperparameters, ...rest } = input;
      const asked = {
        ...rest,
        ...(hyperparameters === undefined ? {} : { hyperparameters: snakeRecord(hyperparameters) }),
      };
      const { body } = await invoke("startTraining", asked, { signal: options.signal });
      const run = withBothNames(body);
      const known = { ...run, agentId: run.agentId ?? input.agentId };
      return wait === true ? waitForRun(known, options) : run;
    },

    getTrainingRun: get,

    /** Resolves when the run has ended. */
    waitForCompletion: async (
      { runId, agentId }: { readonly runId: string; readonly agentId?: string },
      options: WaitOptions = {},
    ): Promise<TrainingResult> => waitForRun(await get(runId, agentId), options),

    async listTrainingRuns(
      agentId?: string,
      page: Omit<InputOf<"listTrainingRuns">, "agentId"> = {},
    ): Promise<{ trainingRuns: ListedTrainingRun[]; continuation: string | undefined }> {
      const { body } = await invoke("listTrainingRuns", { agentId, ...page });
      return {
        trainingRuns: body.trainingRuns.map((run) => withBothNames(camelRecord(run))),
        continuation: body.continuation,
      };
    },

    cancelTraining: async (input: InputOf<"cancelTraining">): Promise<TrainingResult> =>
      withBothNames((await invoke("cancelTraining", input)).body),
  };
}
