import { spawnSync } from "node:child_process";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { NODE_OPTIONS } from "../../bin/node-options.js";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { createLogger } from "../../src/kernel/logger.ts";
import { printable, printableLine } from "../../src/kernel/printable.ts";
import { commandOf } from "../../src/surfaces/cli/commands.ts";
import { mayNeedYes } from "../../src/surfaces/cli/confirm.ts";
import { exampleLine } from "../../src/surfaces/cli/options.ts";
import { cliAgainst } from "./cli-harness.ts";

const FORGED = "✅ Promoted by nobody";
/** A title, a colour, a link, moves of the cursor, C1, marks of direction, separators, half a character, a line of ours. */
const HOSTILE = [
  "\u001b]0;title\u0007\u001b[31m\u001b]8;;http://evil\u0007x\u001b[2J\r\b\u0000\u007f",
  "\u009b31m\u0085\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ud800",
  `\n${FORGED}\r\n${FORGED}`,
].join("");

type Schema = Readonly<Record<string, unknown>>;
/** A value of the schema in which every text that is free, and every free name, is hostile. */
function hostile(schema: Schema, defs: Schema, depth = 0): unknown {
  if (typeof schema.$ref === "string" && depth < 12)
    return hostile((defs[schema.$ref.split("/").at(-1) ?? ""] ?? {}) as Schema, defs, depth + 1);
  // `items: false` behind the members of a tuple.
  if (typeof schema !== "object") return null;
  if (Array.isArray(schema.prefixItems))
    return schema.prefixItems.map((one: Schema) => hostile(one, defs, depth + 1));
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum))
    return FINISHED.find((one) => (schema.enum as unknown[]).includes(one)) ?? schema.enum[0];
  const of = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as Schema[] | undefined;
  if (of !== undefined) return hostile(of[0] ?? {}, defs, depth + 1);
  if (schema.type === "array")
    return depth > 10 ? [] : [hostile((schema.items ?? {}) as Schema, defs, depth + 1)];
  if (schema.type === "number" || schema.type === "integer") return 1;
  if (schema.type === "boolean") return true;
  if (schema.type === "null") return null;
  if (schema.type === "string") return schema.format === "date-time" ? "2026-01-01T00:00:00.000Z" : HOSTILE;
  if (schema.type === "object" || schema.properties !== undefined) {
    if (depth > 10) return {};
    const known = Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(
      ([name, member]) => [name, hostile(member, defs, depth + 1)],
    );
    const free =
      typeof schema.additionalProperties === "object" ? (schema.additionalProperties as Schema) : undefined;
    return Object.fromEntries([
      ...known,
      ...(free === undefined ? [] : [[HOSTILE, hostile(free, defs, depth + 1)]]),
    ]);
  }
  return { [HOSTILE]: HOSTILE };
}
const FINISHED = ["ready", "succeeded", "completed", "finished", "done", "active", "healthy", "sft"];

const ROWS = operationRows(readSettings({}));
const bodies = new Map<string, string>();
const bodyOf = (row: Operation): string => {
  const known = bodies.get(row.name);
  if (known !== undefined) return known;
  const schema = z.toJSONSchema(row.output, { unrepresentable: "any", io: "output" }) as Schema;
  const text = JSON.stringify(hostile(schema, (schema.$defs ?? {}) as Schema));
  bodies.set(row.name, text);
  return text;
};

