import { afterEach, describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import type { Operation } from "../../src/doors/operation.ts";
import { table, textWidth } from "../../src/surfaces/cli/layout.ts";
import { inputFields } from "../../src/surfaces/fields.ts";
import { cliAgainst } from "./cli-harness.ts";
import { loopback } from "./loopback.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
const rows = operationRows(readSettings({})).filter(({ cli }) => cli !== undefined);

const ALL = Array.from({ length: 603 }, (_, n) => ({
  id: `ep-${String(n).padStart(4, "0")}-1a2b3c4d5e6f`,
  user_input: `Where is order ${n}, which I was promised for Monday, and who answers for it?`,
  tool_calls_count: 2,
  model_deployment: "gpt-4o-mini-2024-07-18.local-ft-074e441df5c9",
  request_latency_ms: 120,
  reward_avg: 0.5,
  created_at: "2026-01-01T00:00:00.000Z",
}));

/** The real row, with so many episodes, page by page. */
async function episodes(options: Parameters<typeof cliAgainst>[2] = {}) {
  const asked: number[] = [];
  const told: Operation[] = rows.map((row) => ({
    ...row,
    run: async ({ limit, continuation }: Record<string, unknown>) => {
      const from = Number(continuation ?? 0);
      asked.push(Number(limit));
      const page = ALL.slice(from, from + Number(limit));
      const next = from + page.length;
      return {
        body: {
          agent_id: "a",
          episodes_found: page.length,
          episodes: page,
          ...(next < ALL.length ? { continuation: String(next) } : {}),
        },
      };
    },
  }));
  const door = await loopback(told);
  stops.push(() => door.stop());
  return { asked, lightning: cliAgainst(told, door.url, options) };
}

describe("a list on the command line", () => {
  test("says that there are more, and --all shows every page once", async () => {
    const { lightning, asked } = await episodes();
    const first = await lightning("list-episodes");
    expect(first.out).toMatch(/There are more: --all shows every page[\s\S]*--continuation 20\n/);
    asked.length = 0;
    const { out, code } = await lightning("list-episodes", "--all");
    expect(code).toBe(0);
    expect(ALL.filter(({ id }) => out.split(id).length !== 2)).toEqual([]);
    expect(out).not.toContain("--continuation");
    expect(asked.length).toBeLessThan(10);
  });

  test("--all --json is one whole answer, whose count is of all", async () => {
    const { lightning } = await episodes();
    const { out } = await lightning("list-episodes", "--all", "--limit", "100", "--json");
    const body = JSON.parse(out) as { episodes: { id: string }[]; episodes_found: number };
    expect(body.episodes.map(({ id }) => id)).toEqual(ALL.map(({ id }) => id));
    expect(body).toMatchObject({ agent_id: "a", episodes_found: 603 });
    expect(body).not.toHaveProperty("continuation");
  });

  test("--all has no place beside a continuation", async () => {
    const { lightning } = await episodes();
    expect((await lightning("list-episodes", "--all", "--continuation", "20")).code).toBe(2);
  });

  test("every command that answers in pages has --all, and no other", async () => {
    const { lightning } = await episodes();
    for (const row of rows) {
      const { out } = await lightning(...(row.cli ?? "").split(" "), "--help");
      const isPaged = inputFields(row).some(({ name }) => name === "continuation");
      expect([row.cli, /^ +--all /m.test(out)]).toEqual([row.cli, isPaged]);
    }
  });

  test.each([40, 60, 80, 100])("fits a terminal of %s columns, with whole ids", async (columns) => {
    const { lightning } = await episodes({ columns });
    const { out } = await lightning("list-episodes");
    const lines = out.split("\n");
    const ids = ALL.slice(0, 20).map(({ id }) => id);
    expect(ids.filter((id) => !out.includes(id))).toEqual([]);
    const long = lines.filter((line) => textWidth(line) > columns);
    // What is one word and is copied goes beyond the edge rather than be cut.
    expect(long.filter((line) => !/gpt-4o-mini|--all/.test(line))).toEqual([]);
  });

  test("is as wide as it comes where there is no terminal", async () => {
    const { lightning } = await episodes();
    expect((await lightning("list-episodes")).out).toMatch(/^ {3}ID +User input +Tools +Model/m);
  });
});

describe("a table", () => {
  test("cuts the longest texts first, by the columns that their letters take", () => {
    const cells = [["one", "注文はどこですか、月曜日に届くと聞きました", "short", 3]];
    const lines = table(["A", "Question", "C", "N"], cells, 40);
    expect(lines.every((line) => textWidth(line) <= 40)).toBe(true);
    expect(lines.at(-1)).toMatch(/注文は.*… +short +3$/);
    const [header = "", row = ""] = [lines[0], lines.at(-1)];
    expect(textWidth(row.slice(0, row.indexOf("short")))).toBe(header.indexOf("C"));
  });
});

describe("what a page answers", () => {
  test("every `…_found` of a list says that it counts a page, and every continuation that there are more", () => {
    for (const row of rows.filter((one) => inputFields(one).some(({ name }) => name === "continuation"))) {
      const shape =
        (row.output as unknown as { shape?: Record<string, { description?: string }> }).shape ?? {};
      expect([row.name, shape.continuation?.description]).toEqual([
        row.name,
        expect.stringMatching(/There are more|The continuation/),
      ]);
      for (const [name, field] of Object.entries(shape))
        if (name.endsWith("_found"))
          expect([row.name, field.description]).toEqual([
            row.name,
            expect.stringMatching(/on this page, not of all/),
          ]);
    }
  });
});
