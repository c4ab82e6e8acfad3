import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import type { ChangeSource } from "./change-feed/change-source.ts";
import { type RunningFeed, startFeed } from "./change-feed/feed.ts";
import { failureText } from "./core-api/errors.ts";
import type { Invoker } from "./core-api/invoker.ts";
import type { RegisteredFunction, WireData } from "./core-api/types.ts";
import type { Faults } from "./faults.ts";
import type { FunctionPlan } from "./function-plan.ts";
import { isMovable } from "./settle.ts";
import type { StateFile } from "./state-file.ts";
import { type RunningTimer, startTimer } from "./timers/timer.ts";
import type { Tracker } from "./tracker.ts";

const HOUR_MS = 3_600_000;
/** How far apart a change feed's rounds are at least while changes come all the time. */
const GATHER_MS = 25;

interface TriggerDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateFile;
  readonly tracker: Tracker;
  readonly faults: Faults | undefined;
  readonly source: ChangeSource | undefined;
}

/** What calls an app's functions by itself: its change feeds, its timers, and whoever asks for one by name. */
export function createTriggers(deps: TriggerDeps, functions: Iterable<RegisteredFunction>) {
  const { clock, source } = deps;
  const feeds: RunningFeed[] = [];
  const timers = new Map<string, RunningTimer>();
  const byName = new Map([...functions].map((fn) => [fn.metadata.name.toLowerCase(), fn]));
  // A test's clock would jump from poll to poll; a source that rings makes polls needless there.
  const rarely = isMovable(clock) && source?.subscribe !== undefined ? HOUR_MS : 0;
  const gatherMs = isMovable(clock) ? 0 : GATHER_MS;

  return {
    feeds,
    async start(this: void, plan: FunctionPlan): Promise<void> {
      for (const fn of plan.warmup) await runOnce(deps, fn, { json: "{}" });
      for (const { fn, options } of plan.feeds)
        if (source !== undefined) {
          const pollDelayMs = Math.max(options.pollDelayMs, rarely);
          feeds.push(await startFeed({ ...deps, source }, fn, { ...options, pollDelayMs, gatherMs }));
        }
      for (const { fn, schedule } of plan.timers)
        timers.set(fn.metadata.name, startTimer(deps, fn, schedule));
    },

    /** When a timer is due, as it waits for it: ms since the epoch; undefined while it runs, and for never. */
    nextRun: (name: string) => timers.get(name)?.nextAt(),

    /** Runs a function in the background, as `POST /admin/functions/{name}` of the real host does. */
    trigger(this: void, name: string, input: string): boolean {
      const fn = byName.get(name.toLowerCase());
      if (fn === undefined || /^http/i.test(fn.trigger.binding.type)) return false;
      const timer = timers.get(fn.metadata.name);
      if (timer === undefined) void runOnce(deps, fn, { string: input });
      else void timer.runNow();
      return true;
    },

    stop(this: void): void {
      for (const feed of feeds) feed.stop();
      for (const timer of timers.values()) timer.stop();
    },
  };
}

async function runOnce(
  { invoker, logger }: { invoker: Invoker; logger: Logger },
  fn: RegisteredFunction,
  trigger: WireData,
): Promise<void> {
  const outcome = await invoker.call(fn, { trigger });
  if (!outcome.ok) logger.error(`Function '${fn.metadata.name}' failed: ${failureText(outcome.error)}`);
}
