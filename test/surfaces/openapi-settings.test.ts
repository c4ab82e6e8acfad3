import { describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings, SETTINGS, type Settings } from "../../src/config/settings.ts";
import { mcpTools } from "../../src/surfaces/mcp-tools.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";

/** Texts of which each setting takes at least one that is not its default. */
const TEXTS = [
  "no",
  "yes",
  "3",
  "7",
  "300",
  "70000",
  "0.3",
  "-0.3",
  "email",
  "us_ssn",
  "https://elsewhere.example/",
  "other-name",
  "review",
  "owner",
  "g-1=trainer",
  "0 0 3 * * *",
  "entra",
  "3fa85f64-5717-4562-b3fc-2c963f66afa6=trainer",
  "require",
  "error",
  "key",
  "tool_names",
  "Standard",
  "GlobalStandard",
  "developerTier",
  "https://elsewhere.example/.default",
  "AccountName=a;AccountKey=b==",
  "k".repeat(40),
  process.execPath,
  process.cwd(),
];
type Row = { readonly env: string; parse(text: string): unknown };

function otherThan(known: unknown, row: Row): unknown {
  for (const text of TEXTS) {
    try {
      const value = row.parse(text);
      if (JSON.stringify(value) !== JSON.stringify(known) || value instanceof Set) return value;
    } catch {
      // Not one of its values.
    }
  }
  throw new Error(`No text of this test is a value of ${row.env}.`);
}

const here = readSettings({});
const elsewhere = Object.fromEntries(
  Object.entries<Row>(SETTINGS).map(([name, row]) => [name, otherThan(here[name as keyof Settings], row)]),
) as unknown as Settings;

describe("a description belongs to the version, whatever an app is set to", () => {
  test("the API's, but for its address", () => {
    const [one, other] = [here, elsewhere].map((settings, i) =>
      openapiDocument(operationRows(settings), { server: `http://app-${i}` }),
    );
    expect(one?.servers).toEqual([{ url: "http://app-0/api" }]);
    const text = (document: typeof one) => JSON.stringify({ ...document, servers: [] });
    expect(text(other)).toBe(text(one));
    expect(text(other)).not.toContain(`"default":"${here.agentId}"`);
  });

  test("the list of MCP tools", () => {
    const [one, other] = [here, elsewhere].map((settings) =>
      JSON.stringify(
        [...mcpTools({ operations: operationRows(settings) }).values()].map(({ listed }) => listed),
      ),
    );
    expect(other).toBe(one);
  });
});

test("what a setting gives holds all the same where a caller says nothing", () => {
  for (const settings of [here, elsewhere])
    for (const { name, input } of operationRows(settings)) {
      const agent = input.shape.agent_id as { safeParse(value: unknown): { data?: unknown } } | undefined;
      const given = agent?.safeParse(undefined).data;
      if (given !== undefined) expect([name, given]).toEqual([name, settings.agentId]);
    }
  expect(here.agentId).not.toBe(elsewhere.agentId);
});
