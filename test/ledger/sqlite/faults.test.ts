import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import type { LightningError } from "../../../src/kernel/errors.ts";
import { ledgerOn } from "../../../src/ledger/sqlite/ledger.ts";
import { openStoreFile } from "../../../src/ledger/sqlite/store-file.ts";
import { createWriteQueue } from "../../../src/ledger/sqlite/write-queue.ts";
import { expectRefusal, run } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();
const clock = new VirtualClock();

function openBreakable() {
  const file = newFile();
  const store = openStoreFile(file);
  return { file, db: store.db, ledger: ledgerOn(store, { clock }) };
}
const errorOf = async (promise: Promise<unknown>) =>
  (await promise.then(
    () => new Error("it was not refused"),
    (thrown: unknown) => thrown,
  )) as LightningError;

describe("the embedded ledger under faults", () => {
  test("a full disk refuses the whole group, keeps nothing of it and heals when there is space", async () => {
    const { db, ledger } = openBreakable();
    await ledger.create("runs", run("a", "before"));
    const pages = Number(db.prepare("PRAGMA page_count").get()?.page_count);
    db.exec(`PRAGMA max_page_count = ${pages + 4}`);
    const ends = await Promise.allSettled([
      ledger.create("runs", run("a", "small")),
      ledger.create("runs", run("a", "large", { text: "x".repeat(200_000) })),
      ledger.create("runs", run("a", "later")),
    ]);
    for (const end of ends) {
      expect(end).toMatchObject({
        status: "rejected",
        reason: { kind: "unavailable", code: "ledger_disk_full", ambiguous: false, retryAfterMs: 5000 },
      });
    }
    const { items } = await ledger.query("runs", { pk: ["a"], limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["before"]);
    db.exec("PRAGMA max_page_count = 1000000");
    await ledger.create("runs", run("a", "small"));
    expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    await ledger.close();
  });

  test("another process's long write is an error to try again after, and nothing is half done", async () => {
    const { db } = openStoreFile(newFile());
    const file = String(db.location());
    const queue = createWriteQueue(db, clock, () => {}, { ms: 40, isAsleep: false });
    const other = new DatabaseSync(file);
    other.exec("BEGIN IMMEDIATE");
    const error = await errorOf(queue.submit(0, (tx) => tx.nextLsn()));
    expect(error).toMatchObject({ kind: "unavailable", code: "ledger_busy", ambiguous: false });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(db.prepare("SELECT lsn FROM _store").get()).toEqual({ lsn: 0 }); // reads go on
    other.exec("ROLLBACK");
    other.close();
    expect(await queue.submit(0, (tx) => tx.nextLsn())).toBe(1);
    db.close();
  });

  test("a commit that fails on the way to the disk is told as ambiguous, to every writer of the group", async () => {
    const { db } = openStoreFile(":memory:");
    let broken = true;
    const failing = new Proxy(db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "exec" && args[0] === "COMMIT" && broken)
            throw Object.assign(new Error("disk I/O error"), { errcode: 10 | (4 << 8) });
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
    const queue = createWriteQueue(failing, clock, () => {});
    const ends = await Promise.allSettled([queue.submit(0, () => 1), queue.submit(0, () => 2)]);
    for (const end of ends)
      expect(end).toMatchObject({ status: "rejected", reason: { code: "ledger_io_error", ambiguous: true } });
    broken = false;
    expect(await queue.submit(0, () => 3)).toBe(3);
    db.close();
  });

  test("a fault in one write leaves its neighbours alone", async () => {
    const { db } = openStoreFile(":memory:");
    const queue = createWriteQueue(db, clock, () => {});
    const bad = queue.submit(0, () => {
      throw new TypeError("a bug");
    });
    const good = queue.submit(0, () => "stored");
    await expectRefusal(bad, "fatal", "ledger_fault");
    expect(await good).toBe("stored");
    db.close();
  });

  test("a file that may not be written to is told as such", async () => {
    const { db, ledger } = openBreakable();
    db.exec("PRAGMA query_only = ON");
    await expect(ledger.create("runs", run("a", "r1"))).rejects.toMatchObject({ code: "ledger_read_only" });
    db.exec("PRAGMA query_only = OFF");
    await ledger.close();
  });
});
