import { describe, expect, test } from "@jest/globals";
import { VirtualClock } from "../../../src/kernel/clock.ts";
import type { LedgerDocument } from "../../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../../src/ledger/sqlite/open.ts";
import { run } from "../../contracts/ledger/samples.ts";
import { temporaryFiles } from "./folder.ts";

const newFile = temporaryFiles();
const open = (writesOnThread: "never" | "always") =>
  openSqliteLedger({ file: newFile(), clock: new VirtualClock(), writesOnThread });
/** A trail that names the etag of what it tells of. */
const trail = (id: string) => ({
  c: "datasets" as const,
  document: (etag: string) => ({ ...run("a", id), after: etag }) as LedgerDocument,
});

describe.each(["never", "always"] as const)("a create with its trail, on a thread: %s", (writesOnThread) => {
  test("stores both, the trail with the etag that the document got", async () => {
    const ledger = open(writesOnThread);
    const { etag, isTrailed } = await ledger.createWithTrail("runs", run("a", "r1"), trail("t1"));
    expect(isTrailed).toBe(true);
    expect(await ledger.read("runs", ["a"], "r1")).toMatchObject({ _etag: etag });
    expect(await ledger.read("datasets", ["a"], "t1")).toMatchObject({ after: etag });
    await ledger.close();
  });

  test("stores neither when the document is refused", async () => {
    const ledger = open(writesOnThread);
    await ledger.create("runs", run("a", "r1"));
    await expect(ledger.createWithTrail("runs", run("a", "r1"), trail("t1"))).rejects.toMatchObject({
      code: "document_exists",
    });
    expect(await ledger.read("datasets", ["a"], "t1")).toBeUndefined();
    await ledger.close();
  });

  test("says so when the trail alone is refused, and stores the document", async () => {
    const ledger = open(writesOnThread);
    await ledger.create("datasets", run("a", "t1"));
    const taken = await ledger.createWithTrail("runs", run("a", "r1"), trail("t1"));
    const wrong = await ledger.createWithTrail("runs", run("a", "r2"), trail("no/id"));
    expect([taken.isTrailed, wrong.isTrailed]).toEqual([false, false]);
    expect((await ledger.query("runs", { limit: 10 })).items).toHaveLength(2);
    expect((await ledger.query("datasets", { limit: 10 })).items).toHaveLength(1);
    await ledger.close();
  });
});

test("a bulk in several parts tells of each document at its place", async () => {
  const ledger = open("always");
  await ledger.create("runs", run("a", "r7"));
  const documents = Array.from({ length: 250 }, (_, n) => run("a", n === 111 ? "no/id" : `r${n}`));
  const results = await ledger.bulk("runs", "create", documents);
  expect(results.flatMap((result, n) => (result.ok ? [] : [n]))).toEqual([7, 111]);
  expect(results[7]).toMatchObject({ error: { code: "document_exists" } });
  expect(results[249]).toMatchObject({ etag: (await ledger.read("runs", ["a"], "r249"))?._etag });
  await ledger.close();
});
