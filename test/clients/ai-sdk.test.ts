import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { createOpenAI as createOpenAI6 } from "openai-provider6";
import { createOpenAI as createOpenAI7 } from "openai-provider7";
import { z } from "zod";
import { lightningMiddleware } from "../../src/capture/adapters/ai-sdk.ts";
import { episodeIdOf } from "../../src/capture/episode-of.ts";
import { capturing, essence, outcome } from "./captured.ts";
import { CALLS, type FakeProvider, startFakeProvider, TEXT, USAGE } from "./fake-provider.ts";
import { ASKED, WEATHER } from "./openai-forms.ts";

// Checked by the compiler: one middleware fits the models of either version.
const hookOnly = capturing().hook;
lightningMiddleware(hookOnly) satisfies ai6.LanguageModelMiddleware;
lightningMiddleware(hookOnly) satisfies ai7.LanguageModelMiddleware;

const VERSIONS = [
  {
    version: 6,
    ai: ai6 as unknown as typeof ai7,
    createOpenAI: createOpenAI6 as unknown as typeof createOpenAI7,
  },
  { version: 7, ai: ai7, createOpenAI: createOpenAI7 },
];

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

const told = CALLS.map(({ id, name, arguments: args }) => [id, name, args]);

describe.each(VERSIONS)("ai $version", ({ ai, createOpenAI }) => {
  const tools = {
    weather: ai.tool({
      description: "The weather in a city",
      inputSchema: z.object({ city: z.string() }),
      execute: ({ city }) => `7 degrees in ${city}`,
    }),
  };
  const asked = {
    prompt: ASKED,
    tools,
    maxRetries: 0,
    stopWhen: ai.stepCountIs(3),
    temperature: 0.5,
  } as const;
  type Model = ai7.LanguageModel;
  const read = async (result: { readonly fullStream: AsyncIterable<unknown> }) => {
    const parts: unknown[] = [];
    for await (const part of result.fullStream) parts.push(part);
    return parts;
  };
  const quiet = { onError: () => {} };
  const WAYS = [
    {
      way: "generateText",
      streamed: false,
      call: async (model: Model, more: object = {}) => {
        const { text, steps, toolResults, finishReason, usage } = await ai.generateText({
          model,
          ...asked,
          ...more,
        });
        return { text, toolResults, finishReason, usage, steps: steps.length };
      },
    },
    {
      way: "streamText",
      streamed: true,
      call: async (model: Model, more: object = {}) => {
        const result = ai.streamText({ model, ...asked, ...quiet, ...more });
        const parts = await read(result);
        return { types: parts.map((part) => (part as { type: string }).type), text: await result.text };
      },
    },
  ];

  describe.each([{ form: "chat" as const }, { form: "responses" as const }])("$form", ({ form }) => {
    const made = (name: string) => {
      const openai = createOpenAI({ apiKey: "none", baseURL: `${provider.url}/v1` });
      return openai[form](name);
    };
    function both() {
      const kept = capturing();
      const middleware = lightningMiddleware(kept.hook, () => ({ sessionId: "s1" }));
      return {
        ...kept,
        raw: made,
        wrapped: (name: string) => ai.wrapLanguageModel({ model: made(name), middleware }) as Model,
      };
    }
    const usage = {
      usage: {
        prompt_tokens: USAGE.prompt,
        completion_tokens: USAGE.completion,
        total_tokens: USAGE.total,
        ...(form === "responses" ? { cached_tokens: 3, reasoning_tokens: 2 } : {}),
      },
    };
    const withoutZero = (episode: ReturnType<typeof essence>) => {
      const { cached_tokens, reasoning_tokens, ...rest } = episode.usage ?? {};
      return episode.usage === undefined
        ? episode
        : {
            ...episode,
            usage: {
              ...rest,
              ...(cached_tokens ? { cached_tokens } : {}),
              ...(reasoning_tokens ? { reasoning_tokens } : {}),
            },
          };
    };

    describe.each(WAYS)("$way", ({ call, streamed }) => {
      test.each([
        ["text", 0],
        ["one-call", 1],
        ["parallel-calls", 2],
      ])("%s: the same answer, one episode for each call of the model", async (model, calls) => {
        const { raw, wrapped, taken, hook } = both();
        expect(await outcome(() => call(wrapped(model)))).toEqual(await outcome(() => call(raw(model))));
        const episodes = await taken();
        const answered = { asked: ASKED, said: TEXT, calls: [], ending: "finished", ...usage };
        const asking = { ...answered, said: "", calls: told.slice(0, calls) };
        expect(episodes.map(essence).map(withoutZero)).toEqual(calls === 0 ? [answered] : [asking, answered]);
        expect(episodes[0]).toMatchObject({
          model_deployment: model,
          session_id: "s1",
          sampling: { temperature: 0.5 },
          tools: [
            { type: "function", function: { name: WEATHER.name, description: "The weather in a city" } },
          ],
          metadata: { source: "openai.chat", response_model: `${model}-2026-01-01` },
        });
        if (calls > 0)
          expect(episodes[1]?.tool_calls).toMatchObject(
            CALLS.slice(0, calls).map(({ id, arguments: args }) => {
              const given = JSON.parse(args) as { city: string };
              return { id, arguments: given, result: `7 degrees in ${given.city}` };
            }),
          );
        expect(hook.stats()).toMatchObject({ captured: episodes.length, sent: episodes.length, errors: 0 });
        await hook.close();
      });

      test("an answer cut at the limit is marked so", async () => {
        const { wrapped, taken, hook } = both();
        await call(wrapped("cut"));
        expect((await taken()).map(({ ending }) => ending)).toEqual(["cut"]);
        await hook.close();
      });

      test.each([
        ["refused", "caller"],
        ["busy", "provider"],
        ["broken", "provider"],
        ["reset", "network"],
      ])("%s: the SDK's own error, and whose fault it was", async (model, error_by) => {
        const { raw, wrapped, taken, hook } = both();
        expect(await outcome(() => call(wrapped(model)))).toEqual(await outcome(() => call(raw(model))));
        expect((await taken()).map(essence)).toEqual([
          { asked: ASKED, said: "", calls: [], ending: "failed", error_by },
        ]);
        await hook.close();
      });

      test("aborted before the answer", async () => {
        const { wrapped, taken, hook } = both();
        const before = provider.requests();
        const abort = new AbortController();
        const waiting = setInterval(() => {
          if (provider.requests() === before) return;
          clearInterval(waiting);
          abort.abort();
        }, 1);
        await outcome(() => call(wrapped("silent"), { abortSignal: abort.signal }));
        expect((await taken()).map(essence)).toEqual([
          { asked: ASKED, said: "", calls: [], ending: "failed", error_by: "caller" },
        ]);
        await hook.close();
      });

      if (streamed) {
        test.each([
          ["breaks", "network"],
          ["error-midway", "provider"],
        ])("%s: what came, and whose fault it was that no more did", async (model, error_by) => {
          const { raw, wrapped, taken, hook } = both();
          expect(await outcome(() => call(wrapped(model)))).toEqual(await outcome(() => call(raw(model))));
          expect((await taken(1)).map(essence)).toEqual([
            {
              asked: ASKED,
              said: expect.stringMatching(/^It is /),
              calls: [],
              ending: "unfinished",
              error_by,
            },
          ]);
          await hook.close();
        });

        test("a stream aborted midway is unfinished, with what came", async () => {
          const { wrapped, taken, hook } = both();
          const abort = new AbortController();
          const result = ai.streamText({
            model: wrapped("stops"),
            ...asked,
            ...quiet,
            abortSignal: abort.signal,
          });
          for await (const part of result.fullStream) if (part.type === "text-delta") abort.abort();
          expect((await taken()).map(essence)).toEqual([
            { asked: ASKED, said: expect.stringMatching(/^It is /), calls: [], ending: "unfinished" },
          ]);
          await hook.close();
        });
      }
    });

    test("an object is asked for in its schema, and the answer finds its episode", async () => {
      const { wrapped, taken, hook } = both();
      const result = await ai.generateText({
        model: wrapped("text"),
        prompt: ASKED,
        output: ai.Output.object({ schema: z.object({ sky: z.string() }) }),
      });
      expect(result.output).toEqual({ sky: "sunny" });
      const [episode] = await taken();
      expect(episode?.sampling).toMatchObject({
        response_format: { type: "json_schema", json_schema: { schema: { type: "object" } } },
      });
      expect(episodeIdOf(result.response)).toBe(episode?.id);
      await hook.close();
    });
  });
});
