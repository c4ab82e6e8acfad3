import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { jsonl, startProvider, until } from "./harness.ts";
import { TOOLS } from "./routing-task.ts";

let provider: Awaited<ReturnType<typeof startProvider>>;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.remove());

const ask = async (
  content: string,
  extra: Record<string, unknown> = {},
  before: ChatCompletionMessageParam[] = [],
) =>
  await provider.client.chat.completions.create({
    model: "gpt-4o-mini-2024-07-18",
    messages: [...before, { role: "user", content }],
    tools: TOOLS,
    ...extra,
  });
type Reply = Awaited<ReturnType<typeof ask>>;
function callOf(reply: Reply): { name: string; arguments: unknown } | undefined {
  const call = reply.choices[0]?.message.tool_calls?.[0];
  return call?.type === "function"
    ? { name: call.function.name, arguments: JSON.parse(call.function.arguments) }
    : undefined;
}

describe("the untrained model", () => {
  it.each([
    ["Read the file notes/plan.md", { name: "read_file", arguments: { path: "notes/plan.md" } }],
    ["What is the weather in Oslo?", { name: "get_weather", arguments: { city: "Oslo" } }],
    ["Add the numbers 17 and 25.5", { name: "add_numbers", arguments: { a: 17, b: 25.5 } }],
    ["Close the ticket 81", { name: "close_ticket", arguments: { id: 81 } }],
    [
      'Write "hi there" into the file a/b.txt',
      { name: "write_file", arguments: { path: "a/b.txt", content: "hi there" } },
    ],
  ])("answers %p by the words it shares with a tool", async (request, expected) => {
    const reply = await ask(request);
    expect(callOf(reply)).toEqual(expected);
    expect(reply.choices[0]?.finish_reason).toBe("tool_calls");
  });

  it("says that it is local, and counts tokens", async () => {
    const reply = await ask("Read the file x.txt");
    expect(reply.system_fingerprint).toBe("local");
    expect(reply.usage?.total_tokens).toBeGreaterThan(10);
  });

  it("answers with the fitting sentence of its context when no tool fits", async () => {
    const context = "The office opens at nine. Parking costs two euros. Dogs are welcome.";
    const reply = await ask("May dogs come along?", {}, [{ role: "system", content: context }]);
    expect(reply.choices[0]?.message.content).toBe("Dogs are welcome.");
    expect(callOf(reply)).toBeUndefined();
  });

  it("answers with a tool's result once it is there", async () => {
    const reply = await provider.client.chat.completions.create({
      model: "base",
      tools: TOOLS,
      messages: [
        { role: "user", content: "What is the weather in Oslo?" },
        {
          role: "assistant",
          tool_calls: [
            { id: "c1", type: "function", function: { name: "get_weather", arguments: '{"city":"Oslo"}' } },
          ],
        },
        { role: "tool", tool_call_id: "c1", content: "Weather in Oslo: rain. Humidity 90 %." },
      ],
    });
    expect(reply.choices[0]?.message.content).toContain("rain");
    expect(reply.choices[0]?.finish_reason).toBe("stop");
  });

  it("obeys tool_choice, and refuses one that cannot be obeyed", async () => {
    expect(callOf(await ask("Read the file x.txt", { tool_choice: "none" }))).toBeUndefined();
    expect(callOf(await ask("Good morning", { tool_choice: "required" }))).toBeDefined();
    const named = { type: "function", function: { name: "send_mail" } };
    expect(callOf(await ask("Read the file x.txt", { tool_choice: named }))?.name).toBe("send_mail");
    const missing = { type: "function", function: { name: "fly" } };
    await expect(ask("x", { tool_choice: missing })).rejects.toMatchObject({
      status: 400,
      param: "tool_choice",
    });
    await expect(ask("x", { tools: undefined, tool_choice: "required" })).rejects.toMatchObject({
      status: 400,
    });
  });

  it("fills a JSON schema when it is asked to answer in one", async () => {
    const schema = {
      type: "object",
      properties: { mood: { enum: ["good", "bad"] }, count: { type: "integer" } },
      required: ["mood", "count"],
    };
    const reply = await ask("A bad day with 3 faults", {
      tools: undefined,
      response_format: { type: "json_schema", json_schema: { name: "day", schema } },
    });
    expect(JSON.parse(reply.choices[0]?.message.content ?? "")).toEqual({ mood: "bad", count: 3 });
  });

  it("streams the same answer", async () => {
    const stream = await provider.client.chat.completions.create({
      model: "base",
      tools: TOOLS,
      messages: [{ role: "user", content: "Read the file x.txt" }],
      stream: true,
    });
    let name = "";
    let finish: string | null | undefined;
    for await (const { choices } of stream) {
      name += choices[0]?.delta.tool_calls?.[0]?.function?.name ?? "";
      finish = choices[0]?.finish_reason ?? finish;
    }
    expect([name, finish]).toEqual(["read_file", "tool_calls"]);
  });

  it("refuses what is no chat, naming the field, and models that are not there", async () => {
    await expect(provider.client.chat.completions.create({ model: "m", messages: [] })).rejects.toMatchObject(
      { status: 400, param: "messages" },
    );
    await expect(ask("x", { model: "m.local-ft-0" })).rejects.toMatchObject({ status: 404 });
  });
});

describe("a tuned model", () => {
  it("repeats set answers where they were taught, imitates arguments, and keeps to the tools it is offered", async () => {
    const { client, clock } = provider;
    const refusal = "I only help with the office.";
    const names = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gil", "Hana"];
    const lines = names.flatMap((name, i) => [
      says(`Tell me a joke about ${name}`, { content: refusal }),
      says(`${name} wants to hear that lunch number ${i} is ready`, {
        tool_calls: [
          {
            id: "c",
            type: "function",
            function: {
              name: "send_mail",
              arguments: JSON.stringify({ to: name, body: `lunch number ${i} is ready` }),
            },
          },
        ],
      }),
    ]);
    const file = await client.files.create({ file: jsonl(lines), purpose: "fine-tune" });
    const { id } = await client.fineTuning.jobs.create({
      model: "base",
      training_file: file.id,
      method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 6 } } },
    });
    await until(clock, async () => (await client.fineTuning.jobs.retrieve(id)).status === "succeeded");
    const model = (await client.fineTuning.jobs.retrieve(id)).fine_tuned_model ?? "";

    const joke = await ask("Tell me a joke about Ivy", { model });
    expect(joke.choices[0]?.message.content).toBe(refusal);
    const mail = await ask("Ken wants to hear that lunch number 77 is ready", { model });
    expect(callOf(mail)).toMatchObject({ name: "send_mail", arguments: { to: "Ken" } });
    const without = await ask("Ken wants to hear that lunch number 77 is ready", {
      model,
      tools: TOOLS.filter((tool) => tool.function.name !== "send_mail"),
    });
    expect(callOf(without)?.name).not.toBe("send_mail");
    const unlike = await ask("What is the weather in Oslo?", { model });
    expect(callOf(unlike)).toEqual({ name: "get_weather", arguments: { city: "Oslo" } });
  });
});

/** A line that teaches one answer. */
const says = (request: string, message: Record<string, unknown>) =>
  JSON.stringify({
    messages: [
      { role: "user", content: request },
      { role: "assistant", ...message },
    ],
    tools: TOOLS,
  });
