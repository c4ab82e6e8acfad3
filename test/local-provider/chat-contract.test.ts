import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import type OpenAI from "openai";
import { CHAT_PARAMETERS } from "../../src/local-provider/chat-parameters.ts";
import { jsonl, startProvider, until } from "./harness.ts";
import { TOOLS } from "./routing-task.ts";

let provider: Awaited<ReturnType<typeof startProvider>>;
/** A model that has learnt to say `green`, and one that answers with JSON of its own. */
let tuned = "";
beforeAll(async () => {
  provider = await startProvider();
  const { client, clock } = provider;
  const lines = Array.from({ length: 12 }, (_, i) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `Which colour has the lamp number ${i}?` },
        { role: "assistant", content: "green" },
      ],
    }),
  );
  const file = await client.files.create({ file: jsonl(lines), purpose: "fine-tune" });
  const { id } = await client.fineTuning.jobs.create({ model: "base", training_file: file.id });
  await until(clock, async () => (await client.fineTuning.jobs.retrieve(id)).status === "succeeded");
  tuned = (await client.fineTuning.jobs.retrieve(id)).fine_tuned_model ?? "";
});
afterAll(() => provider.remove());

type Body = Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> & Record<string, unknown>;
const question = "Which colour has the lamp number 99? Answer in JSON.";
const ask = async (body: Body = {}) =>
  await provider.client.chat.completions.create({
    model: "base",
    messages: [{ role: "user", content: question }],
    ...body,
  });
const said = async (body: Body = {}) => {
  const [choice] = (await ask(body)).choices;
  return [choice?.message.content, choice?.finish_reason];
};
const streamed = async (body: Body = {}) => {
  const all: OpenAI.ChatCompletionChunk[] = [];
  const stream = await provider.client.chat.completions.create({
    model: tuned,
    messages: [{ role: "user", content: question }],
    ...body,
    stream: true,
  } as OpenAI.ChatCompletionCreateParamsStreaming);
  for await (const chunk of stream) all.push(chunk);
  return all;
};

