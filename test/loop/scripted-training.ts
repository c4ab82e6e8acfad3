import type { VirtualClock } from "../../src/kernel/clock.ts";
import type { Activities } from "../../src/loop/activities.ts";

type Training = Pick<
  Activities,
  | "claimRun"
  | "readRunStatus"
  | "readTrainingFile"
  | "createTrainingJob"
  | "pollTrainingJob"
  | "recordTrainingResult"
>;

/**
 * A training whose job goes on until somebody cancels it, looked at every five minutes: the steps of `trainModel` over
 * a ledger of two facts, of which the test is the other writer.
 */
export function scriptedTraining(clock: VirtualClock) {
  const world = {
    cancelRequested: false,
    /** When the job was cancelled, in ms after the start. */
    cancelledAt: undefined as number | undefined,
    looks: 0,
    jobs: 0,
    filesReady: true,
    /** Runs while a look is under way, after it has read the ledger. */
    duringLook: async (_look: number): Promise<void> => undefined,
  };
  const began = clock.now();
  const end = (): void => {
    world.cancelledAt ??= clock.now() - began;
  };
  const steps: Training = {
    claimRun: async () => ({ kind: "claimed" }),
    readRunStatus: async () => ({
      status: world.cancelledAt === undefined ? "running" : "cancelled",
      cancel_requested: world.cancelRequested,
    }),
    readTrainingFile: async () => ({ kind: world.filesReady ? "processed" : "processing" }),
    async createTrainingJob() {
      if (world.cancelRequested) {
        end();
        return { kind: "cancelled" };
      }
      world.jobs++;
      return { kind: "created", job_id: "job-1" };
    },
    async pollTrainingJob() {
      const asked = world.cancelRequested;
      await world.duringLook(++world.looks);
      if (asked) end();
      return { state: asked ? "cancelled" : "running", terminal: asked, poll_again_seconds: 300 };
    },
    recordTrainingResult: async () => ({ status: "cancelled" }),
  };
  const settled = <T>(answer: () => T) => ({ ok: true, value: answer() });
  return {
    world,
    activities: {
      ...steps,
      uploadTrainingFile: ({ split }: { split: string }) =>
        settled(() => ({
          kind: "uploaded",
          file_id: split === "train" ? "file-1" : "",
          processed: world.filesReady,
        })),
      readTrainingFile: async () => settled(() => ({ kind: world.filesReady ? "processed" : "processing" })),
    },
  };
}
