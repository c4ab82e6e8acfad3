import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { tool } from "@langchain/core/tools";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { ChatOpenAI, OpenAI } from "@langchain/openai";
import { z } from "zod";
import { lightningHandler } from "../../src/capture/adapters/langchain.ts";
import { episodeIdOf } from "../../src/capture/episode-of.ts";
import { capturing, essence, outcome } from "./captured.ts";
import { CALLS, type FakeProvider, startFakeProvider, TEXT, USAGE } from "./fake-provider.ts";
import { ASKED, WEATHER } from "./openai-forms.ts";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

const weather = tool(({ city }) => `7 degrees in ${city}`, {
  name: WEATHER.name,
  description: "The weather in a city",
  schema: z.object({ city: z.string() }),
});
const told = CALLS.map(({ id, name, arguments: args }) => [id, name, args]);
const fields = (model: string, more: object = {}) => ({
  model,
  apiKey: "none",
  maxRetries: 0,
  temperature: 0.5,
  configuration: { baseURL: `${provider.url}/v1` },
  ...more,
});

function kept() {
  const { hook, taken } = capturing();
  return { hook, taken, callbacks: [lightningHandler(hook, () => ({ userId: "u1" }))] };
}
type Callbacks = ReturnType<typeof kept>["callbacks"];
type Config = { readonly callbacks?: Callbacks; readonly signal?: AbortSignal };
const last = async (stream: AsyncIterable<unknown>) => {
  const chunks: unknown[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

/** Runs that have a handler have an id, which LangChain gives to messages without one. */
const withoutRuns = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (name, one: unknown) =>
    name === "id" && String(one).startsWith("run-") ? undefined : one,
  );

const WAYS = [
  {
    way: "invoke",
    streamed: false,
    call: (model: ChatOpenAI, config: Config) => model.bindTools([weather]).invoke(ASKED, config),
  },
  {
    way: "stream",
    streamed: true,
    call: async (model: ChatOpenAI, config: Config) =>
      last(await model.bindTools([weather]).stream(ASKED, config)),
  },
];

describe.each([{ form: "chat completions" }, { form: "responses" }])("ChatOpenAI by $form", ({ form }) => {
  const isResponses = form === "responses";
  const made = (model: string) => new ChatOpenAI(fields(model, { useResponsesApi: isResponses }));
  const usage = {
    prompt_tokens: USAGE.prompt,
    completion_tokens: USAGE.completion,
    total_tokens: USAGE.total,
    ...(isResponses ? { cached_tokens: 3, reasoning_tokens: 2 } : {}),
  };

  describe.each(WAYS)("$way", ({ call, streamed }) => {
    test.each([
      ["text", 0],
      ["one-call", 1],
      ["parallel-calls", 2],
    ])("%s: the same answer, and one episode", async (model, calls) => {
      const { hook, taken, callbacks } = kept();
      expect(withoutRuns(await outcome(() => call(made(model), { callbacks })))).toEqual(
        withoutRuns(await outcome(() => call(made(model), {}))),
      );
      const episodes = await taken();
      expect(episodes.map(essence)).toEqual([
        {
          asked: ASKED,
          said: calls === 0 ? TEXT : "",
          calls: told.slice(0, calls),
          ending: "finished",
          usage,
        },
      ]);
      expect(episodes[0]).toMatchObject({
        model_deployment: model,
        user_id: "u1",
        span_id: expect.stringMatching(/^[\da-f-]{36}$/),
        sampling: { temperature: 0.5 },
        tools: [{ type: "function", function: { name: WEATHER.name, description: "The weather in a city" } }],
        metadata: { source: "openai.chat", response_model: `${model}-2026-01-01` },
      });
      expect(hook.stats()).toMatchObject({ captured: 1, sent: 1, errors: 0 });
      await hook.close();
    });

    test("an answer cut at the limit is marked so", async () => {
      const { hook, taken, callbacks } = kept();
      await call(made("cut"), { callbacks });
      expect((await taken()).map(({ ending }) => ending)).toEqual(["cut"]);
      await hook.close();
    });

    test.each([
      ["refused", "caller"],
      ["busy", "provider"],
      ["broken", "provider"],
      ["reset", "network"],
    ])("%s: LangChain's own error, and whose fault it was", async (model, error_by) => {
      const { hook, taken, callbacks } = kept();
      expect(await outcome(() => call(made(model), { callbacks }))).toEqual(
        await outcome(() => call(made(model), {})),
      );
      expect((await taken()).map(essence)).toEqual([
        { asked: ASKED, said: "", calls: [], ending: "failed", error_by },
      ]);
      await hook.close();
    });

    test("aborted before the answer", async () => {
      const { hook, taken, callbacks } = kept();
      const before = provider.requests();
      const abort = new AbortController();
      const waiting = setInterval(() => {
        if (provider.requests() === before) return;
        clearInterval(waiting);
        abort.abort();
      }, 1);
      await outcome(() => call(made("silent"), { callbacks, signal: abort.signal }));
      // The caller is told before the handlers are.
      expect((await taken(1)).map(essence)).toEqual([
        { asked: ASKED, said: "", calls: [], ending: "failed", error_by: "caller" },
      ]);
      await hook.close();
    });

    if (streamed)
      test.each([
        ["breaks", "network"],
        ["error-midway", "provider"],
      ])("%s: what came, and whose fault it was that no more did", async (model, error_by) => {
        const { hook, taken, callbacks } = kept();
        expect(await outcome(() => call(made(model), { callbacks }))).toEqual(
          await outcome(() => call(made(model), {})),
        );
        expect((await taken(1)).map(essence)).toEqual([
          { asked: ASKED, said: expect.stringMatching(/^It is /), calls: [], ending: "unfinished", error_by },
        ]);
        await hook.close();
      });

    // By Responses LangChain itself does not leave a stream before the next event of the provider's.
    if (streamed && !isResponses)
      test("a stream that is left is unfinished, with what came, when the hook closes", async () => {
        const { hook, taken, callbacks } = kept();
        for await (const chunk of await made("stops").stream(ASKED, { callbacks }))
          if (chunk.text !== "") break;
        await hook.close();
        expect((await taken()).map(essence)).toEqual([
          { asked: ASKED, said: expect.stringMatching(/^It is /), calls: [], ending: "unfinished" },
        ]);
      });
  });

  test("withStructuredOutput is captured in its schema", async () => {
    const { hook, taken, callbacks } = kept();
    const structured = made("text").withStructuredOutput(z.object({ sky: z.string() }));
    expect(await structured.invoke(ASKED, { callbacks })).toEqual({ sky: "sunny" });
    expect((await taken()).map(essence)).toEqual([
      { asked: ASKED, said: '{"sky":"sunny"}', calls: [], ending: "finished", usage },
    ]);
    await hook.close();
  });

  test("an agent of LangGraph's: each round is an episode of the thread, with the tools' results", async () => {
    const { hook, taken, callbacks } = kept();
    const agent = createReactAgent({ llm: made("parallel-calls"), tools: [weather], prompt: "be brief" });
    const state = await agent.invoke(
      { messages: [{ role: "user", content: ASKED }] },
      { callbacks, configurable: { thread_id: "t1" } },
    );
    const episodes = await taken();
    const answered = { asked: ASKED, said: TEXT, calls: [], ending: "finished", usage };
    expect(episodes.map(essence)).toEqual([{ ...answered, said: "", calls: told }, answered]);
    expect(episodes.map(({ session_id, system_prompt }) => [session_id, system_prompt])).toEqual([
      ["t1", "be brief"],
      ["t1", "be brief"],
    ]);
    expect(episodes[1]?.tool_calls).toMatchObject(
      CALLS.map(({ id, arguments: args }) => {
        const given = JSON.parse(args) as { city: string };
        return { id, tool_name: "weather", arguments: given, result: `7 degrees in ${given.city}` };
      }),
    );
    expect(episodeIdOf(state.messages.at(-1))).toBe(episodes[1]?.id);
    await hook.close();
  });
});

test("several answers to one question are one episode with all of them", async () => {
  const { hook, taken, callbacks } = kept();
  await new ChatOpenAI(fields("twice", { n: 2 })).invoke(ASKED, { callbacks });
  expect((await taken()).map(({ assistant_output, metadata }) => [assistant_output, metadata])).toEqual([
    [
      TEXT,
      expect.objectContaining({
        choices: 2,
        other_choices: [expect.objectContaining({ role: "assistant", content: TEXT })],
      }),
    ],
  ]);
  await hook.close();
});

test("a model of plain text is captured, too", async () => {
  const { hook, taken, callbacks } = kept();
  expect(await new OpenAI(fields("text")).invoke(ASKED, { callbacks })).toBe(TEXT);
  expect(
    (await taken()).map(({ user_input, assistant_output, ending }) => [user_input, assistant_output, ending]),
  ).toEqual([[ASKED, TEXT, "finished"]]);
  await hook.close();
});
