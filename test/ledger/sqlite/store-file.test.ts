import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { messageOf } from "../../../src/kernel/errors.ts";
import { isDamaged } from "../../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { openStoreFile, STORE_VERSION } from "../../../src/ledger/sqlite/store-file.ts";
import { episode, run } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();
const clock = new VirtualClock();
const open = (file: string) => openSqliteLedger({ file, clock });

function codeOfOpening(file: string): unknown {
  try {
    void open(file).close();
    return "opened";
  } catch (thrown) {
    expect(messageOf(thrown)).toContain(path.basename(file));
    return (thrown as { code?: unknown }).code;
  }
}

const fileWith = (content: string | Uint8Array): string => {
  const file = newFile();
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
};

async function ledgerFile(documents: number): Promise<string> {
  const file = newFile();
  const ledger = open(file);
  await ledger.bulk(
    "runs",
    "create",
    Array.from({ length: documents }, (_, n) => run("a", `r${n}`)),
  );
  await ledger.close();
  return file;
}

const raw = (file: string, sql: string) => {
  const db = new DatabaseSync(file);
  db.exec(sql);
  db.close();
};

describe("the embedded ledger's file", () => {
  test("is made with its folder, and found again with its documents, etags and places in the feed", async () => {
    const file = newFile();
    const first = open(file);
    const stored = await first.create("runs", run("a", "r1"));
    const { continuation } = await first.changes("runs", { limit: 10 });
    await first.close();
    const again = open(file);
    expect(await again.read("runs", ["a"], "r1")).toEqual(stored);
    await again.create("runs", run("a", "r2"));
    const { items } = await again.changes("runs", { after: continuation, limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["r2"]);
    await again.close();
  });

  test("keeps a write-ahead log and syncs it at every commit", () => {
    const { db } = openStoreFile(newFile());
    expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(db.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 }); // FULL
    db.close();
  });

  test("has pages of 8 KiB when it is new; an older one keeps its own, and its log is copied back at the same length", async () => {
    const older = await ledgerFile(3);
    raw(older, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM");
    const pagesOf = (file: string) => {
      const { db } = openStoreFile(file);
      const { page_size } = db.prepare("PRAGMA page_size").get() as { page_size: number };
      const { wal_autocheckpoint } = db.prepare("PRAGMA wal_autocheckpoint").get() as Record<string, number>;
      db.close();
      return { page_size, log: page_size * (wal_autocheckpoint ?? 0) };
    };
    const log = 16_000 * 1024;
    expect(pagesOf(newFile())).toEqual({ page_size: 8192, log });
    expect(pagesOf(older)).toEqual({ page_size: 4096, log });
    const again = open(older);
    expect((await again.changes("runs", { limit: 10 })).items).toHaveLength(3);
    await again.close();
  });

  test("is refused, unchanged, when it is no SQLite file", () => {
    for (const content of [
      "hello",
      "x".repeat(10_000),
      "SQLite format 2\u0000 and more",
      new Uint8Array(5000),
    ]) {
      const file = fileWith(content);
      const before = readFileSync(file);
      expect(codeOfOpening(file)).toBe("ledger_foreign_file");
      expect(readFileSync(file).equals(before)).toBe(true);
    }
  });

  test("is refused, unchanged, when it is another program's SQLite file", () => {
    const file = fileWith("");
    raw(file, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
    const before = readFileSync(file);
    expect(codeOfOpening(file)).toBe("ledger_foreign_file");
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("is refused, unchanged, when it is empty and its log is not: it was a ledger", async () => {
    const file = await ledgerFile(1);
    const store = openStoreFile(file);
    store.db.exec("UPDATE _store SET lsn = lsn + 1");
    const wal = readFileSync(`${file}-wal`);
    store.db.close();
    writeFileSync(`${file}-wal`, wal);
    truncateSync(file, 0);
    expect(codeOfOpening(file)).toBe("ledger_damaged");
    expect([statSync(file).size, readFileSync(`${file}-wal`).equals(wal)]).toEqual([0, true]);
  });

  test("names the documents that are damaged, on every way that meets them, and answers for the others", async () => {
    const file = await ledgerFile(50);
    // Pages that were freed hold the text, too.
    const text = readFileSync(file).toString("latin1").replaceAll('"id":"r19"', 'xid":"r19"');
    writeFileSync(file, Buffer.from(text, "latin1"));
    const ledger = open(file);
    const told = { code: "ledger_document_damaged", message: expect.stringContaining('"r19" of "a"') };
    await expect(ledger.query("runs", { pk: ["a"], limit: 100 })).rejects.toMatchObject(told);
    await expect(ledger.read("runs", ["a"], "r19")).rejects.toMatchObject(told);
    expect(await ledger.read("runs", ["a"], "r18")).toMatchObject({ id: "r18" });
    await ledger.close();
  });

  test("with one damaged document feeds all the others, and names that one in its place", async () => {
    const file = await ledgerFile(50);
    const text = readFileSync(file).toString("latin1").replaceAll('"id":"r19"', 'xid":"r19"');
    writeFileSync(file, Buffer.from(text, "latin1"));
    const ledger = open(file);
    const { items } = await ledger.changes("runs", { limit: 100 });
    const asText = await ledger.changesAsText?.("runs", { limit: 100 });
    for (const fed of [items, JSON.parse(asText?.json ?? "") as typeof items]) {
      expect(fed.map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, n) => `r${n}`));
      expect(fed.filter(isDamaged)).toMatchObject([{ id: "r19", agent_id: "a", damaged: true }]);
    }
    await ledger.close();
  });

  test("may be empty: then it is a new ledger", () => {
    expect(codeOfOpening(fileWith(""))).toBe("opened");
  });

  test("is refused, unchanged, when its end is missing", async () => {
    const file = await ledgerFile(500);
    for (const keep of [0.5, 0.99]) {
      truncateSync(file, Math.floor(statSync(file).size * keep));
      const before = readFileSync(file);
      expect(codeOfOpening(file)).toBe("ledger_damaged");
      expect(readFileSync(file).equals(before)).toBe(true);
    }
  });

  test("is refused, unchanged, when its header alone is left", async () => {
    const file = await ledgerFile(10);
    truncateSync(file, 100);
    expect(["ledger_damaged", "ledger_foreign_file"]).toContain(codeOfOpening(file));
    expect(statSync(file).size).toBe(100);
  });

  test("answers damage inside with one clear error, and not with wrong documents", async () => {
    const file = await ledgerFile(10_000);
    const bytes = readFileSync(file);
    bytes.fill(0xab, bytes.length / 2); // the header and the tables' definitions stay: they are less than half
    writeFileSync(file, bytes);
    const ledger = open(file);
    const everything = (async () => {
      await ledger.query("runs", { pk: ["a"], limit: 1000 });
      await ledger.changes("runs", { limit: 1000 });
      await ledger.count("runs", { pk: ["a"], where: [{ field: "type", op: "eq", value: "training_run" }] });
    })();
    await expect(everything).rejects.toMatchObject({ kind: "fatal", code: "ledger_damaged" });
    await ledger.close();
  });

  test("of a newer version is left alone", async () => {
    const file = await ledgerFile(1);
    raw(file, `PRAGMA user_version = ${STORE_VERSION + 1}`);
    expect(codeOfOpening(file)).toBe("ledger_too_new");
  });

  test("gains the columns and indexes of fields that the registry has learnt since", async () => {
    const file = newFile();
    const before = open(file);
    await before.create("episodes", episode("a", "e1", { session_id: "s" }));
    await before.close();
    raw(file, "DROP INDEX c_episodes_s_session_id_set; ALTER TABLE c_episodes DROP COLUMN s_session_id");
    const after = open(file);
    const where = [{ field: "session_id", op: "eq", value: "s" }] as const;
    expect(await after.count("episodes", { pk: ["a"], where })).toBe(1);
    await after.close();
  });

  test("refuses an etag and a place in the feed that come from another store", async () => {
    const [one, two] = [open(newFile()), open(newFile())];
    const { _etag: ifMatch } = await one.create("runs", run("a", "r1"));
    await two.create("runs", run("a", "r1"));
    await expect(two.replace("runs", run("a", "r1"), { ifMatch })).rejects.toMatchObject({
      code: "etag_mismatch",
    });
    const { continuation: after } = await one.changes("runs", { limit: 1 });
    await expect(two.changes("runs", { after, limit: 1 })).rejects.toMatchObject({
      code: "bad_continuation",
    });
    await Promise.all([one.close(), two.close()]);
  });
});
