import { readdir } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { isLightningError, type LightningError } from "../../src/kernel/errors.ts";
import { AGENT, chat, episode, examplesIn, makeWorld, must, type World } from "./world.ts";

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.close());

async function refusalOf(content: string): Promise<LightningError> {
  const thrown = await world.golden(content).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isLightningError(thrown)) throw new Error("was not refused");
  return thrown;
}
const good = (count: number) => Array.from({ length: count }, (_, n) => chat(`question ${n}`, `answer ${n}`));

describe("a golden file", () => {
  test("ten lines become ten examples on two sides", async () => {
    const dataset = await world.golden(good(10).join("\n"));
    expect(dataset.status).toBe("ready");
    expect(examplesIn(dataset)).toBe(10);
    expect(must(dataset.files?.train).key).toMatch(/\/golden_golden_train_20260301\.jsonl$/);
  });

  test("with a test share of 1 is a test set and nothing else", async () => {
    const dataset = await world.golden(good(10).join("\n"), { test_split: 1 });
    expect(dataset).toMatchObject({ training_count: 0, validation_count: 0, test_count: 10 });
    expect(Object.keys(dataset.files ?? {})).toEqual(["test"]);
  });

  test("lines that name one session are one group, and the session is no part of what is learnt", async () => {
    const lines = good(9).map((line, n) =>
      JSON.stringify({ ...(JSON.parse(line) as object), session_id: `session ${n % 3}` }),
    );
    const dataset = await world.golden(lines.join("\n"), { test_split: 1 });
    expect(dataset).toMatchObject({ test_count: 9, group_counts: { test: 3, largest: 3 } });
    const read = async (key: string) => {
      let text = "";
      for await (const piece of world.files.read(key)) text += Buffer.from(piece).toString();
      return text.trimEnd().split("\n");
    };
    const groups = await read(must(dataset.line_groups?.test));
    expect(groups).toEqual(groups.map((_, n) => groups[n % 3]));
    expect(new Set(groups).size).toBe(3);
    expect((await read(must(dataset.files?.test).key)).join("")).not.toContain("session");
  });

  test("refuses a file for one invalid line, naming each line and rule, and stores nothing (defect 9.15)", async () => {
    const error = await refusalOf(
      [chat("a", "b"), '{"foo":1}', "[1,2]", '"text"', '{"messages":[]}', "{", chat("c", "d")].join("\n"),
    );
    expect(error).toMatchObject({ status: 422, code: "golden_invalid", field: "content.2" });
    const details = error.details as {
      total: number;
      invalid_lines: number;
      faults: { line: number; rule: string; remedy: string }[];
    };
    expect(details).toMatchObject({ total: 6, invalid_lines: 5 });
    expect(details.faults.map(({ line, rule }) => `${line} ${rule}`)).toEqual([
      "2 unknown_key",
      "2 messages_missing",
      "3 not_object",
      "4 not_object",
      "5 messages_empty",
      "6 not_json",
    ]);
    for (const fault of details.faults) expect(fault.remedy).toMatch(/\w/);
    expect(await readdir(world.folder)).toEqual([]);
    expect((await world.service.list(AGENT, 10)).datasets).toEqual([]);
  });

  test("shows twenty faults and counts them all", async () => {
    const error = await refusalOf(Array.from({ length: 50 }, () => "[]").join("\n"));
    const details = error.details as { total: number; faults: unknown[] };
    expect(details.faults).toHaveLength(20);
    expect(details.total).toBe(50);
  });

  test("without a single line is refused", async () => {
    expect(await refusalOf("\n \n")).toMatchObject({ code: "golden_invalid" });
  });

  test("a byte-order mark, Windows line ends, blank and repeated lines do no harm and are told", async () => {
    const [first, second] = good(2);
    const dataset = await world.golden(`\uFEFF${first}\r\n\r\n${second}\r\n${first}\r\n`);
    expect(dataset.warnings).toEqual({ byte_order_mark: 1, blank_line: 1, duplicate_line: 1 });
    expect(dataset.dropped).toEqual({ duplicate: 1 });
    expect(examplesIn(dataset)).toBe(2);
  });

  test("is redacted before it is stored, also inside arguments", async () => {
    const secret = "AKIAIOSFODNN7EXAMPLE";
    const line = JSON.stringify({
      messages: [
        { role: "user", content: `my key is ${secret}` },
        {
          role: "assistant",
          tool_calls: [
            {
              id: "a",
              type: "function",
              function: { name: "put", arguments: JSON.stringify({ key: secret }) },
            },
          ],
        },
      ],
      tools: [{ type: "function", function: { name: "put" } }],
    });
    const dataset = await world.golden(line);
    const [stored] = await world.linesOf(dataset, "train");
    expect(stored).toBeDefined();
    expect(stored).not.toContain(secret);
    expect(JSON.parse(must(stored))).toMatchObject({
      messages: [{ role: "user" }, { tool_calls: [{ id: "a" }] }],
    });
    expect(Object.keys(dataset.warnings ?? {}).some((name) => name.startsWith("redacted:"))).toBe(true);
  });

  test("is stored as it came when redaction is switched off", async () => {
    await world.close();
    world = await makeWorld({ LIGHTNING_REDACT_SECRETS: "false" });
    const dataset = await world.golden(chat("my key is AKIAIOSFODNN7EXAMPLE", "ok"));
    expect((await world.linesOf(dataset, "train"))[0]).toContain("AKIAIOSFODNN7EXAMPLE");
  });

  test("sent twice is one dataset; another content under the same name is another", async () => {
    const first = await world.golden(good(3).join("\n"));
    expect((await world.golden(good(3).join("\n"))).id).toBe(first.id);
    expect((await world.golden(good(4).join("\n"))).id).not.toBe(first.id);
  });

  test("needs to be a finished golden dataset of the same agent to join a build", async () => {
    await expect(world.build({ include_golden: ["dataset-none"] })).rejects.toMatchObject({
      code: "dataset_not_found",
      field: "include_golden",
    });
    await world.store(...Array.from({ length: 12 }, (_, n) => episode(n)));
    const built = await world.build();
    await expect(world.build({ include_golden: [built.id] })).rejects.toMatchObject({
      code: "golden_not_ready",
      field: "include_golden",
    });
  });
});
