import type { Clock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { failureText } from "../core-api/errors.ts";
import type { Invoker } from "../core-api/invoker.ts";
import type { RegisteredFunction } from "../core-api/types.ts";
import type { Faults } from "../faults.ts";
import { callWithRetry } from "../retry.ts";
import type { StateFile } from "../state-file.ts";
import type { Tracker } from "../tracker.ts";
import type { ChangeSource } from "./change-source.ts";

export interface FeedDeps {
  readonly invoker: Invoker;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly state: StateFile;
  readonly source: ChangeSource;
  readonly tracker: Tracker;
  readonly faults?: Faults | undefined;
}

export interface FeedOptions {
  readonly container: string;
  /** Sets apart the positions of functions that read the same container, as in Azure. */
  readonly leasePrefix: string;
  /** Wait between polls that find nothing, in ms (Azure: 5,000). */
  readonly pollDelayMs: number;
  /**
   * Shortest time between the end of one round and the beginning of the next that a change rings for, in ms: changes
   * that come meanwhile share a page, a call and what the call writes. 0: none, for a clock that does not go by itself.
   */
  readonly gatherMs?: number | undefined;
  /** Most documents in one call (Azure: 100). */
  readonly maxItems: number;
  readonly startFromBeginning: boolean;
}

export interface RunningFeed {
  /** Looks for changes now. */
  wake(): void;
  stop(): void;
}

/**
 * Feeds a change feed function: a page, the call, then the new position is stored. So a crash repeats a page and
 * never loses one. A call that fails after its retry policy, or without one, loses its page, as it does in Azure.
 */
export async function startFeed(
  deps: FeedDeps,
  fn: RegisteredFunction,
  options: FeedOptions,
): Promise<RunningFeed> {
  const { invoker, clock, logger, state, source, tracker, faults } = deps;
  const { container, gatherMs = 0 } = options;
  const key = `feed:${fn.metadata.name}:${options.leasePrefix}:${container}`;
  const stopped = new AbortController();
  let cancelPoll: (() => void) | undefined;
  let cancelGather: (() => void) | undefined;
  let endedAt = Number.NEGATIVE_INFINITY;
  let running = false;
  let again = false;

  const position = () => state.get(key) as string | undefined;
  if (position() === undefined && !options.startFromBeginning) await skipToNow();

  /** "From now" is the position behind everything that is there at the first start. */
  async function skipToNow(): Promise<void> {
    let after: string | undefined;
    for (let drained = false; !drained; ) {
      const page = await source.page(container, after, 1000);
      after = page.continuation;
      drained = page.drained;
    }
    state.set(key, after);
  }

  /** One page; returns whether to look for the next at once. */
  async function step(): Promise<boolean> {
    const page = await source.page(container, position(), options.maxItems);
    const count = "items" in page ? page.items.length : page.count;
    if (count > 0) {
      const outcome = await callWithRetry(
        faults === undefined ? deps : { ...deps, invoker: failing(invoker, faults) },
        fn,
        { trigger: { json: "items" in page ? JSON.stringify(page.items) : page.json } },
        stopped.signal,
      );
      if (!outcome.ok)
        logger.error(
          `Function '${fn.metadata.name}' failed: ${count} changes of '${container}' are LOST to it, ` +
            `as they would be in Azure: ${failureText(outcome.error)}`,
        );
    }
    if (faults?.survives() === false) return false;
    // A position that a crash takes back repeats pages; storing it at once would sync the disk for every page.
    if (page.continuation !== position()) state.note(key, page.continuation);
    source.handled?.(container, page.continuation);
    return !page.drained;
  }

  async function drain(): Promise<void> {
    if (running) {
      again = true;
      return;
    }
    running = true;
    cancelPoll?.();
    cancelGather?.();
    cancelGather = undefined;
    const end = tracker.begin();
    try {
      for (;;) {
        again = false;
        while (!stopped.signal.aborted && (await step()));
        if (!again || gatherMs > 0 || stopped.signal.aborted) break;
      }
    } catch (thrown) {
      if (!stopped.signal.aborted)
        logger.error(`The change feed of '${container}' for '${fn.metadata.name}': ${messageOf(thrown)}`);
    } finally {
      running = false;
      endedAt = clock.now();
      end();
      if (!stopped.signal.aborted) {
        cancelPoll = clock.after(options.pollDelayMs, wake);
        if (again && gatherMs > 0) ring();
      }
    }
  }

  const wake = () => {
    if (!stopped.signal.aborted) void drain();
  };
  /** Something changed: at once after a rest, else together with what comes in the next moment. */
  function ring(): void {
    if (stopped.signal.aborted || cancelGather !== undefined) return;
    const early = running ? 0 : endedAt + gatherMs - clock.now();
    // A clock that was set back must not make the wait longer.
    if (early <= 0) {
      wake();
      return;
    }
    const end = tracker.begin();
    const cancel = clock.after(Math.min(early, gatherMs), wake);
    cancelGather = () => {
      cancel();
      end();
    };
  }
  source.handled?.(container, position());
  const unsubscribe = source.subscribe?.(container, ring);
  wake();
  return {
    wake,
    stop() {
      stopped.abort(new Error("The host stops."));
      cancelPoll?.();
      cancelGather?.();
      unsubscribe?.();
    },
  };
}

/** Calls that fail now and then after their work was done. */
function failing(invoker: Invoker, faults: Faults): Pick<Invoker, "call"> {
  return {
    async call(fn, invocation) {
      const outcome = await invoker.call(fn, invocation);
      return faults.strikes("feed")
        ? { ok: false, error: new Error("Fault mode fails this batch.") }
        : outcome;
    },
  };
}
