import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { DiskSync } from "../../../src/local-host/durable/store/disk-sync.ts";
import { GroupCommit } from "../../../src/local-host/durable/store/group-commit.ts";
import { DurableStore } from "../../../src/local-host/durable/store/store.ts";
import { type OrchestratorCode, testHost } from "./app.ts";

const folder = mkdtempSync(join(tmpdir(), "durable-sync-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lets `seen` witness every sync of the disk, and fails those that come after `good` of them. */
function watchedDisk(seen: string[], good = Number.POSITIVE_INFINITY): Disposable {
  const { now, later } = DiskSync.prototype;
  let left = good;
  DiskSync.prototype.now = function () {
    if (left-- <= 0) throw new Error("I/O error");
    now.call(this);
    seen.push("synced");
  };
  DiskSync.prototype.later = function (done) {
    later.call(this, (error) => {
      seen.push("synced");
      done(error);
    });
  };
  return {
    [Symbol.dispose]() {
      Object.assign(DiskSync.prototype, { now, later });
    },
  };
}

/** A group commit over a table of one column, and what happened in it, in order. */
function table(file: string) {
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES ('first')");
  const group = new GroupCommit(db, new DiskSync(file));
  const add = (x: string) => () => {
    group.written++;
    db.prepare("INSERT INTO t VALUES (?)").run(x);
    return x;
  };
  const rows = () => db.prepare("SELECT x FROM t").all().length - 1;
  const close = () => {
    group.close();
    db.close();
  };
  return { group, add, rows, [Symbol.dispose]: close };
}

describe("the sync of the disk", () => {
  test("comes before whoever asked is told, and once for what was set going by the write itself", async () => {
    const seen: string[] = [];
    using _ = watchedDisk(seen);
    using it = table(join(folder, "shared.db"));
    let next: Promise<unknown> | undefined;
    await it.group.write(
      it.add("cause"),
      () => seen.push("cause told"),
      () => {
        seen.push("cause written");
        next = it.group.write(it.add("effect"), () => seen.push("effect told"));
        return true;
      },
    );
    await next;
    expect(seen).toEqual(["cause written", "synced", "cause told", "effect told"]);
    expect(it.group.commits).toBe(2);
  });

  test("does not wait a turn for a write that set nothing going", async () => {
    const seen: string[] = [];
    using _ = watchedDisk(seen);
    using it = table(join(folder, "alone.db"));
    const written = it.group.write(
      it.add("row"),
      () => {},
      () => {
        setImmediate(() => seen.push("a turn later"));
        return false;
      },
    );
    await written;
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["synced", "a turn later"]);
  });

  test("is not put off for ever by writes that set others going", async () => {
    const seen: string[] = [];
    using _ = watchedDisk(seen);
    using it = table(join(folder, "chain.db"));
    let links = 0;
    const link = (): Promise<unknown> =>
      it.group.write(
        it.add("link"),
        () => {},
        () => {
          if (++links < 100) void link();
          return true;
        },
      );
    await link();
    expect(links).toBeLessThan(10);
    while (it.group.pending > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(it.rows()).toBe(100);
  });

  test("of what can be read now is not put off by what is committed meanwhile", async () => {
    using it = table(join(folder, "readers.db"));
    let goesOn = true;
    // A disk that is never through before more has been committed.
    using _ = watchedDisk([]);
    DiskSync.prototype.later = (done) => {
      const commits = it.group.commits;
      const look = () => {
        if (it.group.commits > commits || !goesOn) done(null);
        else setImmediate(look);
      };
      look();
    };
    const link = (): Promise<unknown> =>
      it.group.write(
        it.add("link"),
        () => {},
        () => {
          if (goesOn) for (let n = 0; n < 8; n++) if (it.group.queued < 50) void link();
          return true;
        },
      );
    void link();
    // So many that their syncs are on another thread, and there is always something unsynced.
    while (it.group.pending < 50) await new Promise((resolve) => setImmediate(resolve));
    let turns = 0;
    const reader = { synced: false };
    void it.group.synced()?.then(() => {
      reader.synced = true;
    });
    while (!reader.synced && ++turns < 2000) await new Promise((resolve) => setImmediate(resolve));
    goesOn = false;
    expect(reader.synced).toBe(true);
    while (it.group.pending > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("plans one turn of the loop at a time, whatever is set going by whom", async () => {
    using it = table(join(folder, "turns.db"));
    let links = 0;
    // Each sets another going, which asks in a microtask of its own: what an orchestrator's next episode is.
    const link = async (): Promise<unknown> => {
      await Promise.resolve();
      links++;
      return it.group.write(
        it.add("link"),
        () => {},
        () => {
          if (links < 400) {
            void link();
            void link();
          }
          return true;
        },
      );
    };
    await link();
    let most = 0;
    while (it.group.pending > 0) {
      const before = it.group.commits;
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, it.group.commits - before);
    }
    expect(links).toBeGreaterThanOrEqual(400);
    expect(most).toBe(1);
  });

  test("is not kept waiting by a burst: a group ends by number and by time, and the rest is the next", async () => {
    using it = table(join(folder, "burst.db"));
    await Promise.all(Array.from({ length: 2500 }, (_, n) => it.group.write(it.add(String(n)))));
    expect(it.group.commits).toBeGreaterThanOrEqual(3);
    expect(it.rows()).toBe(2500);
    const before = it.group.commits;
    const slow = () => {
      const until = performance.now() + 8;
      while (performance.now() < until);
    };
    await Promise.all(Array.from({ length: 12 }, () => it.group.write(slow)));
    expect(it.group.commits - before).toBeGreaterThanOrEqual(4);
  });

  test("that fails is told to all that wait for it, and ends the store's promises", async () => {
    using _ = watchedDisk([], 0);
    using it = table(join(folder, "broken.db"));
    const told: string[] = [];
    const writes = ["a", "b"].map((x) => it.group.write(it.add(x), (value) => told.push(value)));
    for (const { status } of await Promise.allSettled(writes)) expect(status).toBe("rejected");
    expect(told).toEqual([]);
    await expect(it.group.write(it.add("c"))).rejects.toThrow("could not be synced");
  });

  test("that fails on its thread is told to whoever has read what it was to keep", async () => {
    using _ = watchedDisk([]);
    DiskSync.prototype.later = (done) =>
      void setImmediate(() => setImmediate(() => done(new Error("I/O error"))));
    using it = table(join(folder, "read.db"));
    const writes = Promise.allSettled(
      Array.from({ length: 20 }, (_none, n) => it.group.write(it.add(`${n}`))),
    );
    while (it.group.queued > 0) await new Promise((resolve) => setImmediate(resolve));
    await expect(it.group.synced()).rejects.toThrow("could not be synced");
    await writes;
  });

  test("is there before an activity begins, an entity is called or a client is answered", async () => {
    const seen: string[] = [];
    using _ = watchedDisk(seen);
    const chain: OrchestratorCode = function* ({ df }) {
      seen.push("orchestrator");
      yield df.callActivity("step", 1);
      yield df.callEntity({ name: "counter", key: "c" }, "add", 1);
      return "done";
    };
    await using host = await testHost({
      orchestrators: { chain },
      activities: { step: () => seen.push("activity") },
      entities: {
        counter({ df }) {
          seen.push("entity");
          df.setState(1);
          df.return(1);
        },
      },
      options: { file: join(folder, "order.db") },
    });
    seen.length = 0;
    const answer = await host.call("POST", "orchestrators/chain/c?timeout=1000&pollingInterval=1");
    seen.push("answered");
    expect(answer).toMatchObject({ status: 200, body: '"done"' });
    // One sync for the start and the run it causes; the entity's answer and the run it causes share one, too.
    expect(seen.join(" ")).toBe(
      "orchestrator synced activity orchestrator synced entity orchestrator synced answered",
    );
  });

  test("leaves a log of fixed length, which a torn end of does not cost what was synced before", async () => {
    const file = join(folder, "whole.db");
    const ids = ["a", "b", "c", "d"];
    const instance = { name: "work", version: "", input: "x".repeat(3000), createdAt: 1 };
    const image = join(folder, "torn.db");
    const logs: Buffer[] = [];
    {
      const store = new DurableStore(file);
      const { size } = statSync(`${file}-wal`);
      for (const id of ids) {
        await store.write(() => store.create({ ...instance, id, executionId: id }));
        logs.push(readFileSync(`${file}-wal`));
      }
      expect(statSync(`${file}-wal`).size).toBe(size);
      copyFileSync(file, image);
      store.crash();
    }
    const [third, last] = logs.slice(-2) as [Buffer, Buffer];
    let [from, to] = [0, last.length - 1];
    while (last[from] === third[from]) from++;
    while (last[to] === third[to]) to--;
    const bare = readFileSync(image);
    fc.assert(
      fc.property(fc.integer({ min: from, max: to }), fc.boolean(), (at, cut) => {
        writeFileSync(image, bare);
        // Either the file ends there, or the rest of the last commit never came.
        if (cut) {
          writeFileSync(`${image}-wal`, last);
          truncateSync(`${image}-wal`, at);
        } else writeFileSync(`${image}-wal`, Buffer.concat([last.subarray(0, at), third.subarray(at)]));
        const store = new DurableStore(image);
        const kept = ids.filter((id) => store.instance(id)?.input === instance.input);
        store.close();
        expect(kept).toEqual(["a", "b", "c"]);
      }),
      { numRuns: 10 },
    );
  });
});

describe("a store of an older format", () => {
  test("is brought along with all it holds", async () => {
    const file = join(folder, "old.db");
    const old = new DatabaseSync(file);
    old.exec(FORMAT_1);
    old.close();
    for (const _ of [1, 2]) {
      const store = new DurableStore(file);
      expect(store.instance("b")).toMatchObject({ seq: 2, executionId: "x-b", customStatus: '"half"' });
      expect(store.history("b").map(({ event }) => event.Timestamp)).toEqual(["1", "2", "3", "4", "5"]);
      expect(store.history("a").map(({ event }) => event.Timestamp)).toEqual(["9"]);
      expect(store.messages()).toMatchObject([
        { id: 3, instanceId: "b", due: null },
        { id: 7, instanceId: "a", executionId: "x-a", due: 99 },
      ]);
      expect(store.activities()).toEqual([
        { id: 4, instanceId: "b", executionId: "x-b", taskId: 1, name: "act", input: "[1]" },
      ]);
      store.close();
    }
    const store = new DurableStore(file);
    // Ids go on from the last one.
    const added = await store.write(() =>
      store.addActivity({ instanceId: "a", executionId: "x-a", taskId: 0, name: "act", input: "[2]" }),
    );
    expect(added.id).toBe(8);
    expect(store.entities({}, 10)).toEqual([]);
    store.close();
  });
});

/** As the first version left it: two running instances. */
const FORMAT_1 = `
CREATE TABLE instances (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, execution_id TEXT NOT NULL, name TEXT NOT NULL,
  version TEXT NOT NULL, status INTEGER NOT NULL, input TEXT, output TEXT, custom_status TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_by_status ON instances (status, seq);
CREATE TABLE history (
  instance_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (instance_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT, due INTEGER, event TEXT NOT NULL
) STRICT;
CREATE INDEX messages_by_instance ON messages (instance_id);
CREATE TABLE activities (
  id INTEGER PRIMARY KEY AUTOINCREMENT, instance_id TEXT NOT NULL, execution_id TEXT NOT NULL, task_id INTEGER NOT NULL,
  name TEXT NOT NULL, input TEXT NOT NULL
) STRICT;
CREATE INDEX activities_by_instance ON activities (instance_id);
INSERT INTO instances VALUES (1, 'a', 'x-a', 'work', '', 0, NULL, NULL, NULL, 1, 1),
  (2, 'b', 'x-b', 'work', '', 0, '1', NULL, '"half"', 1, 2);
INSERT INTO history VALUES ('b', 10, '"EventType":12,"EventId":-1,"Timestamp":"4"}' || char(10) || '"EventType":13,"EventId":-1,"Timestamp":"5"}'),
  ('b', 0, '"EventType":12,"EventId":-1,"Timestamp":"1"}' || char(10) || '"EventType":13,"EventId":-1,"Timestamp":"2"}'),
  ('b', 2, '"EventType":12,"EventId":-1,"Timestamp":"3"}'),
  ('a', 0, '"EventType":12,"EventId":-1,"Timestamp":"9"}');
INSERT INTO messages VALUES (3, 'b', NULL, NULL, '"EventType":15,"EventId":-1,"Timestamp":"6","Name":"go","Input":"1"}'),
  (7, 'a', 'x-a', 99, '"EventType":11,"EventId":-1,"Timestamp":"7","TimerId":0,"FireAt":"7"}');
INSERT INTO activities VALUES (4, 'b', 'x-b', 1, 'act', '[1]');
PRAGMA application_id = 1279554930;
PRAGMA user_version = 1;
`;