describe("a parameter", () => {
  /** For each parameter: values that are taken, and one that is not with the code and place that say so. */
  const CASES: Readonly<
    Record<string, readonly [taken: unknown[], wrong: unknown, code: string, param?: string]>
  > = {
    model: [["base"], "no-such-model", "model_not_found"],
    messages: [[[{ role: "user", content: [{ type: "text", text: "Hi" }] }]], [], "empty_array"],
    tools: [[TOOLS], [], "empty_array"],
    tool_choice: [[], "always", "invalid_value"],
    response_format: [[{ type: "text" }], { type: "xml" }, "invalid_value", "response_format.type"],
    n: [[1, 3, null], 0, "integer_below_min_value"],
    stop: [["x", ["a", "b"], null], ["1", "2", "3", "4", "5"], "array_above_max_length"],
    max_completion_tokens: [[1, null], 0, "integer_below_min_value"],
    max_tokens: [[1, null], 1.5, "invalid_type"],
    stream: [[false, null], "yes", "invalid_type"],
    stream_options: [[null], { include_usage: true }, "invalid_value"],
    parallel_tool_calls: [[], true, "invalid_value"],
    temperature: [[0, 2, null], 99, "integer_above_max_value"],
    top_p: [[0.5, null], 1.5, "decimal_above_max_value"],
    presence_penalty: [[-2, null], -2.5, "decimal_below_min_value"],
    frequency_penalty: [[2, null], 3, "integer_above_max_value"],
    seed: [[7, null], "seven", "invalid_type"],
    user: [["u"], 7, "invalid_type"],
    safety_identifier: [["u"], 7, "invalid_type"],
    metadata: [[{ a: "b" }, null], { a: 1 }, "invalid_type", "metadata.a"],
    prompt_cache_key: [["k"], 7, "invalid_type"],
    prompt_cache_retention: [["24h"], "1y", "invalid_value"],
    prediction: [[{ type: "content", content: "x" }], { type: "guess" }, "invalid_value", "prediction.type"],
    reasoning_effort: [["low", null], "huge", "invalid_value"],
    store: [[false, null], true, "unsupported_parameter"],
    service_tier: [["auto", null], "flex", "unsupported_parameter"],
    modalities: [[["text"], null], ["text", "audio"], "unsupported_parameter"],
    verbosity: [["medium", null], "low", "unsupported_parameter"],
    logprobs: [[false, null], true, "unsupported_parameter"],
    top_logprobs: [[null], 3, "unsupported_parameter"],
    logit_bias: [[{}, null], { 50256: -100 }, "unsupported_parameter"],
    audio: [[null], { voice: "alloy", format: "wav" }, "unsupported_parameter"],
    functions: [[], [{ name: "f" }], "unsupported_parameter"],
    function_call: [["none"], { name: "f" }, "unsupported_parameter"],
    web_search_options: [[], {}, "unsupported_parameter"],
    moderation: [[], { model: "m" }, "unsupported_parameter"],
    prompt_cache_options: [[], { mode: "explicit" }, "unsupported_parameter"],
    data_sources: [[], [], "unsupported_parameter"],
  };

  it("has a case here, each one", () => {
    expect(Object.keys(CASES).toSorted()).toEqual(Object.keys(CHAT_PARAMETERS).toSorted());
  });

  it.each(Object.entries(CASES))(
    "%s is taken or refused by name",
    async (name, [taken, wrong, code, param = name]) => {
      for (const value of taken) expect((await ask({ [name]: value })).object).toBe("chat.completion");
      await expect(ask({ [name]: wrong })).rejects.toMatchObject({
        status: code === "model_not_found" ? 404 : 400,
        code,
        param,
      });
    },
  );

  it.each(Object.entries(CHAT_PARAMETERS).filter(([, { effect }]) => effect === "no effect"))(
    "%s changes nothing",
    async (name) => {
      const plain = await said({ model: tuned });
      for (const value of CASES[name]?.[0] ?? [])
        expect(await said({ model: tuned, [name]: value })).toEqual(plain);
    },
  );

  it("that OpenAI does not have is unknown, wherever it stands", async () => {
    const unknown = [
      [{ colour: "red" }, "colour"],
      [{ messages: [{ role: "user", content: "Hi", weight: 1 }] }, "messages[0].weight"],
      [{ tools: [{ type: "function", function: { name: "f", cache: 1 } }] }, "tools[0].function.cache"],
      [{ response_format: { type: "json_object", schema: {} } }, "response_format.schema"],
      [{ stream: true, stream_options: { usage: true } }, "stream_options.usage"],
    ] as const;
    for (const [body, param] of unknown)
      await expect(ask(body as unknown as Body)).rejects.toMatchObject({
        status: 400,
        code: "unknown_parameter",
        param,
      });
  });
});

describe("a conversation", () => {
  const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } });
  const user = { role: "user", content: "Hi" };
  const asks = (...ids: string[]) => ({ role: "assistant", tool_calls: ids.map(call) });
  const tool = (id: string) => ({ role: "tool", tool_call_id: id, content: "done" });
  it.each([
    ["a call and its answer", [user, asks("a"), tool("a")], undefined],
    ["two calls, answered in any order", [user, asks("a", "b"), tool("b"), tool("a"), user], undefined],
    ["an answer to no call", [user, tool("a")], "messages[1].tool_call_id"],
    ["an answer to another call", [user, asks("a"), tool("b")], "messages[2].tool_call_id"],
    ["a call answered twice", [user, asks("a"), tool("a"), tool("a")], "messages[3].tool_call_id"],
    ["a call that is not answered", [user, asks("a")], "messages[1].role"],
    ["a call that is answered too late", [user, asks("a"), user, tool("a")], "messages[2].role"],
    ["an assistant that says nothing", [user, { role: "assistant", content: null }], "messages[1].content"],
    ["a role that is none", [{ role: "robot", content: "Hi" }], "messages[0].role"],
    [
      "a picture",
      [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }],
      "messages[0].content[0].type",
    ],
  ])("of %s", async (_what, messages, param) => {
    const asked = ask({ messages } as unknown as Body);
    if (param === undefined) expect((await asked).object).toBe("chat.completion");
    else await expect(asked).rejects.toMatchObject({ status: 400, param });
  });
});

