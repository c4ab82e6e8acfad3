import { performance } from "node:perf_hooks";
import type { Clock } from "../kernel/clock.ts";
import { unavailable } from "../kernel/errors.ts";
import type { DurableEngine } from "./durable/port.ts";
import type { Tracker } from "./tracker.ts";

/** A clock that can be moved: `VirtualClock` of the kernel. */
interface MovableClock extends Clock {
  fireNext(): boolean;
}

export function isMovable(clock: Clock): clock is MovableClock {
  return "fireNext" in clock;
}

export interface SettleOptions {
  /** Real time to give up after, in ms. */
  readonly withinMs?: number;
  /** Virtual time to give up after, in ms. */
  readonly withinVirtualMs?: number;
  /**
   * Real time without a beginning or end of anything after which what still runs counts as waiting for the clock, in
   * ms; on a machine that is slow to run anything, as much longer as it is slow. Longer is surer, shorter is faster.
   */
  readonly quietMs?: number;
}

export interface Settler {
  /** Lets time pass until the condition holds or the promise ends; resolves with the promise's value. */
  until<T>(goal: Promise<T> | (() => boolean | Promise<boolean>), options?: SettleOptions): Promise<T>;
  /** Lets time pass until nothing runs and no orchestration waits for a timer. */
  settle(options?: SettleOptions): Promise<void>;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const DAY_MS = 86_400_000;
/** Between two looks whether anything has moved. */
const LOOK_MS = 2;

/** Factor on the timeout after which work that neither begins nor ends anything is given up. */
const WORK_PATIENCE = 150;

/** Looks before what is waited for counts as never coming. */
const LATE_LOOKS = 50;

/** Files being read, written or synced, or a thread that is waited for: they end by themselves, however slow. */
const atWorkElsewhere = () =>
  process.getActiveResourcesInfo().some((kind) => kind.startsWith("FSReq") || kind === "MessagePort");

/**
 * Runs a host's time for tests. With a virtual clock: all that can run now runs, then the clock jumps to the next
 * timer, so that hours pass in milliseconds. With the system clock it only waits.
 * @param pendingTimers how many timers the durable engine has set
 */
export function createSettler(
  clock: Clock,
  tracker: Tracker,
  engine: DurableEngine | undefined,
  pendingTimers: () => number,
): Settler {
  const movable = isMovable(clock) ? clock : undefined;
  const busy = () => tracker.running > 0 || (engine?.busy() ?? false);

  /** Waits until nothing runs, or what runs makes no headway without the clock. */
  async function drain(done: () => boolean, quietMs: number): Promise<void> {
    let changes = tracker.changes;
    // Counted in looks, not on the real clock: a machine that is busy elsewhere delays the looks and what is looked for alike.
    const patience = Math.ceil(quietMs / LOOK_MS);
    let looks = 0;
    let stillLooks = 0;
    let idleTurns = 0;
    let turns = 0;
    while (!done()) {
      if (busy()) idleTurns = 0;
      // A finished call's continuations (the reply's reader, a feed's wake-up) take a few turns to begin their work.
      else if (++idleTurns > 3) return;
      await turn();
      turns++;
      if (tracker.changes !== changes) {
        changes = tracker.changes;
        looks = 0;
        stillLooks = 0;
        turns = 0;
      } else if (turns > 20) {
        const loop = performance.eventLoopUtilization();
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        // A loop that is at work is getting somewhere (requests over loopback): time stands still meanwhile.
        const { utilization } = performance.eventLoopUtilization(loop);
        if (utilization > 0.4 || atWorkElsewhere()) stillLooks = 0;
        else stillLooks++;
        if (stillLooks > patience || ++looks > patience * WORK_PATIENCE) return;
      }
    }
  }

  /** Whether anything goes on after all: what a reader does with a reply is no call of ours, and a busy machine lets it wait. */
  async function comesLate(reached: () => boolean | Promise<boolean>, quietMs: number): Promise<boolean> {
    for (let look = 0; look < LATE_LOOKS; look++) {
      if (busy() || (await reached()) || movable?.fireNext() === true) return true;
      await new Promise((resolve) => setTimeout(resolve, quietMs));
    }
    return false;
  }

  async function run(
    reached: () => boolean | Promise<boolean>,
    ended: () => boolean,
    options: SettleOptions,
  ): Promise<void> {
    const { withinMs = 30_000, withinVirtualMs = 400 * DAY_MS, quietMs = 20 } = options;
    const realEnd = performance.now() + withinMs;
    const virtualEnd = clock.now() + withinVirtualMs;
    for (;;) {
      if (await reached()) return;
      await drain(ended, quietMs);
      if (await reached()) return;
      if (performance.now() > realEnd)
        throw unavailable("not_reached", `What was waited for did not come within ${withinMs} ms.`);
      if (movable === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
      else if (clock.now() > virtualEnd)
        throw unavailable("not_reached", "What was waited for did not come within the virtual time allowed.");
      else if (!movable.fireNext() && !(await comesLate(reached, quietMs)))
        throw unavailable(
          "not_reached",
          "Nothing runs and no timer is set, but what was waited for is not there.",
        );
    }
  }

  return {
    async until<T>(
      goal: Promise<T> | (() => boolean | Promise<boolean>),
      options: SettleOptions = {},
    ): Promise<T> {
      if (typeof goal === "function") {
        await run(goal, () => false, options);
        return undefined as T;
      }
      let ended = false;
      const end = () => {
        ended = true;
      };
      goal.then(end, end);
      await run(
        () => ended,
        () => ended,
        options,
      );
      return goal;
    },
    async settle(options = {}) {
      await run(
        () => !busy() && pendingTimers() === 0,
        () => false,
        options,
      );
    },
  };
}

/** The same clock, counting the timers that are set and have not fired. */
export function countingClock(clock: Clock): { clock: Clock; pending: () => number } {
  const pending = new Set<symbol>();
  return {
    pending: () => pending.size,
    clock: {
      now: () => clock.now(),
      after(ms, callback) {
        const timer = Symbol("timer");
        pending.add(timer);
        const cancel = clock.after(ms, () => {
          pending.delete(timer);
          callback();
        });
        return () => {
          pending.delete(timer);
          cancel();
        };
      },
    },
  };
}
