import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "@jest/globals";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Agent } from "../../src/agent/agent.ts";
import { agentTools } from "../../src/agent/tools.ts";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { DEFAULT_TOOL_SET, TOOL_SETS, type ToolSet } from "../../src/doors/tool-sets.ts";
import { mcpTools } from "../../src/surfaces/mcp-tools.ts";
import { loopback } from "./loopback.ts";

const MCP_DOCS = readFileSync(path.resolve(import.meta.dirname, "../../docs/mcp.md"), "utf8");
const settings = readSettings({});
const rows = operationRows(settings);
const extraTools = agentTools({} as Agent, settings);
const tools = mcpTools({ operations: rows, extraTools });
const namesOf = (...sets: ToolSet[]) =>
  [...tools].filter(([, tool]) => tool.sets.some((set) => sets.includes(set))).map(([name]) => name);

let door: Awaited<ReturnType<typeof loopback>>;
let operated: Awaited<ReturnType<typeof loopback>>;
beforeAll(async () => {
  door = await loopback(rows, { extraTools });
  operated = await loopback(rows, { extraTools, toolSets: new Set(["operate"]) });
});
afterAll(async () => {
  await door.stop();
  await operated.stop();
});

async function listed(url: string) {
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const answer = await client.listTools();
  await client.close();
  return answer.tools;
}

describe("the sets of tools", () => {
  test("hold every tool of every row, and the design's names are in all", () => {
    for (const { name, mcp = [] } of rows)
      if (mcp.length > 0)
        expect([name, (tools.get(mcp[0] ?? "")?.sets.length ?? 0) > 1]).toEqual([name, true]);
    expect(namesOf("all")).toEqual([...tools.keys()]);
    expect(namesOf("all")).toEqual(
      expect.arrayContaining([
        "lightning_build_dataset",
        "lightning_train",
        "lightning_training_status",
        "lightning_promote",
        "lightning_start_training",
        "lightning_get_training_status",
        "lightning_promote_deployment",
        "ask_foundry",
        "next_best_action",
        "analyze_intent",
        "generate_plan",
        "generate_plan_with_instructions",
      ]),
    );
    // A second name costs a reader as much as a first and tells nothing new.
    for (const { mcp: [, ...others] = [] } of rows)
      for (const other of others) expect(tools.get(other)?.sets).toEqual(["all"]);
  });

  test("are told in the docs with the number of their tools", () => {
    const told = [...MCP_DOCS.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, set, count]) => [
      set,
      Number(count),
    ]);
    expect(told).toEqual(TOOL_SETS.map((set) => [set, namesOf(set).length]));
  });

  test("what is listed without asking has at most 20 tools and 24 kB", async () => {
    const list = await listed(`${door.url}/api/mcp`);
    expect(list.map(({ name }) => name)).toEqual(namesOf(DEFAULT_TOOL_SET));
    expect(list.length).toBeLessThanOrEqual(20);
    expect(Buffer.byteLength(JSON.stringify({ tools: list }))).toBeLessThanOrEqual(24_000);
  });

  test.each(TOOL_SETS)(
    "%s is listed as asked for in the address, each tool with title and schemas",
    async (set) => {
      const list = await listed(`${door.url}/api/mcp?tools=${set}`);
      expect(list.map(({ name }) => name)).toEqual(namesOf(set));
      for (const { name, title, inputSchema, outputSchema } of list)
        expect([name, title, inputSchema.type, outputSchema?.type]).toEqual([
          name,
          expect.stringMatching(/^[A-Z][a-z]/),
          "object",
          "object",
        ]);
    },
  );

  test("several are listed together, each tool once", async () => {
    for (const query of ["tools=review,train", "tools=review&tools=train", "tools=train,%20review,train"]) {
      const list = await listed(`${door.url}/api/mcp?${query}`);
      expect(list.map(({ name }) => name)).toEqual(namesOf("review", "train"));
    }
  });

  test("the setting says what is listed where the address does not", async () => {
    const namesAt = async (query: string) =>
      (await listed(`${operated.url}/api/mcp${query}`)).map(({ name }) => name);
    expect(await namesAt("")).toEqual(namesOf("operate"));
    expect(await namesAt("?tools=")).toEqual(namesOf("operate"));
    expect(await namesAt("?tools=review")).toEqual(namesOf("review"));
  });

  it("refuses a set that is not there, and names the ones there are", async () => {
    const response = await fetch(`${door.url}/api/mcp?tools=review,everything`, {
      method: "POST",
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message).toContain('"everything"');
    for (const set of TOOL_SETS) expect(error.message).toContain(set);
  });

  it("hides no tool from who calls it by name: what may be called is a matter of roles", async () => {
    const call = (name: string) =>
      fetch(`${door.url}/api/mcp?tools=record`, {
        method: "POST",
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name, arguments: { nonsense: 1 } },
        }),
      }).then((response) => response.text());
    for (const name of tools.keys()) expect(await call(name)).toContain("Code: invalid_input");
  });
});

/** Every schema in a schema, by its place. */
function* within(schema: unknown, at = ""): Generator<[string, Record<string, unknown>]> {
  if (typeof schema !== "object" || schema === null) return;
  if (!Array.isArray(schema)) yield [at, schema as Record<string, unknown>];
  for (const [key, value] of Object.entries(schema)) yield* within(value, `${at}/${key}`);
}

test("schemas stand for themselves, without references, and answers are open objects", () => {
  for (const [name, tool] of tools)
    for (const form of ["whole", "short"] as const) {
      const { inputSchema, outputSchema } = tool.listed(form);
      for (const schema of [inputSchema, outputSchema])
        for (const [at, node] of within(schema))
          expect([name, at, Object.keys(node).filter((key) => key.startsWith("$"))]).toEqual([name, at, []]);
      expect([name, outputSchema?.additionalProperties]).not.toEqual([name, false]);
      expect([name, inputSchema.additionalProperties]).not.toEqual([name, false]);
    }
});
