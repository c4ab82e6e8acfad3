import type { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import type { startTrainingInputSchema, TrainingRun } from "../training/contract.ts";
import { once } from "./datasets.ts";
import { type Camel, type CamelInput, camelRecord, snakeRecord } from "./names.ts";
import { type Invoke, type WaitOptions, waitFor } from "./transport.ts";

export type TrainingResult = Camel<Omit<TrainingRun, "type" | "claimed_by">> & {
  readonly runId: string;
  readonly tunedModel?: string;
};

/** Older answers name the run by one of its two names only. */
function show(body: object): TrainingResult {
  const run = camelRecord(body) as unknown as TrainingResult;
  return { ...run, id: run.id ?? run.runId, runId: run.runId ?? run.id };
}

const ENDED = new Set(["succeeded", "failed", "cancelled"]);

/** Starts and follows fine-tuning jobs (the design's TrainingRunner). */
export function createTrainingRunner(invoke: Invoke, clock: Clock, longestWaitMs: number) {
  const get = async (runId: string, agentId?: string): Promise<TrainingResult> =>
    show((await invoke("getTrainingRun", snakeRecord({ runId, agentId }))).body);

  const waitForRun = (first: TrainingResult, options: WaitOptions) =>
    waitFor(
      clock,
      once(first, () => get(first.id, first.agentId)),
      ({ status }) => ENDED.has(status),
      { timeoutMs: longestWaitMs, ...options },
    );

  return {
    /**
     * Starts a run; equal requests meet in one. With `wait` it resolves when the run has ended, and `status` says how.
     * @throws LightningError `still_running` when LIGHTNING_MAX_WAIT_MINUTES passed; the run goes on
     */
    async runTraining(
      input: CamelInput<z.input<typeof startTrainingInputSchema>> & { readonly wait?: boolean },
      options: WaitOptions = {},
    ): Promise<TrainingResult> {
      const { wait, hyperparameters, ...rest } = input;
      const { body } = await invoke("startTraining", {
        ...snakeRecord(rest),
        ...(hyperparameters === undefined ? {} : { hyperparameters: snakeRecord(hyperparameters) }),
      });
      const run = show(body);
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
      page: { status?: string; limit?: number; continuation?: string } = {},
    ): Promise<{ trainingRuns: TrainingResult[]; continuation: string | undefined }> {
      const { body } = await invoke("listTrainingRuns", snakeRecord({ agentId, ...page }));
      return {
        trainingRuns: (body.training_runs as object[]).map(show),
        continuation: body.continuation as string | undefined,
      };
    },

    cancelTraining: async (input: {
      readonly runId: string;
      readonly agentId?: string;
    }): Promise<TrainingResult> => show((await invoke("cancelTraining", snakeRecord(input))).body),
  };
}
