import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { startProvider } from "./harness.ts";

let provider: Awaited<ReturnType<typeof startProvider>>;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.remove());

const question = "Move the file notes.txt of bob@x.org to the archive.";
const formatted = (schema: object, content = question) =>
  provider.client.chat.completions.create({
    model: "base",
    messages: [{ role: "user", content }],
    response_format: { type: "json_schema", json_schema: { name: "it", schema: { ...schema } } },
  });
const called = (parameters: object, strict = false) =>
  provider.client.chat.completions.create({
    model: "base",
    messages: [{ role: "user", content: question }],
    tools: [{ type: "function", function: { name: "move", parameters: { ...parameters }, strict } }],
    tool_choice: "required",
  });
const object = (properties: object, more: object = {}) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});
const argumentsOf = async (reply: ReturnType<typeof called>) => {
  const [call] = (await reply).choices[0]?.message.tool_calls ?? [];
  return JSON.parse(call?.type === "function" ? call.function.arguments : "null") as unknown;
};

describe("a schema", () => {
  it("as the client's own helper writes it is kept", async () => {
    const Move = z.object({ file: z.string(), times: z.number().int().min(1) });
    const reply = await provider.client.chat.completions.parse({
      model: "base",
      messages: [{ role: "user", content: question }],
      response_format: zodResponseFormat(Move, "move"),
    });
    expect(Move.safeParse(reply.choices[0]?.message.parsed).success).toBe(true);
  });

  it.each<[string, object]>([
    ["asynchronous", object({ a: { type: "string", $async: true } })],
    [
      "of a hundred million items",
      object({ a: { type: "array", items: { type: "string" }, minItems: 1e8 } }),
    ],
    ["of a text beyond memory", object({ a: { type: "string", minLength: 6e8 } })],
    ["whose required is a number", { type: "object", properties: {}, required: 5 }],
    ["with a part that is null", { type: "object", properties: { a: null } }],
    ["whose alternatives are an object", { type: "object", properties: {}, anyOf: {} }],
    [
      "of two hundred levels",
      Array.from({ length: 200 }).reduce<object>((inner) => object({ a: inner }), { type: "string" }),
    ],
    ["of a looking-behind pattern", object({ a: { type: "string", pattern: "(?<=a)b" } })],
  ])("%s is refused with 400, for answers and for tools alike", async (_what, schema) => {
    await expect(formatted(schema)).rejects.toMatchObject({ status: 400, code: "invalid_value" });
    await expect(called(schema, true)).rejects.toMatchObject({ status: 400, code: "invalid_value" });
  });

  it.each<[string, object]>([
    [
      "that refers to itself in sixty places",
      {
        type: "object",
        properties: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`p${i}`, { $ref: "#" }])),
      },
    ],
    ["with a pattern that backtracks", object({ a: { type: "string", pattern: "^(a+)+$" } })],
    [
      "with a property of every object's name",
      { type: "object", properties: { constructor: { minLength: 3 } } },
    ],
    [
      "of lists in lists in lists",
      object({
        a: [1, 2, 3].reduce<object>((items) => ({ type: "array", items, minItems: 1000 }), {
          type: "string",
        }),
      }),
    ],
  ])("%s is answered in no time", async (_what, schema) => {
    const began = process.cpuUsage();
    const reply = await formatted(schema, `${"a".repeat(28)}!`);
    expect(reply.choices).toHaveLength(1);
    const { user } = process.cpuUsage(began);
    expect(user).toBeLessThan(5_000_000);
  });

  it("of schemas that hold at once is met", async () => {
    const schema = {
      allOf: [object({ a: { type: "string" } }), { properties: { b: { type: "integer" } }, required: ["b"] }],
      type: "object",
    };
    const { allOf } = schema;
    const open = { ...schema, allOf: allOf.map((one) => ({ ...one, additionalProperties: true })) };
    const [choice] = (await formatted(open)).choices;
    expect(JSON.parse(choice?.message.content ?? "{}")).toEqual({
      a: expect.any(String),
      b: expect.any(Number),
    });
  });
});

describe("a tool's arguments", () => {
  it("follow references", async () => {
    const schema = object(
      { p: { $ref: "#/$defs/person" } },
      { $defs: { person: object({ mail: { type: "string" } }) } },
    );
    for (const strict of [false, true])
      expect(await argumentsOf(called(schema, strict))).toEqual({ p: { mail: expect.any(String) } });
  });

  it("of a strict one keep to the schema, or there is a refusal", async () => {
    const [choice] = (await called(object({ p: { type: "string", pattern: "^ID-\\d{4}$" } }), true)).choices;
    expect(choice?.message).toMatchObject({ refusal: expect.any(String) });
    expect(choice?.message.tool_calls).toBeUndefined();
  });
});
