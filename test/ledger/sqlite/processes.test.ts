import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../src/kernel/clock.ts";
import { each } from "../../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { run, type Sample } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();
/** A process that holds the write lock until its input ends. */
const HOLDER = `
  const { DatabaseSync } = require("node:sqlite");
  const db = new DatabaseSync(process.argv[1]);
  db.exec("BEGIN IMMEDIATE");
  console.log("held");
  process.stdin.resume().on("end", () => db.exec("COMMIT"));
`;
const CHILD = path.join(import.meta.dirname, "writer.child.ts");

function startWriter(file: string, agent: string, count: number, threads = "never") {
  const child = spawn(process.execPath, [CHILD, file, agent, String(count), threads], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += String(text);
  });
  return {
    child,
    exit: once(child, "exit") as Promise<[number | null, string | null]>,
    stderr: () => stderr,
  };
}

describe("several processes on one file", () => {
  test.each([
    ["", "never"],
    [", also on a thread", "always"],
  ])(
    "a writer that is killed has lost nothing it acknowledged%s",
    async (_where, threads) => {
      const file = newFile();
      const { child, exit } = startWriter(file, "a", 1_000_000, threads);
      const acknowledged: string[] = [];
      for await (const id of createInterface({ input: child.stdout })) {
        acknowledged.push(id);
        if (acknowledged.length === 300) child.kill("SIGKILL");
      }
      const [, signal] = await exit;
      expect(signal).toBe("SIGKILL");

      const ledger = openSqliteLedger({ file, clock: systemClock });
      const found = new Set<string>();
      for await (const { id } of each(ledger, "runs", { pk: ["a"], select: [] })) found.add(id);
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([]);
      await ledger.create("runs", run("a", "after"));
      await ledger.close();
      const raw = new DatabaseSync(file);
      expect(raw.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      raw.close();
    },
    30_000,
  );

  test.each([
    ["", "never"],
    [", also where bursts have a thread", "busy"],
  ] as const)(
    "a write waits for another process's lock, and everything else goes on meanwhile%s",
    async (_where, writesOnThread) => {
      const file = newFile();
      const ledger = openSqliteLedger({ file, clock: systemClock, writesOnThread });
      await ledger.create("runs", run("a", "before"));
      const holder = spawn(process.execPath, ["-e", HOLDER, file], { stdio: ["pipe", "pipe", "inherit"] });
      await once(holder.stdout, "data");
      const lag = monitorEventLoopDelay({ resolution: 5 });
      lag.enable();
      // More than make a burst, one after the other.
      const writes = Array.from({ length: 20 }, (_, n) => ledger.create("runs", run("a", `r${n}`)));
      const first = await Promise.race([Promise.all(writes), sleep(700, "still waiting")]);
      expect(first).toBe("still waiting");
      const later = ledger.create("runs", run("a", "later"));
      expect(await ledger.read("runs", ["a"], "before")).toMatchObject({ id: "before" });
      holder.stdin.end();
      await Promise.all([...writes, later]);
      lag.disable();
      expect(lag.max / 1e6).toBeLessThan(200);
      const { items } = await ledger.changes("runs", { limit: 100 });
      const order = ["before", ...writes.map((_, n) => `r${n}`), "later"];
      expect(items.map(({ id }) => id)).toEqual(order);
      await ledger.close();
    },
    30_000,
  );

  test("closing commits what waits for another process's lock", async () => {
    const file = newFile();
    const ledger = openSqliteLedger({ file, clock: systemClock });
    const holder = spawn(process.execPath, ["-e", HOLDER, file], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const write = ledger.create("runs", run("a", "r1"));
    await sleep(60);
    holder.stdin.end();
    await Promise.all([ledger.close(), write]);
    const again = openSqliteLedger({ file, clock: systemClock });
    expect(await again.read("runs", ["a"], "r1")).toMatchObject({ id: "r1" });
    await again.close();
  });

  test("writers beside each other lose nothing, and the feed shows each writer's order", async () => {
    const file = newFile();
    const writers = ["a", "b"].map((agent) => startWriter(file, agent, 200));
    for (const { child } of writers) child.stdout.resume();
    const ledger = openSqliteLedger({ file, clock: systemClock });
    const running = new Set(writers);
    for (const writer of writers) void writer.exit.then(() => running.delete(writer));
    const seen: string[] = [];
    let after: string | undefined;
    // The feed has told everything once it is drained by a page that was asked for after the last writer ended.
    for (let drained = false, ended = false; !ended || !drained; ) {
      ended = running.size === 0;
      const page = await ledger.changes<Sample>("runs", { after, limit: 50 });
      seen.push(...page.items.map((item) => `${String(item.agent_id)}-${item.id}`));
      ({ continuation: after, drained } = page);
      // Also writes itself, between the two.
      await ledger.upsert("leases", {
        id: "lease",
        agent_id: "c",
        created_at: new Date().toISOString(),
      });
    }
    for (const { exit, stderr } of writers) expect([await exit, stderr()]).toEqual([[0, null], ""]);
    expect(seen).toHaveLength(400);
    expect(new Set(seen).size).toBe(400);
    await ledger.close();
  }, 30_000);
});
