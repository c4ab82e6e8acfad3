import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type App, createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { terminal } from "../../src/surfaces/cli/io.ts";
import { LARGEST_BODY } from "../../src/surfaces/rest-body.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

const clock = new VirtualClock();
let app: App;
let door: Awaited<ReturnType<typeof loopback>>;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "lightning-import-"));
  const ledger = openSqliteLedger({ file: ":memory:", clock });
  app = createApp({ settings: readSettings({}), clock, logger: silentLogger, ledger });
  door = await loopback(app.operations);
});
afterAll(async () => {
  await door.stop();
  await app.close();
  await rm(folder, { recursive: true });
});

const LINE = '{"prompt":"Who?","completion":"Me."}';

describe("import", () => {
  test("is build-golden by another name: the same line and rule are refused", async () => {
    const lightning = cliAgainst(app.operations, door.url, { files: { "a.jsonl": `${LINE}\n{"x":1}\n` } });
    const run = await lightning("import", "--name", "g", "--file", "a.jsonl");
    expect([run.code, run.err]).toEqual([1, expect.stringMatching(/Line 2: .*nothing was stored/)]);
    expect(await lightning("build-golden", "--name", "g", "--golden-file", "a.jsonl")).toEqual(run);
    const both = await lightning("import", "--name", "g", "--file", "a.jsonl", "--golden-file", "b.jsonl");
    expect([both.code, both.err]).toEqual([2, expect.stringContaining("cannot be used with")]);
  });

  test("refuses a file over the limit of a request without holding it in memory", async () => {
    const file = path.join(folder, "large.jsonl");
    await writeFile(file, LINE);
    await truncate(file, 500 * 1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    await expect(terminal.read(file, LARGEST_BODY)).rejects.toThrow(`more than the ${LARGEST_BODY} bytes`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * LARGEST_BODY);
    await truncate(file, LINE.length);
    expect(await terminal.read(file, LINE.length)).toBe(LINE);
    await expect(terminal.read(file, LINE.length - 1)).rejects.toThrow("at most");
  });
});
