import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "@jest/globals";
import { EventType, store as encoded } from "../../../src/local-host/durable/history/history.ts";
import { DurableStore } from "../../../src/local-host/durable/store/store.ts";

const folder = mkdtempSync(join(tmpdir(), "durable-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newInstance = (id: string) => ({
  id,
  executionId: `x-${id}`,
  name: "work",
  version: "",
  input: null,
  createdAt: 1,
});
const message = (instanceId: string) => ({
  instanceId,
  executionId: null,
  due: null,
  event: encoded({
    EventType: EventType.EventRaised,
    EventId: -1,
    Timestamp: "2026-01-01T00:00:00.000Z",
    Name: "go",
    Input: "1",
  }),
});

describe("the durable store", () => {
  test("commits all writes of one turn of the event loop together", async () => {
    const store = new DurableStore(":memory:");
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => store.write(() => store.create(newInstance(`i${n}`)))),
    );
    // One, or a few on a machine so busy that a group's time is over before its end.
    expect(store.transactions.commits).toBeLessThan(10);
    expect(store.list({}, "", 100)).toHaveLength(50);
    store.close();
  });

  test("undoes only the write that failed", async () => {
    const store = new DurableStore(":memory:");
    const good = store.write(() => store.addMessage(message("a")));
    const bad = store.write(() => {
      store.addMessage(message("b"));
      throw new Error("refused");
    });
    await expect(bad).rejects.toThrow("refused");
    await good;
    expect(store.messages().map(({ instanceId }) => instanceId)).toEqual(["a"]);
    store.close();
  });

  test("tells memory of a commit before it tells whoever asked, and counts as busy until then", async () => {
    const store = new DurableStore(":memory:");
    const seen: number[] = [];
    const written = store.write(
      () => "value",
      () => seen.push(store.transactions.pending),
    );
    expect(store.transactions.pending).toBe(1);
    expect(await written).toBe("value");
    expect(seen).toEqual([1]);
    expect(store.transactions.pending).toBe(0);
    store.close();
    await expect(store.write(() => 1)).rejects.toThrow("closed");
  });

  test("gives back what it was told after it was closed and opened", async () => {
    const file = join(folder, "again.db");
    const first = new DurableStore(file);
    await first.write(() => {
      first.create(newInstance("a"));
      first.addMessage(message("a"));
      first.addActivity({ instanceId: "a", executionId: "x-a", taskId: 0, name: "act", input: "[1]" });
      first.appendHistory({ seq: 1 }, [message("a").event]);
    });
    first.close();
    const second = new DurableStore(file);
    expect(second.instance("a")).toMatchObject({ executionId: "x-a", name: "work", status: 6 });
    expect(second.messages()[0]).toMatchObject(message("a"));
    expect(second.activities()).toMatchObject([{ name: "act", taskId: 0 }]);
    expect(second.history("a")).toEqual([message("a").event]);
    second.close();
  });

  test("refuses an SQLite file of another program and leaves it as it was", () => {
    const file = join(folder, "foreign.db");
    const foreign = new DatabaseSync(file);
    foreign.exec("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    foreign.close();
    const before = readFileSync(file);
    expect(() => new DurableStore(file)).toThrow(/cannot be used: it is an SQLite file of another program/);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("refuses a file that is no database, is torn, or is of a newer version, and leaves it as it was", async () => {
    const refused = (file: string, why: RegExp) => {
      const before = readFileSync(file);
      expect(() => new DurableStore(file)).toThrow(why);
      expect(readFileSync(file).equals(before)).toBe(true);
    };
    const text = join(folder, "text.db");
    writeFileSync(text, "this is not a database, but long enough to look like one".repeat(20));
    refused(text, /it is damaged/);

    const torn = join(folder, "torn.db");
    const store = new DurableStore(torn);
    await store.write(() => {
      for (let n = 0; n < 200; n++) store.create({ ...newInstance(`i${n}`), input: "x".repeat(500) });
    });
    store.close();
    truncateSync(torn, 20_000);
    refused(torn, /it is damaged/);

    const spoilt = join(folder, "spoilt.db");
    const whole = new DurableStore(spoilt);
    await whole.write(() => {
      for (let n = 0; n < 200; n++) whole.create({ ...newInstance(`i${n}`), input: "x".repeat(500) });
    });
    whole.close();
    const bytes = readFileSync(spoilt);
    writeFileSync(spoilt, bytes.fill(0xff, 8 * 4096, 10 * 4096));
    refused(spoilt, /it is damaged/);

    const newer = join(folder, "newer.db");
    new DurableStore(newer).close();
    const db = new DatabaseSync(newer);
    db.exec("PRAGMA user_version = 99");
    db.close();
    refused(newer, /format 99 is newer/);
  });

  test("belongs to one host at a time, and to the next as soon as that one is dead", async () => {
    const file = join(folder, "owned.db");
    const source = `
      const { DurableStore } = await import(${JSON.stringify(new URL("../../../src/local-host/durable/store/store.ts", import.meta.url).href)});
      new DurableStore(process.argv[1]);
      console.log("open");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source, file], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise((resolve) => child.on("exit", resolve));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(() => new DurableStore(file)).toThrow(`in use by another host (process ${child.pid})`);
    child.kill("SIGKILL");
    await exited;
    const mine = new DurableStore(file);
    expect(() => new DurableStore(file)).toThrow("in use by another host");
    mine.close();
  });
});