/** Words of an example as a shell takes them. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'((?:[^']|'\\'')*)'|\S+/g)]
    .map(([word, quoted]) => (quoted ?? word).replaceAll("'\\''", "'"))
    .slice(1);

const UNPRINTABLE = /(?![\n\t])[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u;

describe("what others wrote, on a terminal", () => {
  let answers: (row: Operation) => { status: number; body: string };
  let url: string;
  const server = http.createServer((request, response) => {
    request.resume().once("end", () => {
      const address = new URL(request.url ?? "/", "http://x").pathname.replace("/api/lightning", "");
      const row = ROWS.find(
        ({ rest }) =>
          rest.method === request.method &&
          new RegExp(
            `^${rest.path.replaceAll(/\/\{\w+\?\}/g, "(/[^/]+)?").replaceAll(/\{\w+\}/g, "[^/]+")}$`,
          ).test(address),
      );
      const { status, body } = row === undefined ? { status: 404, body: "{}" } : answers(row);
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const files = {
    "episodes.jsonl": '{"user_input":"q","assistant_output":"a"}',
    "lineage.json": JSON.stringify(ROWS.find(({ name }) => name === "verifyAnswer")?.example.answer),
    "./data/golden_conversations.jsonl": '{"messages":[]}',
  };
  const error = JSON.stringify({
    error: { code: HOSTILE, message: HOSTILE, field: HOSTILE, remedy: HOSTILE, details: [HOSTILE] },
  });
  const commands = ROWS.filter(({ cli }) => cli !== undefined).map((row) => [row.cli ?? "", row] as const);

  test.each(commands)("%s shows it as text alone, on lines of its own, at any width", async (_cli, row) => {
    const from = wordsOf(commandOf(row.name).extras?.(row).example ?? exampleLine(row));
    const yes = mayNeedYes(row) ? ["--yes"] : [];
    for (const answer of ["reply", "error"])
      for (const columns of [60, 120])
        for (const how of [[], ["--json"]]) {
          answers = (asked) =>
            answer === "reply" ? { status: 200, body: bodyOf(asked) } : { status: 409, body: error };
          const run = cliAgainst(ROWS, url, { columns, files, answer: true });
          const { out, err, connections } = await run(...from, ...yes, ...how);
          const shown = out + err;
          expect(shown.length).toBeGreaterThan(0);
          expect(UNPRINTABLE.exec(shown)?.[0]?.codePointAt(0)).toBeUndefined();
          expect(shown.split("\n").filter((one) => one.trimStart().startsWith(FORGED))).toEqual([]);
          if (how.length > 0 && answer === "error" && connections > 0)
            expect((JSON.parse(out) as { error: { message: string } }).error.message).toBe(HOSTILE);
        }
  });

  test("is one event in a log, whatever stands in it", () => {
    const lines: string[] = [];
    const logger = createLogger((line) => lines.push(line), "debug");
    logger.info(HOSTILE, { path: HOSTILE });
    expect(lines).toHaveLength(1);
    expect(UNPRINTABLE.test(lines[0] ?? "")).toBe(false);
    expect((lines[0] ?? "").split("\n").some((one) => one.startsWith(FORGED))).toBe(false);
  });

  test("stays the same JSON", () => {
    expect(JSON.parse(printable(JSON.stringify([HOSTILE])))).toEqual([HOSTILE]);
    expect(printableLine("a\r\nb\tc\u202e")).toBe("a⏎b c\\u202e");
    expect(printable("👩‍👩‍👧 ñ é 日本 \u0301")).toBe("👩‍👩‍👧 ñ é 日本 \u0301");
  });
});

describe("what was typed wrong", () => {
  const ODD = "\u001b[31m\u009b2J\u202ex";
  test.each([
    ["demo/main.ts", `--${ODD}`],
    ["src/start.ts", `--${ODD}`],
    ["src/start.ts", `--port=${ODD}`],
    ["src/local-host/main.ts", `--${ODD}`],
    ["src/local-host/main.ts", `--port=${ODD}`],
    ["src/local-host/main.ts", `/none/${ODD}`],
  ])("is shown by %s without its controls: %j", (script, argument) => {
    const { stderr, stdout, status } = spawnSync(process.execPath, [...NODE_OPTIONS, script, argument], {
      cwd: path.resolve(import.meta.dirname, "../.."),
      encoding: "utf8",
    });
    expect(status).not.toBe(0);
    expect(stderr).toContain("\\u001b[31m");
    expect(`${stdout}${stderr}`).not.toMatch(UNPRINTABLE);
  });
});
