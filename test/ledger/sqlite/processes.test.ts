import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../src/kernel/clock.ts";
import { each } from "../../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { run, type Sample } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();
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

  test("writers beside each other lose nothing, and the feed shows each writer's order", async () => {
    const file = newFile();
    const writers = ["a", "b"].map((agent) => startWriter(file, agent, 200));
    for (const { child } of writers) child.stdout.resume();
    const ledger = openSqliteLedger({ file, clock: systemClock });
    const running = new Set(writers);
    for (const writer of writers) void writer.exit.then(() => running.delete(writer));
    const seen: string[] = [];
    let after: string | undefined;
    for (let drained = false; running.size > 0 || !drained; ) {
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
