import { type Clock, toIso } from "../kernel/clock.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** How long one answer counts: health is asked for by every page and every probe of a platform. */
const COUNTS_MS = 5_000;

/**
 * A small write to the ledger, the same document each time: reads go on where a disk is full or a file read-only, so that
 * only a write tells. Its answer counts for some seconds, a failure too.
 */
export function createWriteProbe(ledger: Ledger, clock: Clock): () => Promise<void> {
  let latest: { readonly answer: Promise<void>; readonly until: number } | undefined;

  async function write(): Promise<void> {
    const created_at = toIso(clock.now());
    await ledger.upsert("leases", { id: "write-probe", agent_id: "health", created_at });
  }

  return () => {
    if (latest === undefined || clock.now() >= latest.until || clock.now() < latest.until - COUNTS_MS) {
      latest = { answer: write(), until: clock.now() + COUNTS_MS };
      latest.answer.catch(() => undefined);
    }
    return latest.answer;
  };
}
