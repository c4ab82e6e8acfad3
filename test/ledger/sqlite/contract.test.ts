import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { describeLedger } from "../../contracts/ledger.ts";

describeLedger("SQLite in a file", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "ledger-"));
  const clock = new VirtualClock();
  const ledger = openSqliteLedger({ file: path.join(folder, "ledger.db"), clock });
  const close = async () => {
    await ledger.close();
    await rm(folder, { recursive: true });
  };
  return { ledger, clock, close };
});

describeLedger("SQLite in a file, written by a thread", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "ledger-"));
  const clock = new VirtualClock();
  const ledger = openSqliteLedger({ file: path.join(folder, "ledger.db"), clock, writesOnThread: "always" });
  const close = async () => {
    await ledger.close();
    await rm(folder, { recursive: true });
  };
  return { ledger, clock, close };
});

describeLedger("SQLite in memory", async () => {
  const clock = new VirtualClock();
  const ledger = openSqliteLedger({ file: ":memory:", clock });
  return { ledger, clock, close: () => ledger.close() };
});
