import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterAll, expect, test } from "@jest/globals";
import { systemClock } from "../../src/kernel/clock.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { run } from "../contracts/ledger/samples.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const place = mkdtempSync(path.join(os.tmpdir(), "lightning-backup-"));
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** The shell blocks of docs/local-host.md, "Back up and restore". */
const blocks = () => {
  const section = /## Back up and restore([\s\S]*?)\n## /.exec(
    readFileSync(path.join(ROOT, "docs/local-host.md"), "utf8"),
  )?.[1];
  return [...(section ?? "").matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
};
const shell = (text: string) =>
  promisify(execFile)(
    "sh",
    ["-ec", text.replaceAll("npx lightning", `"${process.execPath}" "${ROOT}/bin/lightning.js"`)],
    { cwd: place, env: { PATH: process.env.PATH, FORCE_COLOR: "0" } },
  );

test("the page's own commands back a running ledger up and restore it", async () => {
  const file = path.join(place, ".lightning", "ledger.sqlite");
  const open = () => openSqliteLedger({ file, clock: systemClock });
  mkdirSync(path.join(place, ".lightning", "datasets"), { recursive: true });
  writeFileSync(path.join(place, ".lightning", "datasets", "a.jsonl"), "{}\n");
  const ledger = open();
  for (let n = 0; n < 50; n++) await ledger.create("runs", run("a", `r${n}`));
  const { continuation: place50 } = await ledger.changes("runs", { limit: 100 });
  // A write that is under way is no part of the copy, and is not waited for.
  const writer = new DatabaseSync(file);
  writer.exec("BEGIN IMMEDIATE; DELETE FROM c_runs");
  const [backUp = "", restore = "", ...more] = blocks();
  expect(more).toEqual([]);
  const { stdout } = await shell(backUp);
  expect(stdout).toContain("✅ backup-ledger.sqlite: the whole ledger");
  expect(stdout).toContain(`copy ${path.join(place, ".lightning", "datasets")} now`);
  writer.exec("ROLLBACK");
  writer.close();
  expect(existsSync(path.join(place, "backup-data", "a.jsonl"))).toBe(true);
  // There already: it is left as it is.
  const again = shell("npx lightning backup backup-ledger.sqlite");
  await expect(again).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining("backup_exists") });

  for (let n = 50; n < 60; n++) await ledger.create("runs", run("a", `r${n}`));
  await ledger.close();
  writeFileSync(file, "damaged");
  writeFileSync(`${file}-wal`, "of the damaged one");
  await shell(restore);
  const restored = open();
  expect(await restored.count("runs", { pk: ["a"] })).toBe(50);
  expect((await restored.changes("runs", { after: place50, limit: 100 })).items).toEqual([]);
  await restored.create("runs", run("a", "after"));
  await restored.close();
  const raw = new DatabaseSync(file);
  expect(raw.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  raw.close();
}, 60_000);

test("where there is no ledger a backup says so, and makes none", async () => {
  const env = { PATH: process.env.PATH, LIGHTNING_HOME: path.join(place, "nothing"), FORCE_COLOR: "0" };
  const none = promisify(execFile)(
    process.execPath,
    [path.join(ROOT, "bin/lightning.js"), "backup", "--json", "x.sqlite"],
    { cwd: place, env },
  );
  await expect(none).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining("ledger_missing") });
  expect(existsSync(path.join(place, "nothing", "ledger.sqlite"))).toBe(false);
  const cosmos = promisify(execFile)(
    process.execPath,
    [path.join(ROOT, "bin/lightning.js"), "backup", "x.sqlite"],
    {
      cwd: place,
      env: { ...env, COSMOS_ACCOUNT_URI: "https://example.documents.azure.com" },
    },
  );
  await expect(cosmos).rejects.toMatchObject({ stderr: expect.stringContaining("backup_not_embedded") });
}, 60_000);
