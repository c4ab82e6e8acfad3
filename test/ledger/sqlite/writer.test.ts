import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import { prepareDocument } from "../../../src/ledger/limits.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { statementCache } from "../../../src/ledger/sqlite/statements.ts";
import { openStoreFile } from "../../../src/ledger/sqlite/store-file.ts";
import { createExecutor, type WriteCommand } from "../../../src/ledger/sqlite/write-commands.ts";
import { createWriteQueue } from "../../../src/ledger/sqlite/write-queue.ts";
import { startWriteThread } from "../../../src/ledger/sqlite/write-threads.ts";
import { createWriter, type StartThread } from "../../../src/ledger/sqlite/writer.ts";
import { expectRefusal, run } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();
const clock = new VirtualClock();

const create = (id: string): WriteCommand => ({
  op: "put",
  c: "runs",
  mode: "create",
  document: prepareDocument("runs", run("a", id)),
});

/** A writer on a file, with the real thread; `started` counts its starts. */
function openWriter() {
  const { db, file, storeId } = openStoreFile(newFile());
  const threads: { ready: Promise<void>; end(): void }[] = [];
  const startThread: StartThread = ({ onReady, onGone }) => {
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const options = { file, storeId, now: () => clock.now(), onCommit: () => {}, onGone };
    const thread = startWriteThread({
      ...options,
      onReady() {
        onReady();
        resolve();
      },
    });
    threads.push({ ready, end: () => thread.kill() });
    return thread;
  };
  const execute = createExecutor(statementCache(db), storeId);
  const writer = createWriter(
    createWriteQueue(db, clock, () => {}),
    execute,
    "busy",
    startThread,
  );
  const ids = () =>
    db
      .prepare("SELECT id FROM c_runs ORDER BY lsn")
      .all()
      .map((row) => row.id);
  const close = async () => {
    await writer.close();
    db.close();
  };
  return { writer, threads, ids, close };
}
const burst = (writer: { submit: ReturnType<typeof openWriter>["writer"]["submit"] }, name: string) =>
  Array.from({ length: 8 }, (_, n) => writer.submit(1, create(`${name}-${n}`)));

describe("the ledger's writing thread", () => {
  test("is started by a burst and not by one write after the other", async () => {
    const { writer, threads, ids, close } = openWriter();
    for (const id of ["r1", "r2", "r3", "r4", "r5"]) await writer.submit(1, create(id));
    expect(threads).toHaveLength(0);
    await Promise.all(burst(writer, "burst"));
    expect(threads).toHaveLength(1);
    expect(ids()).toHaveLength(13);
    await close();
  });

  test("writes in the order it was asked in, from before its start to after it", async () => {
    const { writer, threads, ids, close } = openWriter();
    const all = burst(writer, "first");
    const expected = Array.from({ length: 8 }, (_, n) => `first-${n}`);
    let n = 0;
    let isReady = false;
    void threads[0]?.ready.then(() => {
      isReady = true;
    });
    for (let after = 0; after < 20; after += isReady ? 1 : 0) {
      const id = `more-${n++}`;
      expected.push(id);
      all.push(writer.submit(1, create(id)));
      if (n % 3 === 0) await Promise.all(all);
    }
    await Promise.all(all);
    expect(ids()).toEqual(expected);
    await close();
  });

  test("that ends by itself leaves what it had in hand unknown, and the rest goes on without it", async () => {
    const { writer, threads, ids, close } = openWriter();
    await Promise.all(burst(writer, "first"));
    await threads[0]?.ready;
    threads[0]?.end();
    const ends = await Promise.allSettled(burst(writer, "lost"));
    for (const end of ends)
      expect(end).toMatchObject({
        status: "rejected",
        reason: { kind: "unavailable", code: "ledger_io_error", ambiguous: true },
      });
    await writer.submit(1, create("later"));
    expect(ids()).toContain("later");
    await close();
  });

  test("tells a refusal as this thread would, and leaves its neighbours alone", async () => {
    const ledger = openSqliteLedger({ file: newFile(), clock, writesOnThread: "always" });
    await ledger.create("runs", run("a", "r1"));
    const [again, other] = await Promise.allSettled([
      ledger.create("runs", run("a", "r1")),
      ledger.create("runs", run("a", "r2")),
    ]);
    expect(again).toMatchObject({
      status: "rejected",
      reason: { kind: "conflict", code: "document_exists" },
    });
    expect(other?.status).toBe("fulfilled");
    await ledger.close();
  });

  test("stores what was handed over before the ledger was closed, and refuses what comes later", async () => {
    const file = newFile();
    const ledger = openSqliteLedger({ file, clock, writesOnThread: "always" });
    const writing = Promise.all(
      Array.from({ length: 2500 }, (_, n) => ledger.create("runs", run("a", `r${n}`))),
    );
    await ledger.close();
    await writing;
    await expectRefusal(ledger.create("runs", run("a", "late")), "unavailable", "ledger_closed");
    const again = openSqliteLedger({ file, clock });
    expect(await again.count("runs", { pk: ["a"] })).toBe(2500);
    await again.close();
  });
});
