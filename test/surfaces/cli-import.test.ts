import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { type App, createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { datasetOperations } from "../../src/datasets/operations.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { systemClock, VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { pagesOf } from "../../src/sdk/pages.ts";
import { terminal } from "../../src/surfaces/cli/io.ts";
import { LARGEST_BODY } from "../../src/surfaces/rest-body.ts";
import { AGENT, chat, makeWorld, type World } from "../datasets/world.ts";
import { cliAgainst } from "./cli-harness.ts";
import { noOrchestrations } from "./fake-operations.ts";
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

  test("pages are whole lines, no larger than asked for, and together they are the file", async () => {
    const line = fc.string({ unit: "grapheme", maxLength: 30 });
    const text = fc
      .tuple(fc.array(line), fc.boolean())
      .map(([all, ended]) => all.join("\n") + (ended ? "\n" : ""));
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 20 }),
        async (all, most, piece) => {
          const bytes = Buffer.from(all);
          async function* pieces() {
            for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
          }
          const pages: string[] = [];
          for await (const page of pagesOf(pieces(), most)) pages.push(page);
          expect(pages.join("")).toBe(bytes.toString());
          for (const [n, page] of pages.entries()) {
            if (n < pages.length - 1) expect(page.endsWith("\n")).toBe(true);
            if (Buffer.byteLength(page) > most) expect([-1, page.length - 1]).toContain(page.indexOf("\n"));
          }
        },
      ),
    );
  });
});

describe("a golden file larger than one request", () => {
  let world: World;
  let large: Awaited<ReturnType<typeof loopback>>;
  let operations: Operation[];
  const sent: Record<string, unknown>[] = [];
  beforeAll(async () => {
    world = await makeWorld({ LIGHTNING_AGENT_ID: AGENT });
    const rows: readonly Operation[] = datasetOperations({ ...world, clock: systemClock });
    operations = rows.map((one) => ({
      ...one,
      run(input, context) {
        sent.push({ operation: one.name, ...input });
        return one.run(input, context);
      },
    }));
    const start = async (_orchestration: object, input: unknown) => {
      const { agent_id, id } = input as { agent_id: string; id: string };
      await world.run(await world.service.get(agent_id, id));
    };
    large = await loopback(operations, { base: { orchestrations: { ...noOrchestrations, start } } });
  });
  afterAll(async () => {
    await large.stop();
    await world.close();
  });

  /** 2 KB a line, of which the first half of the file is another tool's export. */
  const ANSWER = "lorem ipsum dolor sit amet ".repeat(75);
  const lineOf = (n: number) =>
    n < 60 ? JSON.stringify({ prompt: `Question ${n}`, completion: ANSWER }) : chat(`Question ${n}`, ANSWER);
  /** As if a request took 16 KB. */
  const pageBytes = 16 * 1024;
  async function written(name: string, lines: number, last = ""): Promise<string> {
    const file = path.join(folder, name);
    await writeFile(file, Array.from({ length: lines }, (_, n) => `${lineOf(n)}\n`).join("") + last);
    return file;
  }

  test("is sent in pages, checked line by line, and built; sent again it is the same dataset", async () => {
    const file = await written("golden.jsonl", 120);
    const lightning = cliAgainst(operations, large.url, { pageBytes });
    const run = await lightning("import", "--name", "g", "--file", file, "--json");
    expect(run.err).toBe("");
    const dataset = JSON.parse(run.out);
    expect(dataset).toMatchObject({ status: "ready", warnings: { "imported:prompt_completion": 60 } });
    expect(dataset.training_count + dataset.validation_count).toBe(120);
    const parts = sent.filter((one) => one.operation === "addGoldenPart");
    expect(parts.length).toBeGreaterThan(10);
    for (const part of parts) expect(String(part.content).length).toBeLessThanOrEqual(pageBytes);
    expect(await filesBeside(dataset.dataset_id)).toEqual([]);

    const again = await lightning("import", "--name", "g", "--file", file, "--json");
    expect(JSON.parse(again.out)).toMatchObject({ dataset_id: dataset.dataset_id, status: "ready" });
    expect(await filesBeside(dataset.dataset_id)).toEqual([]);
    // An answer that was lost is asked for again, when the parts are gone.
    const { operation: _, ...asked } = sent.findLast((one) => one.operation === "buildGoldenDataset") ?? {};
    expect((await world.service.prepareGolden(asked as never)).existed).toBe(true);
  });

  test("is refused for one bad line in its last page, by its number in the file; nothing of it is kept", async () => {
    const file = await written("bad.jsonl", 100, '{"x":1}\n');
    const run = await cliAgainst(operations, large.url, { pageBytes })(
      "import",
      "--name",
      "bad",
      "--file",
      file,
    );
    expect([run.code, run.err]).toEqual([1, expect.stringMatching(/Line 101: .*nothing was stored/)]);
    expect(await filesBeside("dataset-")).toEqual([]);
  });

  test("parts that are not there are asked for again; content and parts exclude each other", async () => {
    const golden = { agent_id: AGENT, name: "x" };
    const part = "0".repeat(64);
    await expect(world.service.prepareGolden({ ...golden, parts: [part] })).rejects.toMatchObject({
      code: "golden_part_missing",
      field: "parts.0",
    });
    for (const input of [golden, { ...golden, content: LINE, parts: [part] }])
      await expect(world.service.prepareGolden(input)).rejects.toMatchObject({ code: "golden_content" });
  });

  test("parts of blank lines alone are no dataset", async () => {
    const golden = { agent_id: AGENT, name: "blank" };
    const { part, read } = await world.service.addGoldenPart({ ...golden, content: "\n \n", first_line: 1 });
    expect(read).toBe(2);
    await expect(world.service.prepareGolden({ ...golden, parts: [part] })).rejects.toMatchObject({
      code: "golden_invalid",
    });
  });

  /** Files that belong to no dataset. */
  async function filesBeside(dataset: string): Promise<string[]> {
    const entries = await readdir(world.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((one) => one.name.endsWith(".jsonl") && !one.parentPath.includes(`${path.sep}${dataset}`))
      .map((one) => one.name);
  }
});
