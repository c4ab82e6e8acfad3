import { setImmediate as breathe } from "node:timers/promises";

/** Files being read or written, names looked up, sockets being connected or written: they end by themselves, however slow. */
const atWork = () =>
  process.getActiveResourcesInfo().some((kind) => kind.startsWith("FSReq") || kind.endsWith("ReqWrap"));

/** Turns without such work after which what is left waits for the clock. */
const STILL_TURNS = 4;

/** Lets the work be done that a virtual clock knows nothing of; never for ever. */
export async function realWork(turns = STILL_TURNS): Promise<void> {
  let still = 0;
  for (let turn = 0; turn < 100_000 && still < turns; turn++) {
    await breathe();
    still = atWork() ? 0 : still + 1;
  }
}
