import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { failureText } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { RegisteredFunction } from "../core-api/types.ts";
import { callWithRetry } from "../retry.ts";
import type { StateFile } from "../state-file.ts";
import type { Tracker } from "../tracker.ts";
import type { Schedule } from "./schedule.ts";
import { afterRun, atStart, dueAt, isPastDue, NEVER_YET, type Status } from "./schedule-status.ts";

export interface TimerDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateFile;
  readonly tracker: Tracker;
}

export interface RunningTimer {
  /** When it runs next; undefined while it runs, and for never. */
  readonly nextAt: () => number | undefined;
  /** Runs it now, besides its schedule. */
  runNow(): Promise<void>;
  stop(): void;
}

/**
 * Runs a timer function on its schedule. A run never overlaps the one before; what falls due meanwhile runs right after
 * it, once. With `useMonitor` the status is kept, so that a start waits for what was due before, and runs at once with
 * `isPastDue` when that was missed.
 */
export function startTimer(deps: TimerDeps, fn: RegisteredFunction, schedule: Schedule): RunningTimer {
  const { clock, logger, state, tracker } = deps;
  const { runOnStartup, useMonitor } = fn.trigger.binding;
  const key = `timer:${fn.metadata.name}`;
  const monitored = useMonitor !== false && schedule.isMonitored;
  const stopped = new AbortController();
  let cancel: (() => void) | undefined;
  let nextAt: number | undefined;

  const started = clock.now();
  const kept = monitored ? (state.get(key) as Status | undefined) : undefined;
  const initial = atStart(schedule, kept, started);
  if (monitored && initial !== kept) state.set(key, initial);
  // What the first run of all is shown has no LastUpdated, though the stored status has.
  let status: Status = kept === undefined ? { ...initial, LastUpdated: NEVER_YET } : initial;

  async function call(late: boolean): Promise<void> {
    const outcome = await callWithRetry(
      deps,
      fn,
      {
        trigger: {
          json: JSON.stringify({
            Schedule: { AdjustForDST: !schedule.isInterval },
            ScheduleStatus: monitored ? status : null,
            IsPastDue: late,
          }),
        },
      },
      stopped.signal,
    );
    if (!outcome.ok) logger.error(`Timer '${fn.metadata.name}' failed: ${failureText(outcome.error)}`);
  }

  async function tracked(work: () => Promise<void>): Promise<void> {
    const end = tracker.begin();
    try {
      await work();
    } catch (thrown) {
      // Only a stop in mid-retry comes here: what was missed shows as past due at the next start.
      if (!stopped.signal.aborted) logger.error(`Timer '${fn.metadata.name}': ${messageOf(thrown)}`);
    } finally {
      end();
    }
  }

  /** @param due when it was to begin: a clock that rings a little early must not bring the same occurrence twice */
  const run = (late: boolean, due = clock.now()) =>
    tracked(async () => {
      const at = Math.max(clock.now(), due);
      try {
        await call(late);
      } finally {
        status = afterRun(schedule, at);
      }
      if (monitored) state.set(key, status);
    });

  function arm(): void {
    const due = dueAt(status);
    nextAt = due;
    if (due === undefined || stopped.signal.aborted) return;
    cancel = clock.after(Math.max(0, due - clock.now()), () => {
      nextAt = undefined;
      void run(false, due).then(arm);
    });
  }

  const late = monitored && isPastDue(status, started);
  if (late || runOnStartup === true) void run(late).then(arm);
  else arm();

  return {
    nextAt: () => nextAt,
    runNow: () => tracked(() => call(false)),
    stop() {
      stopped.abort(new Error("The host stops."));
      cancel?.();
    },
  };
}
