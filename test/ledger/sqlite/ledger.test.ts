import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import type { ContainerKey } from "../../../src/ledger/containers.ts";
import { each, type Query } from "../../../src/ledger/ledger.ts";
import { compilePage } from "../../../src/ledger/sqlite/compile-query.ts";
import { ledgerOn } from "../../../src/ledger/sqlite/ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { openStoreFile } from "../../../src/ledger/sqlite/store-file.ts";
import { episode, expectRefusal, run, type Sample, second } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();

describe("the embedded ledger", () => {
  test("commits the writes of one turn together and tells its listeners once", async () => {
    const ledger = openSqliteLedger({ file: ":memory:", clock: new VirtualClock() });
    const told: string[] = [];
    ledger.onChange("runs", () => told.push("runs"));
    ledger.onChange("datasets", () => told.push("datasets"));
    const stop = ledger.onChange("runs", () => told.push("stopped"));
    stop();
    await Promise.all(Array.from({ length: 50 }, (_, n) => ledger.create("runs", run("a", `r${n}`))));
    expect(told).toEqual(["runs"]);
    await Promise.allSettled([ledger.create("runs", run("a", "r1"))]);
    expect(told).toEqual(["runs"]);
    await ledger.patch("runs", ["a"], "r1", [{ op: "set", field: "status", value: "failed" }]);
    expect(told).toEqual(["runs", "runs"]);
    await ledger.close();
  });

  test("shows a listener what was committed, and outlives one that throws", async () => {
    const ledger = openSqliteLedger({ file: ":memory:", clock: new VirtualClock() });
    const seen: Promise<unknown>[] = [];
    ledger.onChange("runs", () => {
      throw new Error("not my day");
    });
    ledger.onChange("runs", () => seen.push(ledger.read("runs", ["a"], "r1")));
    await ledger.create("runs", run("a", "r1"));
    expect(await Promise.all(seen)).toEqual([expect.objectContaining({ id: "r1" })]);
    await ledger.close();
  });

  test("stores what was handed over before it was closed, and refuses what comes later", async () => {
    const file = newFile();
    const ledger = openSqliteLedger({ file, clock: new VirtualClock() });
    const writing = Promise.all(
      Array.from({ length: 2500 }, (_, n) => ledger.create("runs", run("a", `r${n}`))),
    );
    await ledger.close();
    await ledger.close();
    await writing;
    await expectRefusal(ledger.create("runs", run("a", "late")), "unavailable", "ledger_closed");
    await expectRefusal(ledger.ping(), "unavailable", "ledger_closed");
    const again = openSqliteLedger({ file, clock: new VirtualClock() });
    expect(await again.count("runs", { pk: ["a"] })).toBe(2500);
    await again.close();
  });

  test("deletes expired documents from the file a minute later, on the back of a write", async () => {
    const clock = new VirtualClock();
    const store = openStoreFile(newFile());
    const ledger = ledgerOn(store, { clock });
    const rows = () => store.db.prepare("SELECT count(*) AS n FROM c_episodes").get()?.n;
    await ledger.bulk(
      "episodes",
      "create",
      Array.from({ length: 20 }, (_, n) => episode("a", `e${n}`, { ttl: 30 })),
    );
    clock.advance(31_000);
    await ledger.create("runs", run("a", "r1"));
    expect(rows()).toBe(20);
    clock.advance(30_000);
    await ledger.create("runs", run("a", "r2"));
    await ledger.create("runs", run("a", "r3"));
    expect(rows()).toBe(0);
    expect(clock.nextAt()).toBeUndefined(); // no timer keeps a process alive
    await ledger.close();
  });

  test("pages over all agents by an indexed field as one sorted list would, without reading the table", async () => {
    const clock = new VirtualClock();
    const store = openStoreFile(":memory:");
    const ledger = ledgerOn(store, { clock });
    const documents = Array.from({ length: 40 }, (_, n) =>
      episode(`agent-${n % 3}`, `e${n % 7}-${n}`, {
        recorded_at: second((n * 7) % 20),
        ...(n % 5 === 0 ? { ttl: 10 } : {}),
      }),
    );
    await ledger.bulk("episodes", "create", documents);
    clock.advance(11_000);
    for (const direction of ["asc", "desc"] as const) {
      const query: Query = {
        where: [{ field: "recorded_at", op: "gt", value: second(3) }],
        orderBy: { field: "recorded_at", direction },
        limit: 4,
      };
      const found: Sample[] = [];
      for await (const one of each<Sample>(ledger, "episodes", query)) found.push(one);
      const key = (one: Sample) => `${String(one.recorded_at)}|${one.id}`;
      const live = documents.filter((one) => one.ttl === undefined && String(one.recorded_at) > second(3));
      const sorted = live.map(key).toSorted();
      expect(found.map(key)).toEqual(direction === "asc" ? sorted : sorted.toReversed());
      const { sql, values } = compilePage("episodes", query, 0);
      const plan = store.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      expect(plan.map((row) => String(row.detail)).join("; ")).not.toContain("SCAN c_episodes");
    }
    await ledger.close();
  });

  test("counts what is live, whatever is past its time and not deleted yet", async () => {
    const clock = new VirtualClock();
    const ledger = openSqliteLedger({ file: ":memory:", clock });
    for (let n = 0; n < 30; n++)
      await ledger.create(
        "episodes",
        episode(n % 2 === 0 ? "a" : "b", `e${n}`, {
          ...(n % 3 === 0 ? { ttl: 10 } : {}),
          ...(n % 5 === 0 ? {} : { reward_avg: n / 30 }),
        }),
      );
    clock.advance(11_000);
    const where = [{ field: "reward_avg", op: "gte", value: 0.5 }] as const;
    expect(await ledger.count("episodes", {})).toBe(20);
    expect(await ledger.count("episodes", { pk: ["a"] })).toBe(10);
    // 16, 22, 26 and 28; 18 and 24 are past their time, 20 has no average.
    expect(await ledger.count("episodes", { pk: ["a"], where })).toBe(4);
    await ledger.close();
  });

  test("answers pages of its usual lists from an index, without sorting", () => {
    const { db } = openStoreFile(":memory:");
    const plan = (query: Query, c: ContainerKey = "episodes") => {
      const { sql, values } = compilePage(c, query, 0);
      return db
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...values)
        .map((row) => String(row.detail))
        .join("; ");
    };
    const newest = { orderBy: { field: "created_at", direction: "desc" }, limit: 20 } as const;
    const listed = plan({ pk: ["a"], ...newest });
    expect(listed).toContain("USING INDEX c_episodes_s_created_at (pk1=?");
    expect(listed).not.toContain("TEMP B-TREE");
    const range = { field: "created_at", op: "gte", value: second(0) } as const;
    const rewarded = { field: "reward_avg", op: "gte", value: 0.5 } as const;
    const dataset = plan({ pk: ["a"], where: [rewarded, range], ...newest });
    expect(dataset).toContain("c_episodes_s_created_at (pk1=? AND s_created_at>?");
    expect(dataset).not.toContain("TEMP B-TREE");
    // A page starts behind the one before it, not at the beginning of the range.
    const oldest = { orderBy: { field: "created_at", direction: "asc" }, limit: 20 } as const;
    const { continuation } = compilePage("episodes", { pk: ["a"], where: [range], ...oldest }, 0);
    const after = continuation([second(1), "e1"]);
    expect(plan({ pk: ["a"], where: [range], ...oldest, after })).toContain("(s_created_at,id)>(?,?)");
    const session = { field: "session_id", op: "eq", value: "s" } as const;
    const ofSession = plan({ pk: ["a"], where: [session], ...newest });
    expect(ofSession).toContain("c_episodes_s_session_id_set (pk1=? AND s_session_id=?");
    expect(ofSession).not.toContain("TEMP B-TREE");
    for (const orderBy of [undefined, { field: "recorded_at", direction: "asc" }] as const) {
      const query = { pk: ["a"], where: [session], limit: 20, ...(orderBy && { orderBy }) };
      expect(plan(query)).toContain("c_episodes_s_session_id_set (pk1=? AND s_session_id=?");
    }
    const some = { field: "episode_id", op: "in", value: ["e1", "e2"] } as const;
    for (const order of [{ limit: 20 }, newest])
      expect(plan({ pk: ["a"], where: [some], ...order }, "rewards")).toContain("(pk1=? AND pk2=?)");
    const one = { field: "episode_id", op: "eq", value: "e1" } as const;
    expect(plan({ pk: ["a"], where: [one], ...newest }, "rewards")).toContain("s_episode_id=?");
    const byId = plan(
      { pk: ["a"], where: [{ field: "id", op: "in", value: ["r1", "r2"] }], limit: 20 },
      "runs",
    );
    expect(byId).toContain("(pk1=? AND pk2=? AND id=?)");
    expect(plan({ pk: ["a"], limit: 20 }, "runs")).not.toContain("TEMP B-TREE");
    expect(plan({ pk: ["a"], limit: 20 })).not.toContain("TEMP B-TREE");
    expect(plan({ pk: ["a", "e1"], limit: 20 }, "rewards")).not.toContain("TEMP B-TREE");
    const deployments = { field: "type", op: "eq", value: "deployment" } as const;
    expect(plan({ pk: ["a"], where: [deployments], ...newest }, "deployments")).not.toContain("TEMP B-TREE");
    db.close();
  });
});
