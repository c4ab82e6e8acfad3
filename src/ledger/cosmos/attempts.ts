import { type Clock, sleep } from "../../kernel/clock.ts";
import { unavailable } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { codeOf, outcomeOf, retryAfterOf, toLedgerError } from "./errors.ts";

/** Sends in all, and the wait before the second; it doubles. Five sends end within about 3 s. */
const SENDS = 5;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 2_000;

interface Attempt<T> {
  /** For logs: `create rl_episodes`. */
  readonly name: string;
  /** For messages: the document or container. */
  readonly what: string;
  readonly send: () => Promise<T>;
  /** For writes: whether an earlier send whose answer was lost did the work; the refusal of this one is at hand. */
  readonly settle?: (refusal: unknown) => Promise<T | undefined>;
  /** It was sent before, by other means, and the outcome of that is unclear. */
  readonly unclear?: boolean;
}

export type Attempts = <T>(attempt: Attempt<T>) => Promise<T>;

/**
 * Retries with back-off: the SDK sends writes once (docs/facts.md#cosmos-writes-are-sent-once), so 408, 449, 503 and dropped
 * sockets are sent again here. After a
 * send whose outcome is unclear, a refusal of the next may be the echo of our own success: `settle` reads back before
 * it is believed.
 * `closing` ends the waits. @throws LightningError; unavailable with `ambiguous` when the last word is unclear
 */
export function createAttempts(clock: Clock, logger: Logger, closing?: AbortSignal): Attempts {
  return async ({ name, what, send, settle, unclear: sentBefore = false }) => {
    let unclear = sentBefore;
    for (let sends = 1; ; sends++) {
      try {
        return await send();
      } catch (thrown) {
        const outcome = outcomeOf(thrown);
        if (outcome === "final") {
          const settled = unclear ? await settle?.(thrown) : undefined;
          if (settled !== undefined) return settled;
          throw toLedgerError(thrown, { what, ambiguous: unclear });
        }
        unclear ||= outcome === "unclear" && settle !== undefined;
        if (sends === SENDS) throw toLedgerError(thrown, { what, ambiguous: unclear });
        const wait = retryAfterOf(thrown) ?? FIRST_WAIT_MS * 2 ** (sends - 1) * (0.5 + Math.random() / 2);
        logger.warn("cosmos did not answer; the request is sent again", {
          request: name,
          code: codeOf(thrown),
          sends,
        });
        await sleep(clock, Math.min(wait, LONGEST_WAIT_MS), closing).catch(() => {
          throw unavailable("ledger_closed", "The ledger was closed before the answer came.", {
            cause: thrown,
            ambiguous: unclear,
          });
        });
      }
    }
  };
}
