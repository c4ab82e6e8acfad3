import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import {
  Agent,
  addTraceProcessor,
  OpenAIProvider,
  Runner,
  setTraceProcessors,
  setTracingDisabled,
  tool,
} from "@openai/agents";
import OpenAI from "openai7";
import { z } from "zod";
import { lightningProcessor } from "../../src/capture/adapters/openai-agents.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import { type Capturing, capturing, essence, outcome } from "./captured.ts";
import { CALLS, type FakeProvider, startFakeProvider, TEXT, USAGE } from "./fake-provider.ts";
import { ASKED, WEATHER } from "./openai-forms.ts";

let provider: FakeProvider;
beforeAll(async () => {
  // Off where NODE_ENV is "test".
  setTracingDisabled(false);
  provider = await startFakeProvider();
});
afterEach(() => setTraceProcessors([]));
afterAll(() => provider.close());

const weather = tool({
  name: WEATHER.name,
  description: "The weather in a city",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => `7 degrees in ${city}`,
});
const told = CALLS.map(({ id, name, arguments: args }) => [id, name, args]);

/** Two ways in: what the framework traces, and the client that it is given. */
const WAYS = [
  {
    way: "a trace processor",
    wrap: ({ hook }: Capturing, client: OpenAI) => {
      setTraceProcessors([]);
      addTraceProcessor(lightningProcessor(hook, () => ({ userId: "u1" })));
      return client;
    },
    isTraced: true,
  },
  {
    way: "a wrapped client",
    wrap: ({ hook }: Capturing, client: OpenAI) => wrapOpenAI(hook, client, () => ({ userId: "u1" })),
    isTraced: false,
  },
];
const FORMS = [
  { form: "responses", useResponses: true },
  { form: "chat completions", useResponses: false },
];

describe.each(WAYS)("@openai/agents by $way", ({ wrap, isTraced }) => {
  describe.each(FORMS)("$form", ({ useResponses }) => {
    describe.each([{ stream: false }, { stream: true }])("streamed: $stream", ({ stream }) => {
      const agent = (model: string) =>
        new Agent({
          name: "Forecaster",
          instructions: "be brief",
          model,
          tools: [weather],
          modelSettings: { temperature: 0.5 },
        });
      async function run(client: OpenAI, model: string, signal?: AbortSignal): Promise<unknown> {
        const runner = new Runner({
          modelProvider: new OpenAIProvider({ openAIClient: client as never, useResponses }),
          groupId: "g1",
        });
        const given = signal === undefined ? {} : { signal };
        if (!stream) return (await runner.run(agent(model), ASKED, given)).finalOutput;
        const result = await runner.run(agent(model), ASKED, { stream: true, ...given });
        const events: unknown[] = [];
        for await (const event of result) events.push(event);
        await result.completed;
        return result.finalOutput;
      }
      const client = () => new OpenAI({ apiKey: "none", baseURL: `${provider.url}/v1`, maxRetries: 0 });
      const counted = {
        prompt_tokens: USAGE.prompt,
        completion_tokens: USAGE.completion,
        total_tokens: USAGE.total,
        ...(useResponses ? { cached_tokens: 3, reasoning_tokens: 2 } : {}),
      };

      test.each([
        ["text", 0],
        ["one-call", 1],
        ["parallel-calls", 2],
      ])("%s: each call of the model is an episode", async (model, calls) => {
        const kept = capturing();
        expect(await run(wrap(kept, client()), model)).toBe(TEXT);
        const episodes = await kept.taken();
        const answered = { asked: ASKED, said: TEXT, calls: [], ending: "finished", usage: counted };
        expect(episodes.map(essence)).toEqual(
          calls === 0 ? [answered] : [{ ...answered, said: "", calls: told.slice(0, calls) }, answered],
        );
        const last = episodes.at(-1);
        expect(last).toMatchObject({
          user_id: "u1",
          metadata: { source: `openai.${useResponses ? "responses" : "chat.completions"}` },
        });
        if (calls > 0)
          expect(last?.tool_calls).toMatchObject(
            CALLS.slice(0, calls).map(({ id, arguments: args }) => {
              const given = JSON.parse(args) as { city: string };
              return { id, tool_name: "weather", arguments: given, result: `7 degrees in ${given.city}` };
            }),
          );
        if (isTraced)
          expect(last).toMatchObject({
            session_id: "g1",
            trace_id: expect.stringMatching(/^trace_/),
            span_id: expect.stringMatching(/^span_/),
          });
        else
          expect(last).toMatchObject({
            system_prompt: "be brief",
            sampling: { temperature: 0.5 },
            tools: [{ type: "function", function: { name: "weather" } }],
          });
        expect(kept.hook.stats()).toMatchObject({
          captured: episodes.length,
          sent: episodes.length,
          errors: 0,
        });
        await kept.hook.close();
      });

      test.each([
        ["refused", "caller"],
        ["busy", "provider"],
        ["broken", "provider"],
        ["reset", "network"],
      ])("%s: the framework's own error, and whose fault it was", async (model, error_by) => {
        const kept = capturing();
        const raw = await outcome(() => run(client(), model));
        expect(await outcome(() => run(wrap(kept, client()), model))).toEqual(raw);
        expect((await kept.taken()).map(({ ending, error_by: by }) => [ending, by])).toEqual([
          ["failed", error_by],
        ]);
        await kept.hook.close();
      });

      test("aborted before the answer", async () => {
        const kept = capturing();
        const before = provider.requests();
        const abort = new AbortController();
        const waiting = setInterval(() => {
          if (provider.requests() === before) return;
          clearInterval(waiting);
          abort.abort();
        }, 1);
        await outcome(() => run(wrap(kept, client()), "silent", abort.signal));
        expect((await kept.taken()).map(({ ending, error_by }) => [ending, error_by])).toEqual([
          ["failed", "caller"],
        ]);
        await kept.hook.close();
      });
    });
  });
});
