import { type Clock, toIso } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { failureText } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { RegisteredFunction } from "../core-api/types.ts";
import { callWithRetry } from "../retry.ts";
import type { StateFile } from "../state-file.ts";
import type { Tracker } from "../tracker.ts";
import type { Schedule } from "./schedule.ts";

export interface TimerDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateFile;
  readonly tracker: Tracker;
}

/** What is kept between runs, and shown to the function as `scheduleStatus`. */
interface Status {
  readonly Last: string;
  readonly Next: string;
  readonly LastUpdated: string;
}

/** .NET's DateTime.MinValue: "never". */
const NEVER = "0001-01-01T00:00:00";
/** Schedules tighter than this are not monitored, as in the WebJobs SDK. */
const MONITORED_FROM_MS = 60_000;

const iso = (ms: number | undefined) => (ms === undefined ? NEVER : toIso(ms));

export interface RunningTimer {
  /** When it runs next. */
  readonly nextAt: () => number | undefined;
  /** Runs it now, besides its schedule. */
  runNow(): Promise<void>;
  stop(): void;
}

/**
 * Runs a timer function on its schedule. A run never overlaps the one before. With `useMonitor` the last run is
 * kept, so that a start after a missed occurrence runs at once with `isPastDue`.
 */
export function startTimer(deps: TimerDeps, fn: RegisteredFunction, schedule: Schedule): RunningTimer {
  const { clock, logger, state, tracker } = deps;
  const { runOnStartup, useMonitor } = fn.trigger.binding;
  const key = `timer:${fn.metadata.name}`;
  const first = schedule.next(clock.now());
  const second = first === undefined ? undefined : schedule.next(first);
  const tight = first !== undefined && second !== undefined && second - first < MONITORED_FROM_MS;
  const monitored = useMonitor !== false && !tight;
  const stopped = new AbortController();
  let cancel: (() => void) | undefined;
  let nextAt: number | undefined;

  const status = () => (monitored ? (state.get(key) as Status | undefined) : undefined);

  async function run(late: boolean): Promise<void> {
    const end = tracker.begin();
    try {
      const at = clock.now();
      const before = status();
      const outcome = await callWithRetry(
        deps,
        fn,
        {
          trigger: {
            json: JSON.stringify({
              Schedule: { AdjustForDST: !schedule.isInterval },
              ScheduleStatus: monitored
                ? (before ?? { Last: NEVER, LastUpdated: NEVER, Next: iso(schedule.next(at)) })
                : null,
              IsPastDue: late,
            }),
          },
        },
        stopped.signal,
      );
      if (!outcome.ok) logger.error(`Timer '${fn.metadata.name}' failed: ${failureText(outcome.error)}`);
      if (monitored) {
        state.set(key, {
          Last: iso(at),
          Next: iso(schedule.next(at)),
          LastUpdated: iso(at),
        } satisfies Status);
      }
    } catch (thrown) {
      // Only a stop in mid-retry comes here: what was missed shows as past due at the next start.
      if (!stopped.signal.aborted) logger.error(`Timer '${fn.metadata.name}': ${messageOf(thrown)}`);
    } finally {
      end();
    }
  }

  function arm(): void {
    nextAt = schedule.next(clock.now());
    if (nextAt === undefined || stopped.signal.aborted) return;
    cancel = clock.after(nextAt - clock.now(), () => {
      void run(false).then(arm);
    });
  }

  /** True when an occurrence was missed while no host ran; a changed schedule starts over instead. */
  function isPastDue(): boolean {
    const kept = status();
    const now = clock.now();
    if (kept !== undefined) {
      const expected = iso(schedule.next(Date.parse(kept.LastUpdated)));
      if (expected === kept.Next) return now > Date.parse(kept.Next);
    }
    if (monitored) state.set(key, { Last: NEVER, Next: iso(schedule.next(now)), LastUpdated: iso(now) });
    return false;
  }

  const pastDue = isPastDue();
  if (pastDue || runOnStartup === true) void run(pastDue).then(arm);
  else arm();

  return {
    nextAt: () => nextAt,
    runNow: () => run(false),
    stop() {
      stopped.abort(new Error("The host stops."));
      cancel?.();
    },
  };
}
