import { systemClock } from "../../../src/kernel/clock.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";

/** Writes runs of one agent, several at once, and prints an id only when the ledger has acknowledged it. */
const [file = "", agent = "", count = "0", threads] = process.argv.slice(2);
const writesOnThread = threads === "always" ? threads : "never";
const ledger = openSqliteLedger({ file, clock: systemClock, writesOnThread });
let next = 0;
const lane = async () => {
  while (next < Number(count)) {
    const id = `r${next++}`;
    const created_at = new Date().toISOString();
    await ledger.create("runs", { id, agent_id: agent, created_at, type: "run", text: "x".repeat(500) });
    process.stdout.write(`${id}\n`);
  }
};
await Promise.all(Array.from({ length: 8 }, lane));
await ledger.close();
