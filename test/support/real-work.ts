import { setImmediate as breathe } from "node:timers/promises";

/** Files being read, written or closed, names looked up, sockets being connected or written: they end by themselves, however slow. */
const atWork = () =>
  process
    .getActiveResourcesInfo()
    .some((kind) => kind.startsWith("FSReq") || kind === "CloseReq" || kind.endsWith("ReqWrap"));

/** Turns without such work after which what is left waits for the clock. */
const STILL_TURNS = 4;
/** Real time after which such work is a fault; only a bound, nothing waits for it. */
const LONGEST_MS = 60_000;

/**
 * Lets the work with files and sockets be done that a virtual clock knows nothing of. What computes on other threads
 * (zlib, crypto) is not seen: there a test waits for its condition.
 */
export async function realWork(turns = STILL_TURNS): Promise<void> {
  const end = performance.now() + LONGEST_MS;
  let still = 0;
  while (still < turns) {
    await breathe();
    still = atWork() ? 0 : still + 1;
    if (performance.now() > end) throw new Error("Work with files or sockets does not end.");
  }
}
