import { afterAll, beforeAll, describe, test } from "@jest/globals";
import type { VirtualClock } from "../../src/kernel/clock.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { changeTests } from "./ledger/changes.ts";
import { documentTests } from "./ledger/documents.ts";
import { expiryTests } from "./ledger/expiry.ts";
import { limitTests } from "./ledger/limits.ts";
import { oracleTests } from "./ledger/oracle.ts";
import { queryTests } from "./ledger/queries.ts";

/** An adapter under test; its documents' `_ts` and ttl follow the clock. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  readonly clock: VirtualClock;
  readonly close: () => Promise<void>;
}

/** Tests an adapter cannot pass, by title, and why. */
export interface Skip {
  readonly reason: string;
  readonly tests: readonly string[];
}

/** Registers one sentence of the contract. */
export type Promised = (title: string, check: (at: LedgerUnderTest) => Promise<void>) => void;

/**
 * Every promise of the ledger port. One store serves all tests, each in partitions of its own, so that the suite is
 * affordable against an account too.
 */
export function describeLedger(
  name: string,
  make: () => Promise<LedgerUnderTest>,
  { skip = [], oracleRuns = 60 }: { readonly skip?: readonly Skip[]; readonly oracleRuns?: number } = {},
): void {
  describe(`the ledger port on ${name}`, () => {
    let at: LedgerUnderTest | undefined;
    beforeAll(async () => {
      at = await make();
    });
    afterAll(() => at?.close());

    const promised: Promised = (title, check) => {
      const reason = skip.find(({ tests }) => tests.includes(title))?.reason;
      // oxlint-disable jest/expect-expect, jest/valid-title, jest/no-disabled-tests -- the checks stand in the parts
      if (reason !== undefined) test.skip(`${title} (${reason})`, () => {});
      else
        test(title, async () => {
          if (at === undefined) throw new Error("the adapter could not be made");
          await check(at);
        });
    };
    documentTests(promised);
    expiryTests(promised);
    queryTests(promised);
    changeTests(promised);
    limitTests(promised);
    oracleTests(promised, oracleRuns);
  });
}
