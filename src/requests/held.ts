import type { KeyedRequest } from "../doors/keyed-request.ts";
import type { Reply } from "../doors/operation.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Ledger, type Stored } from "../ledger/ledger.ts";
import { LEASE_MS, type RequestRecord } from "./contract.ts";
import { isFinal, keepReply } from "./replies.ts";

export interface RequestDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A request that this process carries out. */
export interface Held {
  readonly request: KeyedRequest;
  /** Keeps the reply if it is final; never throws, as what was done is done. */
  answered(reply: Reply<unknown>): Promise<void>;
  /** Frees the key, or its next try; never throws. `refused`: nothing was done. */
  failed(how: "refused" | "unclear"): Promise<void>;
}

/** Holds a request: its lease is renewed until the request is answered or has failed. */
export function hold({ ledger, clock, logger }: RequestDeps, claimed: Stored<RequestRecord>): Held {
  let stored = claimed;
  let last: Promise<unknown> = Promise.resolve();
  let isOver = false;
  const leasedUntil = () => toIso(clock.now() + LEASE_MS);

  /** One write after the other, each over the state that the one before left. */
  function write(change: () => Partial<RequestRecord>): Promise<void> {
    const one = last.then(async () => {
      const next: RequestRecord = { ...(bare(stored) as RequestRecord), ...change() };
      stored = await ledger.replace("requests", next, { ifMatch: stored._etag });
    });
    last = one.catch(() => undefined);
    return one;
  }

  let cancel = clock.after(LEASE_MS / 3, renew);
  function renew(): void {
    if (isOver) return;
    cancel = clock.after(LEASE_MS / 3, renew);
    void write(() => ({ leased_until: leasedUntil() })).catch(() => undefined);
  }

  async function settle(what: () => Promise<unknown>): Promise<void> {
    isOver = true;
    cancel();
    try {
      await last;
      await what();
    } catch (thrown) {
      // Whoever asks again waits for the lease to end, and then finds what was done.
      logger.warn("a request under an idempotency key could not be settled", {
        operation: claimed.operation,
        reason: messageOf(thrown),
      });
    }
  }
  const release = () => write(() => ({ leased_until: toIso(clock.now()) }));

  return {
    request: {
      id: claimed.request_id,
      firstAt: Date.parse(claimed.created_at),
      isAgain: claimed.tries > 1,
      noted: claimed.noted,
      note: (facts) => write(() => ({ noted: { ...stored.noted, ...facts } })),
    },
    answered: (reply) =>
      settle(async () => {
        if (!isFinal(reply)) return release();
        const kept = await keepReply(ledger, stored, reply);
        return write(() => ({ status: "done", reply: kept, leased_until: toIso(clock.now()) }));
      }),
    failed: (how) =>
      settle(async () => {
        const isClean = how === "refused" && stored.tries === 1 && Object.keys(stored.noted).length === 0;
        if (!isClean) return release();
        return ledger.delete("requests", [stored.agent_id], stored.id, { ifMatch: stored._etag });
      }),
  };
}
