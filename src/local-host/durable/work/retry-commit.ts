import { setTimeout as pause } from "node:timers/promises";
import { messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/logger.ts";
import type { DurableStore } from "../store/store.ts";

/** Pauses before what a full disk refused is tried again: the first, and the longest after doubling. */
const RETRY_WRITE_MS = { first: 10, longest: 1000 };

/** Like `GroupCommit.write`. */
export type Persist = <Result>(
  work: () => Result,
  committed?: (result: Result) => void,
  written?: (result: Result) => boolean,
) => Promise<void>;

/** A commit that fails (a full disk) is tried again until it works or the host stops: work done is not lost. */
export function persistently(deps: {
  readonly store: DurableStore;
  readonly logger: Logger;
  readonly isStopping: () => boolean;
}): Persist {
  return async (work, committed, written) => {
    for (let wait = RETRY_WRITE_MS.first; ; wait = Math.min(2 * wait, RETRY_WRITE_MS.longest)) {
      try {
        await deps.store.write(work, committed, written);
        return;
      } catch (error) {
        if (deps.isStopping()) throw error;
        deps.logger.error("the durable store could not be written; trying again", {
          error: messageOf(error),
        });
        await pause(wait);
      }
    }
  };
}