describe("an answer", () => {
  it("is cut by stop and by limits, and says which", async () => {
    expect(await said({ model: tuned })).toEqual(["green", "stop"]);
    expect(await said({ model: tuned, stop: ["n", "r"] })).toEqual(["g", "stop"]);
    expect(await said({ model: tuned, max_completion_tokens: 1 })).toEqual(["gree", "length"]);
    expect(await said({ model: tuned, max_tokens: 2 })).toEqual(["green", "stop"]);
    const cut = await ask({
      messages: [{ role: "user", content: "Read the file x.txt" }],
      tools: TOOLS,
      max_tokens: 3,
    });
    expect(cut.choices[0]).toMatchObject({ finish_reason: "length", message: { tool_calls: [{}] } });
    expect(cut.usage?.completion_tokens).toBe(3);
  });

  it("is given n times, each counted", async () => {
    const once = await ask({ model: tuned });
    const thrice = await ask({ model: tuned, n: 3 });
    expect(thrice.choices.map(({ index, message }) => [index, message.content])).toEqual(
      [0, 1, 2].map((index) => [index, "green"]),
    );
    expect(thrice.usage?.completion_tokens).toBe(3 * (once.usage?.completion_tokens ?? 0));
  });

  it("as a stream is the same, copies, cut, usage and all", async () => {
    const body = { model: tuned, n: 2, max_tokens: 1 };
    const whole = await ask(body);
    const all = await streamed({ ...body, stream_options: { include_usage: true } });
    expect(all.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    for (const index of [0, 1]) {
      const own = all.flatMap(({ choices }) => choices).filter((choice) => choice.index === index);
      expect(own.map(({ delta }) => delta.content ?? "").join("")).toBe(
        whole.choices[index]?.message.content,
      );
      expect(own.at(-1)?.finish_reason).toBe("length");
    }
    expect((await streamed()).every((chunk) => chunk.usage === undefined)).toBe(true);
  });

  it("needs the word JSON for JSON mode, and is an object then", async () => {
    const format = { response_format: { type: "json_object" } } as const;
    for (const model of ["base", tuned]) {
      const [text] = await said({ model, ...format });
      expect(JSON.parse(text ?? "")).toEqual(expect.objectContaining({}));
    }
    expect(JSON.parse((await said({ model: tuned, ...format }))[0] ?? "")).toEqual({ answer: "green" });
    await expect(ask({ ...format, messages: [{ role: "user", content: "Hi" }] })).rejects.toMatchObject({
      status: 400,
      param: "response_format",
    });
  });

  const object = (properties: Record<string, object>, more: object = {}) => ({
    type: "object",
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
    ...more,
  });
  const colour = { type: "string", enum: ["red", "green", "blue"] };
  const SCHEMAS: Readonly<Record<string, object>> = {
    "a choice": object({ colour }),
    "every simple type": object({
      a: { type: "string" },
      b: { type: "number" },
      c: { type: "integer" },
      d: { type: "boolean" },
      e: { type: "null" },
      f: { type: ["string", "null"] },
      g: { const: "x" },
    }),
    bounds: object({
      a: { type: "integer", minimum: 5, exclusiveMaximum: 7 },
      b: { type: "number", exclusiveMinimum: 0, maximum: 1 },
      c: { type: "integer", multipleOf: 7, minimum: 1 },
      d: { type: "string", minLength: 300 },
      e: { type: "string", maxLength: 3 },
    }),
    lists: object({
      a: { type: "array", items: colour, minItems: 2, maxItems: 3 },
      b: {
        type: "array",
        items: object({ name: { type: "string" }, colours: { type: "array", items: colour } }),
        minItems: 1,
      },
    }),
    formats: object({
      a: { type: "string", format: "date" },
      b: { type: "string", format: "uuid" },
      c: { type: "string", format: "email" },
    }),
    alternatives: object({
      a: {
        anyOf: [object({ kind: { const: "x" }, n: { type: "integer" } }), object({ kind: { const: "y" } })],
      },
      b: { anyOf: [colour, { type: "null" }] },
    }),
    references: object(
      { head: { $ref: "#/$defs/node" }, other: { $ref: "#/$defs/colour" } },
      {
        $defs: {
          colour,
          node: object({
            value: { type: "integer" },
            next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
          }),
        },
      },
    ),
    "a tree of itself": object({
      name: { type: "string" },
      children: { type: "array", items: { $ref: "#" } },
    }),
  };
  it.each(Object.entries(SCHEMAS))(
    "of a schema with %s is of the schema, of a tuned model too",
    async (_what, schema) => {
      const allows = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
      for (const model of ["base", tuned])
        for (const content of [question, "7 red lamps cost 12.5", "notes/plan.md", "?"]) {
          const { choices } = await ask({
            model,
            messages: [{ role: "user", content }],
            response_format: {
              type: "json_schema",
              json_schema: { name: "s", strict: true, schema: { ...schema } },
            },
          });
          const { message, finish_reason: finish } = choices[0] as OpenAI.ChatCompletion.Choice;
          const value = JSON.parse(message.content ?? "null") as unknown;
          expect([value, allows(value), message.refusal, finish]).toEqual([value, true, null, "stop"]);
        }
    },
  );

  it("of a schema says what the model has learnt, where the schema has a word for it", async () => {
    const schema = object({ colour });
    const response_format = {
      type: "json_schema",
      json_schema: { name: "s", strict: true, schema },
    } as const;
    expect(JSON.parse((await said({ model: tuned, response_format }))[0] ?? "")).toEqual({ colour: "green" });
  });

  it("is a refusal where no value can be found, and 400 where the schema is none", async () => {
    const format = (schema: Record<string, unknown>, strict = true) => ({
      response_format: { type: "json_schema", json_schema: { name: "s", strict, schema } } as const,
    });
    const { choices } = await ask(
      format(object({ code: { type: "string", pattern: "^[A-Z]{3}[0-9]{9}$" } })),
    );
    expect(choices[0]?.message).toMatchObject({ content: null, refusal: expect.stringContaining("schema") });
    const open = { type: "object", properties: { a: { type: "string" } } };
    expect((await said(format(open, false)))[0]).toMatch(/^\{/);
    for (const schema of [
      open,
      { ...open, additionalProperties: false },
      { type: "array" },
      object({ a: { type: "colour" } }),
    ])
      await expect(ask(format(schema))).rejects.toMatchObject({ status: 400, param: "response_format" });
  });

  it("with a strict tool has arguments of the tool's schema", async () => {
    const parameters = object({ colour, count: { type: "integer", minimum: 1 } });
    const reply = await ask({
      model: tuned,
      messages: [{ role: "user", content: "Paint it" }],
      tools: [{ type: "function", function: { name: "paint", parameters, strict: true } }],
      tool_choice: "required",
    });
    const call = reply.choices[0]?.message.tool_calls?.[0];
    const args = JSON.parse(call?.type === "function" ? call.function.arguments : "") as unknown;
    expect(new Ajv2020({ strict: false }).validate(parameters, args)).toBe(true);
  });
});

describe("a fine-tuning job", () => {
  it.each([
    [{ model: "no-such-model" }, 404, "model_not_found", "model"],
    [{ model: "base.local-ft-0" }, 404, "model_not_found", "model"],
    [{ training_file: "file-0" }, 400, "invalid_file", "training_file"],
    [
      { integrations: [{ type: "wandb", wandb: { project: "p" } }] },
      400,
      "unsupported_parameter",
      "integrations",
    ],
    [{ colour: "red" }, 400, "unknown_parameter", "colour"],
    [{ hyperparameters: { n_epochs: 0 } }, 400, "integer_below_min_value", "hyperparameters.n_epochs"],
    [{ hyperparameters: { rate: 1 } }, 400, "unknown_parameter", "hyperparameters.rate"],
    [{ trainingType: "Standard" }, 400, "unknown_parameter", "trainingType"],
  ])("of %j is refused", async (body, status, code, param) => {
    const { client } = provider;
    const file = await client.files.create({ file: jsonl(["{}"]), purpose: "fine-tune" });
    const asked = { model: "base", training_file: file.id, ...body } as OpenAI.FineTuning.JobCreateParams;
    await expect(client.fineTuning.jobs.create(asked)).rejects.toMatchObject({ status, code, param });
  });
});

describe("what OpenAI has inside a parameter, and this does not do", () => {
  const named = { type: "function", function: { name: "f" } };
  it.each<[string, Record<string, unknown>]>([
    ["tool_choice.type", { tools: [named], tool_choice: { type: "allowed_tools", allowed_tools: {} } }],
    ["tools[0].type", { tools: [{ type: "custom", custom: { name: "f" } }] }],
    ["stream_options.include_obfuscation", { stream: true, stream_options: { include_obfuscation: true } }],
  ])("%s is refused as unsupported", async (param, body) => {
    await expect(ask(body)).rejects.toMatchObject({ status: 400, code: "unsupported_parameter", param });
  });
});
