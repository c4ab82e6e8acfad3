import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import OpenAI4, { AzureOpenAI as Azure4 } from "openai4";
import OpenAI5, { AzureOpenAI as Azure5 } from "openai5";
import OpenAI6, { AzureOpenAI as Azure6 } from "openai6";
import OpenAI7, { AzureOpenAI as Azure7 } from "openai7";
import { episodeIdOf } from "../../src/capture/episode-of.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import type { EpisodeInput } from "../../src/episodes/contract.ts";
import { type Capturing, capturing, essence, outcome } from "./captured.ts";
import { CALLS, type FakeProvider, startFakeProvider, TEXT, USAGE } from "./fake-provider.ts";
import { ASKED, type Ask, type CallForm, type Client, FORMS, messages, WEATHER } from "./openai-forms.ts";

type Made = new (options: object) => Client;
const MAJORS = [
  { major: 4, OpenAI: OpenAI4 as unknown as Made, Azure: Azure4 as unknown as Made },
  { major: 5, OpenAI: OpenAI5 as unknown as Made, Azure: Azure5 as unknown as Made },
  { major: 6, OpenAI: OpenAI6 as unknown as Made, Azure: Azure6 as unknown as Made },
  { major: 7, OpenAI: OpenAI7 as unknown as Made, Azure: Azure7 as unknown as Made },
];

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

const told = CALLS.map(({ id, name, arguments: args }) => [id, name, args]);
const chatUsage = {
  prompt_tokens: USAGE.prompt,
  completion_tokens: USAGE.completion,
  total_tokens: USAGE.total,
};

