import { type Clock, sleep, systemClock } from "../../kernel/clock.ts";
import { withDeadline } from "../../kernel/deadline.ts";
import { unavailable } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import { codeOf, outcomeOf, retryAfterOf, toLedgerError } from "./errors.ts";
import { onBehalfOf, PARTITIONS_MOVED } from "./under-way.ts";

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
  /** For queries within one partition. */
  readonly needsNoPlan?: boolean;
}

/** A client that knows the partitions of now is there at once; only who finds them moved again waits. */
function waitAfter(thrown: unknown, sends: number): number {
  if (sends === 1 && codeOf(thrown) === PARTITIONS_MOVED) return 0;
  return retryAfterOf(thrown) ?? FIRST_WAIT_MS * 2 ** (sends - 1) * (0.5 + Math.random() / 2);
}

export type Attempts = <T>(attempt: Attempt<T>) => Promise<T>;

export interface AttemptsOptions {
  /** For the waits between sends. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** What all sends of an operation may take together. */
  readonly timeoutSeconds: number;
  /** Ends the waits. */
  readonly closing?: AbortSignal | undefined;
}

/**
 * Retries with back-off, within a deadline: the SDK sends writes once (docs/facts.md#cosmos-writes-are-sent-once), so
 * 408, 449, 503 and dropped sockets are sent again here. After a send whose outcome is unclear, a refusal of the next may
 * be the echo of our own success: `settle` reads back before it is believed.
 * @throws LightningError; unavailable with `ambiguous` when the last word on a write is unclear, among these
 * `ledger_timeout`
 */
export function createAttempts({ clock, logger, timeoutSeconds, closing }: AttemptsOptions): Attempts {
  return async ({ name, what, send, settle, needsNoPlan }) => {
    const isWrite = settle !== undefined;
    let sending = false;
    let unclear = false;
    let last: unknown;

    async function sendUntilClear(signal: AbortSignal) {
      for (let sends = 1; ; sends++) {
        try {
          sending = true;
          return await onBehalfOf({ signal, needsNoPlan }, send);
        } catch (thrown) {
          sending = false;
          last = thrown;
          const outcome = outcomeOf(thrown, isWrite);
          if (outcome === "final") {
            const settled = unclear ? await settle?.(thrown) : undefined;
            if (settled !== undefined) return settled;
            throw toLedgerError(thrown, { what, ambiguous: unclear, isWrite });
          }
          unclear ||= outcome === "unclear" && isWrite;
          if (sends === SENDS) throw toLedgerError(thrown, { what, ambiguous: unclear, isWrite });
          const wait = waitAfter(thrown, sends);
          logger.warn("cosmos did not answer; the request is sent again", {
            request: name,
            code: codeOf(thrown),
            sends,
          });
          const ended = closing === undefined ? signal : AbortSignal.any([closing, signal]);
          await sleep(clock, Math.min(wait, LONGEST_WAIT_MS), ended).catch(() => {
            throw unavailable("ledger_closed", "The ledger was closed before the answer came.", {
              cause: thrown,
              ambiguous: unclear,
            });
          });
        }
      }
    }

    const late = () =>
      unavailable("ledger_timeout", `Cosmos DB gave no answer within ${timeoutSeconds} s.`, {
        cause: last,
        ambiguous: unclear || (sending && isWrite),
        retryAfterMs: 1_000,
        remedy: "Try again; LIGHTNING_LEDGER_TIMEOUT_SECONDS is the time that an operation may take.",
      });
    return withDeadline({ clock: systemClock, ms: timeoutSeconds * 1000, late }, sendUntilClear);
  };
}
