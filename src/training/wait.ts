import type { Settings } from "../config/settings.ts";
import { pauseMs, waitingOn } from "../doors/waiting.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import type { LightningError } from "../kernel/errors.ts";
import { patienceMs } from "../provider/passing.ts";
import type { TrainingRun } from "./contract.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";

/** After this long without a job a run is given up: by then somebody has to look at the account. */
const LONGEST_WAIT_MS = 24 * 60 * 60_000;
export const GIVEN_UP = "Given up after 24 hours of waiting. ";

export interface WaitDeps {
  readonly store: TrainingStore;
  readonly settings: Pick<Settings, "maxWaitMinutes">;
  readonly clock: Clock;
}
export type RunWaits = ReturnType<typeof createRunWaits>;

/** A run that cannot go on yet: the reason stands on its record, and it becomes overdue like one whose job takes long. */
export function createRunWaits({ store, settings, clock }: WaitDeps) {
  const waited = (run: TrainingRun) =>
    run.waiting === undefined ? 0 : clock.now() - Date.parse(run.waiting.since);
  const isOverdue = (run: TrainingRun) =>
    clock.now() - Date.parse(run.created_at) > settings.maxWaitMinutes * 60_000;

  return {
    isOverdue,
    isTooLong: (run: TrainingRun): boolean => waited(run) > LONGEST_WAIT_MS,

    /** Whether this fault is to be waited out, for a day at most where the provider is busy or away. */
    isWaitedOut: (run: TrainingRun, error: LightningError): boolean =>
      waited(run) < patienceMs(error, LONGEST_WAIT_MS),

    /** Writes the reason down. @returns seconds to pause: what the provider asks for, within bounds */
    async wait(
      { agent_id, id }: Pick<TrainingRun, "agent_id" | "id">,
      reason: string,
      retryAfterMs?: number,
    ): Promise<number> {
      let pause = pauseMs(0, retryAfterMs);
      await store.update(agent_id, id, (now) => {
        if (isEndedRun(now)) return undefined;
        pause = pauseMs(waited(now), retryAfterMs);
        const again = toIso(clock.now() + pause);
        return {
          ...now,
          waiting: waitingOn(now.waiting, toIso(clock.now()), reason, again),
          ...(isOverdue(now) ? { overdue: true } : {}),
        };
      });
      return Math.ceil(pause / 1000);
    },

    /** Like `wait` for what is looked at often: written only when it is news, and without a time. */
    async note({ agent_id, id }: Pick<TrainingRun, "agent_id" | "id">, reason: string): Promise<TrainingRun> {
      return store.update(agent_id, id, (now) => {
        const waiting = waitingOn(now.waiting, toIso(clock.now()), reason);
        const isNews = now.waiting?.reason !== waiting.reason || (isOverdue(now) && !now.overdue);
        if (isEndedRun(now) || !isNews) return undefined;
        return { ...now, waiting, ...(isOverdue(now) ? { overdue: true } : {}) };
      });
    },

    /** It goes on. */
    over: ({ agent_id, id }: Pick<TrainingRun, "agent_id" | "id">): Promise<TrainingRun> =>
      store.update(agent_id, id, (now) => {
        if (now.waiting === undefined) return undefined;
        const { waiting: _waiting, ...rest } = now;
        return rest;
      }),
  };
}

/** An error as an activity's outcome: what the run is failed with. */
export const rejectedBy = (error: LightningError) => ({
  kind: "rejected" as const,
  code: error.code,
  message: `${patienceMs(error, LONGEST_WAIT_MS) < LONGEST_WAIT_MS ? "" : GIVEN_UP}${error.message}`.slice(
    0,
    2000,
  ),
  ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
});