describe.each(MAJORS)("openai $major", ({ major, OpenAI, Azure }) => {
  const made = (form: Pick<CallForm, "client">, maxRetries = 0): Client => {
    const options = { apiKey: "none", maxRetries };
    return form.client === "azure"
      ? new Azure({ ...options, endpoint: provider.url, apiVersion: "2024-10-21" })
      : new OpenAI({ ...options, baseURL: `${provider.url}/v1` });
  };

  /** The same call on the client itself and on a view of it; a broken-once server is as broken for either. */
  async function both(
    form: CallForm,
    ask: (client: Client) => Ask,
    retries = 0,
  ): Promise<{ episodes: EpisodeInput[] }> {
    const { hook, taken } = capturing();
    const raw = await outcome(() => form.call(ask(made(form, retries))));
    const wrapped = await outcome(() => form.call(ask(wrapOpenAI(hook, made(form, retries)))));
    expect(wrapped).toEqual(raw);
    // Of what ends behind a helper, the caller is told before capture is.
    const episodes = await taken(1);
    await addUp({ hook, taken }, episodes.length);
    await hook.close();
    return { episodes };
  }
  async function addUp({ hook }: Capturing, captured: number): Promise<void> {
    expect(hook.stats()).toMatchObject({ captured, sent: captured, rejected: 0, dropped: 0, errors: 0 });
  }

  const usageOf = ({ source, streamed }: CallForm) =>
    source === "responses"
      ? { usage: { ...chatUsage, cached_tokens: 3, reasoning_tokens: 2 } }
      : streamed
        ? {}
        : { usage: chatUsage };

  const forms = FORMS.filter(({ since = 4 }) => major >= since);
  describe.each(forms)("$name", (form) => {
    const said = form.structured ? '{"sky":"sunny"}' : TEXT;
    const answered = { asked: ASKED, said, calls: [], ending: "finished", ...usageOf(form) };

    test("an answer is the client's own, and one episode", async () => {
      const { episodes } = await both(form, (client) => ({ client, model: "text" }));
      expect(episodes.map(essence)).toEqual([answered]);
      const [episode] = episodes;
      expect(episode).toMatchObject({
        model_deployment: "text",
        response_id: expect.stringContaining("-text"),
        metadata: {
          source: `${form.client ?? "openai"}.${form.source}`,
          response_model: "text-2026-01-01",
        },
      });
      if (form.tools) expect(episode?.tools).toMatchObject([{ type: "function", function: WEATHER }]);
      else expect(episode?.tools).toBeUndefined();
    });

    if (form.tools)
      test.each([
        ["one-call", 1],
        ["parallel-calls", 2],
      ])("%s: each call as the model made it", async (model, calls) => {
        const { episodes } = await both(form, (client) => ({ client, model }));
        const asking = { ...answered, said: "", calls: told.slice(0, calls) };
        expect(episodes.map(essence)).toEqual(form.runsTools ? [asking, answered] : [asking]);
        if (form.runsTools)
          expect(episodes[1]?.tool_calls).toMatchObject(
            CALLS.slice(0, calls).map(({ id, name, arguments: args }) => {
              const given = JSON.parse(args) as { city: string };
              return { id, tool_name: name, arguments: given, result: `7 degrees in ${given.city}` };
            }),
          );
      });

    test("an answer cut at the limit is marked so", async () => {
      const { episodes } = await both(form, (client) => ({ client, model: "cut" }));
      expect(episodes.map(({ ending }) => ending)).toEqual(["cut"]);
    });

    test.each([
      ["refused", "caller"],
      ["busy", "provider"],
      ["broken", "provider"],
      ["reset", "network"],
    ])("%s: the client's own error, and whose fault it was", async (model, error_by) => {
      const { episodes } = await both(form, (client) => ({ client, model }));
      expect(episodes.map(essence)).toEqual([
        { asked: ASKED, said: "", calls: [], ending: "failed", error_by },
      ]);
    });

    test("a call that the client sent twice is one episode", async () => {
      const { episodes } = await both(form, (client) => ({ client, model: "broken-once" }), 1);
      expect(episodes.map(essence)).toEqual([answered]);
    });

    if (!form.streamed)
      test.each(["error-in-200", "not-json"])("%s is an error of the provider's", async (model) => {
        const { episodes } = await both(form, (client) => ({ client, model }));
        expect(episodes.map(essence)).toEqual([
          { asked: ASKED, said: "", calls: [], ending: "failed", error_by: "provider" },
        ]);
      });

    if (form.streamed)
      test.each([
        ["breaks", "network"],
        ["error-midway", "provider"],
      ])("%s: what came, and whose fault it was that no more did", async (model, error_by) => {
        const { episodes } = await both(form, (client) => ({ client, model }));
        expect(episodes.map(essence)).toEqual([
          {
            asked: ASKED,
            said: expect.stringMatching(/^It is /),
            calls: [],
            ending: "unfinished",
            error_by,
          },
        ]);
      });

    test("aborted before the answer", async () => {
      const before = provider.requests();
      const { episodes } = await both(form, (client) => {
        const abort = new AbortController();
        const waiting = setInterval(() => {
          if (provider.requests() === before) return;
          clearInterval(waiting);
          abort.abort();
        }, 1);
        return { client, model: "silent", signal: abort.signal };
      });
      expect(episodes.map(essence)).toEqual([
        { asked: ASKED, said: "", calls: [], ending: "failed", error_by: "caller" },
      ]);
    });
  });

  test("a stream that the caller leaves is unfinished, with what came", async () => {
    const { hook, taken } = capturing();
    const client = wrapOpenAI(hook, made({}));
    for await (const chunk of await client.chat.completions.create({
      model: "stops",
      messages,
      stream: true,
    }))
      if (chunk.choices[0]?.delta.content === "It is ") break;
    for await (const event of await client.responses.create({ model: "stops", input: ASKED, stream: true }))
      if (event.type === "response.output_text.delta") break;
    expect((await taken()).map(essence)).toEqual(
      [0, 1].map(() => ({ asked: ASKED, said: "It is ", calls: [], ending: "unfinished" })),
    );
    await hook.close();
  });

  test("a stream aborted midway is unfinished, and ends for its reader as it did", async () => {
    const read = async (client: Client) => {
      const abort = new AbortController();
      const seen: unknown[] = [];
      const stream = await client.chat.completions.create(
        { model: "stops", messages, stream: true },
        { signal: abort.signal },
      );
      for await (const chunk of stream) {
        seen.push(chunk);
        if (chunk.choices[0]?.delta.content === "It is ") abort.abort();
      }
      return seen;
    };
    const { hook, taken } = capturing();
    const raw = await outcome(() => read(made({})));
    expect(await outcome(() => read(wrapOpenAI(hook, made({}))))).toEqual(raw);
    expect((await taken()).map(essence)).toEqual([
      { asked: ASKED, said: expect.stringMatching(/^It is /), calls: [], ending: "unfinished" },
    ]);
    await hook.close();
  });

  test("answers that nobody reads are told as unread when the hook closes", async () => {
    const { hook, taken } = capturing();
    const client = wrapOpenAI(hook, made({}));
    const before = provider.requests();
    await client.chat.completions.create({ model: "text", messages, stream: true });
    await client.chat.completions.create({ model: "text", messages }).asResponse();
    expect(provider.requests()).toBe(before + 2);
    await hook.close();
    expect((await taken()).map(({ ending, assistant_output }) => [ending, assistant_output])).toEqual([
      ["unread", ""],
      ["unread", ""],
    ]);
  });

  test("a conversation by previous_response_id or by its name is whole in each episode", async () => {
    const { hook, taken } = capturing();
    const client = wrapOpenAI(hook, made({}));
    const first = await client.responses.create({ model: "text", input: ASKED, instructions: "be brief" });
    await client.responses.create({ model: "text", input: "and tomorrow?", previous_response_id: first.id });
    const conversation = `conv_${major}`;
    for (const input of [ASKED, "and tomorrow?"])
      await (client.responses.create as (body: object) => Promise<unknown>)({
        model: "text",
        input,
        conversation,
      });
    await client.responses.create({
      model: "text",
      input: "and?",
      previous_response_id: "resp_of_yesterday",
    });
    const episodes = await taken();
    const turns = (of: EpisodeInput | undefined) => of?.messages?.map(({ role, content }) => [role, content]);
    const round = [
      ["user", ASKED],
      ["assistant", TEXT],
      ["user", "and tomorrow?"],
      ["assistant", TEXT],
    ];
    expect(turns(episodes[0])).toEqual([["system", "be brief"], ...round.slice(0, 2)]);
    expect(turns(episodes[1])).toEqual(round);
    expect(turns(episodes[3])).toEqual(round);
    expect(episodes.map(({ missing }) => missing)).toEqual([
      undefined,
      undefined,
      // Whether the conversation was empty is known to the provider alone.
      [`conversation=${conversation}`],
      undefined,
      ["previous_response_id=resp_of_yesterday"],
    ]);
    await hook.close();
  });

  test("the view is the client to whoever asks, and one of a view captures once", async () => {
    const { hook, taken } = capturing();
    const raw = made({});
    const client = wrapOpenAI(hook, wrapOpenAI(hook, raw));
    expect(client).toBeInstanceOf(OpenAI);
    expect(client.constructor).toBe(OpenAI);
    expect(client.chat.completions.create).toBe(client.chat.completions.create);
    expect(client.baseURL).toBe(raw.baseURL);
    const call = client.chat.completions.create({ model: "text", messages });
    expect(call).toHaveProperty("asResponse");
    const completion = await call;
    await raw.chat.completions.create({ model: "text", messages });
    const episodes = await taken();
    expect(episodes).toHaveLength(1);
    expect(episodeIdOf(completion)).toBe(episodes[0]?.id);
    await hook.close();
  });
});
