import { mkdtempSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../src/kernel/clock.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { benchArguments } from "../arguments.ts";

const { episodes: COUNT } = benchArguments({
  script: "bench/ledger/main.ts",
  measures: "How fast is the embedded ledger? See README.md.",
  takes: { episodes: { about: "how many are written and read", standard: 20_000, isPlace: true } },
  examples: ["", "100000"],
});
const IN_FLIGHT = 100;
const AGENT = "bench";

const folder = mkdtempSync(path.join(os.tmpdir(), "bench-ledger-"));
const file = path.join(folder, "ledger.db");
const ledger = openSqliteLedger({ file, clock: systemClock });
const start = Date.parse("2026-01-01T00:00:00.000Z");

/** About 1.3 kB, the size of a small episode. */
const episode = (n: number) => {
  const at = new Date(start + n * 1000).toISOString();
  const fields = {
    created_at: at,
    recorded_at: at,
    session_id: `s${n % 1000}`,
    reward_avg: (n % 200) / 100 - 1,
  };
  return { id: `ep-${String(n).padStart(8, "0")}`, agent_id: AGENT, ...fields, text: "word ".repeat(220) };
};

async function report(what: string, count: number, run: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  await run();
  const ms = performance.now() - began;
  const rate = Math.round((count / ms) * 1000).toLocaleString("en-US");
  console.log(`${what.padEnd(52)} ${rate.padStart(9)}/s   ${ms.toFixed(0).padStart(6)} ms`);
}

/** `count` calls, at most `width` of them at once. */
async function inFlight(count: number, width: number, call: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await call(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** What the disk gives: commits of one small row, each synced. */
function syncsPerSecond(): number {
  const db = new DatabaseSync(path.join(folder, "sync.db"));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (x)");
  const insert = db.prepare("INSERT INTO t VALUES (1)");
  const began = performance.now();
  for (let n = 0; n < 500; n++) insert.run();
  db.close();
  return (500 / (performance.now() - began)) * 1000;
}

console.log(
  `Node ${process.version}, SQLite ${process.versions.sqlite}, ${os.cpus().length} cores, ` +
    `${syncsPerSecond().toFixed(0)} synced commits/s; ${COUNT} episodes of ${JSON.stringify(episode(0)).length} bytes`,
);
const few = Math.min(COUNT, 1_000);
await report("create, one after the other", few, () =>
  inFlight(few, 1, (n) => ledger.create("episodes", { ...episode(n), id: `one-${n}`, agent_id: "one" })),
);
await report(`create, ${IN_FLIGHT} in flight (group commit)`, COUNT, () =>
  inFlight(COUNT, IN_FLIGHT, (n) => ledger.create("episodes", { ...episode(n), agent_id: "many" })),
);
const documents = Array.from({ length: COUNT }, (_, n) => episode(n));
await report("bulk create", COUNT, () => ledger.bulk("episodes", "create", documents));
await report("point read", COUNT, () =>
  inFlight(COUNT, 1, (n) => ledger.read("episodes", [AGENT, episode(n).id], episode(n).id)),
);
await report("patch of one document, 100 in flight", COUNT, () =>
  inFlight(COUNT, IN_FLIGHT, (n) =>
    ledger.patch("episodes", [AGENT, episode(n).id], episode(n).id, [
      { op: "set", field: "reward_count", value: n },
    ]),
  ),
);

async function pages(limit: number, select?: readonly string[]): Promise<number> {
  let after: string | undefined;
  let found = 0;
  do {
    const page = await ledger.query("episodes", {
      pk: [AGENT],
      where: [{ field: "reward_avg", op: "gte", value: 0 }],
      orderBy: { field: "created_at", direction: "desc" },
      limit,
      after,
      ...(select === undefined ? {} : { select }),
    });
    found += page.items.length;
    after = page.continuation;
  } while (after !== undefined);
  return found;
}
const matching = await pages(1000);
for (const limit of [20, 100, 1000])
  await report(`rewarded episodes, newest first, pages of ${limit}`, matching, () => pages(limit));

await report("first page of 20 of a session", few, () =>
  inFlight(few, 1, (n) =>
    ledger.query("episodes", {
      pk: [AGENT],
      where: [{ field: "session_id", op: "eq", value: `s${n}` }],
      limit: 20,
    }),
  ),
);
await report("count of rewarded episodes (documents looked at)", COUNT, () =>
  ledger.count("episodes", { pk: [AGENT], where: [{ field: "reward_avg", op: "gte", value: 0 }] }),
);
let seen = 0;
await report("change feed from the beginning, pages of 100", COUNT * 2 + few, async () => {
  let after: string | undefined;
  for (let drained = false; !drained; ) {
    const page = await ledger.changes("episodes", { after, limit: 100 });
    seen += page.items.length;
    ({ continuation: after, drained } = page);
  }
});
if (seen !== COUNT * 2 + few) throw new Error(`the feed showed ${seen} documents`);
await ledger.close();
console.log(
  `file ${(statSync(file).size / 1e6).toFixed(0)} MB, resident memory ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
);
rmSync(folder, { recursive: true });
