import { expect, test } from "@jest/globals";
import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { z } from "zod";
import { jsonSchema } from "../../src/doors/schemas.ts";
import { mcpServer } from "../../src/surfaces/mcp.ts";
import { toolOutput } from "../../src/surfaces/mcp-schema.ts";
import { toolResult } from "../../src/surfaces/mcp-tools.ts";

const run = z.union([
  z.object({ id: z.string(), status: z.literal("running"), since: z.iso.datetime() }),
  z.object({
    id: z.string(),
    status: z.literal("failed"),
    error: z.string(),
    count: z.number().int().min(3),
  }),
]);

test("a record in several states is one object that requires what all of them have", () => {
  expect(toolOutput(run)).toEqual({
    type: "object",
    properties: {
      id: { type: "string" },
      status: { type: "string", enum: ["running", "failed"] },
      since: { type: "string", format: "date-time" },
      error: { type: "string" },
      count: { type: "integer" },
    },
    required: ["id", "status"],
  });
});

type Tree = { readonly name: string; readonly children: readonly Tree[] };
const tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.lazy(() => z.array(tree)) });
const noun = z.object({ id: z.string() }).meta({ id: "Noun" });

/** What a row may answer, and an answer of it that another schema would not have. */
const ANSWERS: readonly (readonly [string, z.ZodType, unknown])[] = [
  ["an object", z.object({ a: z.string() }), { a: "x" }],
  ["an object with more than is declared", z.object({ a: z.string() }), { a: "x", more: 1 }],
  ["a strict object that has grown", z.strictObject({ a: z.string() }), { a: "x", more: 1 }],
  ["one state of several", run, { id: "1", status: "failed", error: "no", count: 1 }],
  ["another state of several", run, { id: "1", status: "running", since: "2026-01-01T00:00:00Z" }],
  [
    "states by their word",
    z.discriminatedUnion("status", run.options),
    { id: "1", status: "failed", error: "" },
  ],
  ["joined parts", z.object({ a: z.string() }).and(z.object({ b: z.number() })), { a: "x", b: 1 }],
  ["any JSON", z.object({ value: jsonSchema }), { value: { deep: [{ er: null }] } }],
  [
    "what refers to itself",
    z.object({ tree }),
    { tree: { name: "a", children: [{ name: "b", children: [] }] } },
  ],
  [
    "a noun with a name of its own, twice",
    z.object({ a: noun, b: noun }),
    { a: { id: "1" }, b: { id: "2" } },
  ],
  ["null in a field", z.object({ value: z.string().nullable() }), { value: null }],
  ["a field that a default would fill in", z.object({ n: z.number().default(1) }), {}],
  ["a record by names", z.record(z.string(), z.number()), { one: 1 }],
  ["a list", z.array(z.object({ a: z.string() })), [{ a: "x" }]],
  ["a text", z.string(), "Yes."],
  ["a number or null", z.number().nullable(), null],
];

async function answered(output: z.ZodType, body: unknown) {
  const [near, far] = InMemoryTransport.createLinkedPair();
  const listed = { name: "tool", inputSchema: { type: "object" as const }, outputSchema: toolOutput(output) };
  await mcpServer({ list: async () => [listed], call: async () => toolResult(body) }).connect(far);
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(near);
  await client.listTools();
  try {
    return await client.callTool({ name: "tool", arguments: {} });
  } finally {
    await client.close();
  }
}

test.each(ANSWERS)("the official client takes %s", async (_what, output, body) => {
  const { structuredContent } = await answered(output, body);
  const isObject = typeof body === "object" && body !== null && !Array.isArray(body);
  expect(structuredContent).toEqual(isObject ? body : { result: body });
});

test.each([
  ["a field of another kind", z.object({ a: z.string() }), { a: 1 }],
  ["a missing field", z.object({ a: z.string() }), {}],
  ["a named noun of another form", z.object({ a: noun, b: noun }), { a: { id: "1" }, b: { id: 2 } }],
  ["an unknown state", run, { id: "1", status: "lost" }],
  ["a list for a text", z.string(), []],
])("the official client refuses %s, so that its taking says something", async (_what, output, body) => {
  await expect(answered(output, body)).rejects.toThrow(/schema/);
});
