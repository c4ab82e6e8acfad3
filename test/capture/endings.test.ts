import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import OpenAI from "openai";
import { lightningMiddleware } from "../../src/capture/adapters/ai-sdk.ts";
import { type CaptureHook, createCaptureHook } from "../../src/capture/capture.ts";
import { wrapOpenAI } from "../../src/capture/wrap-openai.ts";
import { readSettings } from "../../src/config/settings.ts";
import { endingLeftOut } from "../../src/datasets/line/ending.ts";
import { type CheckedEpisodeInput, episodeInputSchema } from "../../src/episodes/contract.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { autoScore } from "../../src/rewards/auto-score.ts";

const settings = readSettings({
  ENABLE_LIGHTNING_CAPTURE: "true",
  LIGHTNING_LATENCY_THRESHOLD_MS: "1000000",
});
let clock: VirtualClock;
let hook: CaptureHook;
let sent: CheckedEpisodeInput[];
beforeEach(() => {
  sent = [];
  clock = new VirtualClock();
  hook = createCaptureHook({
    send: async (episodes) => {
      for (const episode of episodes) sent.push(episodeInputSchema.parse(episode));
    },
    settings,
    clock,
    logger: silentLogger,
  });
});
afterEach(() => hook.close());

/** How long the model takes until it begins, and for each piece. */
const HEAD_MS = 40;
const PIECE_MS = 10;
type Answering = (init: { readonly signal?: AbortSignal | null }) => Promise<Response>;

/** A body whose pieces come in the model's own time. `end`: what happens behind the last. */
function bodyOfPieces(pieces: readonly string[], end: "end" | "lost" | "open", signal?: AbortSignal | null) {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        signal?.addEventListener("abort", () => controller.error(signal.reason));
      },
      pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) {
          clock.advance(PIECE_MS);
          controller.enqueue(Buffer.from(piece));
        } else if (end === "end") controller.close();
        else if (end === "lost")
          controller.error(new TypeError("terminated", { cause: new Error("other side closed") }));
        return end === "open" && piece === undefined ? new Promise<void>(() => {}) : undefined;
      },
    },
    { highWaterMark: 0 },
  );
}
const answer =
  (type: string, pieces: readonly string[], end: "end" | "lost" | "open" = "end", status = 200): Answering =>
  async ({ signal }) => {
    clock.advance(HEAD_MS);
    return new Response(bodyOfPieces(pieces, end, signal), { status, headers: { "content-type": type } });
  };
const json = (value: unknown, status = 200) =>
  answer("application/json", [JSON.stringify(value)], "end", status);
const events = (values: readonly unknown[], end: "end" | "lost" | "open" = "end") =>
  answer(
    "text/event-stream",
    values.map((one) => `data: ${JSON.stringify(one)}\n\n`),
    end,
  );
const never: Answering = ({ signal }) =>
  new Promise((_resolve, reject) =>
    signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))),
  );

const wrapped = (fetch: Answering, options: object = {}) =>
  wrapOpenAI(
    hook,
    new OpenAI({
      apiKey: "none",
      baseURL: "http://model/v1",
      maxRetries: 0,
      fetch: async (_url, init) => await fetch(init ?? {}),
      ...options,
    }),
  );

const delta = (content: string, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta: { content }, finish_reason }],
});
const completion = (finish_reason: string | null, more: object = {}) => ({
  id: "chatcmpl-1",
  choices: [{ index: 0, finish_reason, message: { role: "assistant", content: "It is sunny." }, ...more }],
});
const response = (status: string, more: object = {}) => ({
  id: "resp_1",
  object: "response",
  status,
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "It is sunny." }] }],
  ...more,
});
const said = { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "It is " };

const chat = { model: "m", messages: [{ role: "user" as const, content: "weather?" }] };
const asked = { model: "m", input: "weather?" };
async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}
type Form = "chat" | "chat, streamed" | "responses" | "responses, streamed";
const FORMS: Readonly<Record<Form, (client: OpenAI, signal?: AbortSignal) => Promise<unknown>>> = {
  chat: (client, signal) => client.chat.completions.create(chat, { signal }),
  "chat, streamed": async (client, signal) =>
    drain(await client.chat.completions.create({ ...chat, stream: true }, { signal })),
  responses: (client, signal) => client.responses.create(asked, { signal }),
  "responses, streamed": async (client, signal) =>
    drain(await client.responses.create({ ...asked, stream: true }, { signal })),
};
const STREAMED: readonly Form[] = ["chat, streamed", "responses, streamed"];

/** What came, by form; and how the call ended, with whose fault it was. */
const SCENARIOS: readonly (readonly [
  what: string,
  answers: Partial<Record<Form, Answering>>,
  ended: readonly [ending: string, by?: string],
])[] = [
  [
    "the whole answer",
    {
      chat: json(completion("stop")),
      "chat, streamed": events([delta("It is "), delta("sunny.", "stop")]),
      responses: json(response("completed")),
      "responses, streamed": events([said, { type: "response.completed", response: response("completed") }]),
    },
    ["finished"],
  ],
  [
    "as much as the limit of tokens lets through",
    {
      chat: json(completion("length")),
      "chat, streamed": events([delta("It is "), delta("", "length")]),
      responses: json(response("incomplete", { incomplete_details: { reason: "max_output_tokens" } })),
      "responses, streamed": events([
        said,
        {
          type: "response.incomplete",
          response: response("incomplete", { incomplete_details: { reason: "max_output_tokens" } }),
        },
      ]),
    },
    ["cut"],
  ],
  [
    "what a filter left of it",
    {
      chat: json(completion("content_filter")),
      "chat, streamed": events([delta("It is "), delta("", "content_filter")]),
      responses: json(response("incomplete", { incomplete_details: { reason: "content_filter" } })),
    },
    ["filtered"],
  ],
  [
    "an answer that stops without an end",
    {
      chat: json(completion(null)),
      "chat, streamed": events([delta("It is ")]),
      responses: json(response("in_progress")),
      "responses, streamed": events([said]),
    },
    ["unfinished"],
  ],
  [
    "an error with status 200",
    {
      chat: json({ error: { message: "overloaded" } }),
      "chat, streamed": events([{ error: { message: "overloaded" } }]),
      responses: json(response("failed", { output: [], error: { message: "overloaded" } })),
      "responses, streamed": events([
        {
          type: "response.failed",
          response: response("failed", { output: [], error: { message: "overloaded" } }),
        },
      ]),
    },
    ["failed", "provider"],
  ],
  ["null in the place of choices", { chat: json({ id: "c", choices: null }) }, ["failed", "provider"]],
  [
    "a choice that is an error of the provider behind a gateway",
    {
      chat: json({
        choices: [{ finish_reason: "error", error: { message: "bad gateway" }, message: { content: "" } }],
      }),
    },
    ["failed", "provider"],
  ],
  [
    "an error in the middle of the answer",
    {
      "chat, streamed": events([delta("It is "), { error: { message: "overloaded" } }]),
      "responses, streamed": events([said, { type: "error", error: { message: "overloaded" } }]),
    },
    ["unfinished", "provider"],
  ],
  [
    "a connection that is lost in the middle of the answer",
    {
      "chat, streamed": events([delta("It is ")], "lost"),
      "responses, streamed": events([said], "lost"),
    },
    ["unfinished", "network"],
  ],
  [
    "a connection that is lost before the answer",
    {
      chat: answer("application/json", [], "lost"),
      "chat, streamed": events([], "lost"),
      responses: answer("application/json", ["{"], "lost"),
      "responses, streamed": events([], "lost"),
    },
    ["failed", "network"],
  ],
  [
    "a connection that is lost after the model's last word",
    { "chat, streamed": events([delta("It is "), delta("sunny.", "stop")], "lost") },
    ["finished"],
  ],
  ...(
    [
      [400, { message: "bad" }, ["failed", "caller"]],
      [401, { message: "who?" }, ["failed", "caller"]],
      [400, { message: "filtered", code: "content_filter" }, ["filtered", "caller"]],
      [429, { message: "busy" }, ["failed", "provider"]],
      [503, { message: "down" }, ["failed", "provider"]],
    ] as const
  ).map(
    ([status, error, ended]) =>
      [
        `a status of ${status} (${error.message})`,
        Object.fromEntries(Object.keys(FORMS).map((form) => [form, json({ error }, status)])),
        ended,
      ] as const,
  ),
];
const CASES = SCENARIOS.flatMap(([what, answers, ended]) =>
  Object.entries(answers).map(([form, fetch]) => [form as Form, what, fetch, ended] as const),
);

/** What the one episode says of its ending, which rewards it gives by itself, and whether datasets take it. */
async function learnt() {
  await hook.flush();
  expect(sent).toHaveLength(1);
  const [episode] = sent as [CheckedEpisodeInput];
  const { ending, error_by } = episode;
  const strict = { ...settings, latencyThresholdMs: error_by === undefined ? 1e9 : 0 };
  const rewards = autoScore({ ...episode, id: "ep" }, strict, "");
  return { ended: [ending, error_by], rewards, leftOut: endingLeftOut(episode) };
}
/** Nobody but the model is judged by its answer, and nothing but whole answers is learnt. */
const fairly = ([ending, by]: readonly [string, string?]) => ({
  ended: [ending, by],
  rewards: [],
  leftOut: ending === "finished" ? undefined : ending,
});

describe("an answer by its ending", () => {
  test.each(CASES)("%s: %s", async (form, _what, fetch, ended) => {
    await FORMS[form](wrapped(fetch)).catch(() => undefined);
    expect(await learnt()).toEqual(fairly(ended));
  });

  test.each(Object.keys(FORMS) as Form[])("%s: no answer in time is the network's", async (form) => {
    await expect(FORMS[form](wrapped(never, { timeout: 1 }))).rejects.toThrow(/timed out/i);
    expect(await learnt()).toEqual(fairly(["failed", "network"]));
  });

  test.each(Object.keys(FORMS) as Form[])("%s: a caller that gives up before the answer", async (form) => {
    const abort = new AbortController();
    const call = FORMS[form](wrapped(never), abort.signal);
    abort.abort();
    await expect(call).rejects.toThrow(/abort/i);
    expect(await learnt()).toEqual(fairly(["failed", "caller"]));
  });

  test.each(STREAMED)("%s: a caller that gives up in the middle", async (form) => {
    const fetch = form.startsWith("chat") ? events([delta("It is ")], "open") : events([said], "open");
    const abort = new AbortController();
    const call = FORMS[form](wrapped(fetch), abort.signal).catch(() => undefined);
    await turns();
    abort.abort();
    await call;
    expect(await learnt()).toEqual(fairly(["unfinished"]));
    expect(sent[0]).toMatchObject({ assistant_output: "It is ", metadata: { stream_aborted: true } });
  });
});

/** Lets everything that is ready happen. */
async function turns(times = 20): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setImmediate(resolve));
}
setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

const WAYS: readonly (readonly [string, (client: OpenAI) => unknown, readonly [string, string?]])[] = [
  ["an answer that is never awaited", (client) => void client.chat.completions.create(chat), ["unread"]],
  [
    "a raw response that is never read",
    async (client) => void (await client.chat.completions.create(chat).asResponse()),
    ["unread"],
  ],
  [
    "a stream that is never awaited",
    (client) => void client.chat.completions.create({ ...chat, stream: true }),
    ["unread"],
  ],
  [
    "a stream that is never iterated",
    async (client) => void (await client.responses.create({ ...asked, stream: true })),
    ["unread"],
  ],
  [
    "a raw body of which one piece is taken",
    async (client) => {
      const { body } = await client.chat.completions.create({ ...chat, stream: true }).asResponse();
      await body?.getReader().read();
    },
    ["unfinished"],
  ],
];
const BEGUN: (typeof WAYS)[number] = [
  "a stream of which one piece is taken",
  async (client) => {
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    await stream[Symbol.asyncIterator]().next();
  },
  ["unfinished"],
];
const talking: Answering = (init) => events([delta("It is "), delta("sunny.")], "open")(init);

describe("what nobody reads", () => {
  test.each([...WAYS, BEGUN])("%s is recorded when the hook closes", async (_name, call, ended) => {
    await call(wrapped(talking));
    await turns();
    await hook.close();
    expect(await learnt()).toEqual(fairly(ended));
    expect(hook.stats()).toMatchObject({ captured: 1, sent: 1, unread: ended[0] === "unread" ? 1 : 0 });
  });

  test.each(WAYS)("%s is recorded when it is collected", async (_name, call, ended) => {
    await (async () => {
      await call(wrapped(talking));
      await turns();
    })();
    for (let i = 0; i < 100 && hook.stats().captured === 0; i++) {
      collect();
      await turns(2);
    }
    expect(await learnt()).toEqual(fairly(ended));
  });

  test("a stream of the AI SDK of which one part is taken is recorded when it is collected", async () => {
    await (async () => {
      const source = new ReadableStream<unknown>({
        pull: (to) => to.enqueue({ type: "text-delta", id: "1", delta: "It is " }),
      });
      const { stream } = await lightningMiddleware(hook).wrapStream({
        doStream: async () => ({ stream: source }),
        params: { prompt: [{ role: "user", content: [{ type: "text", text: "Weather?" }] }] },
        model: { provider: "openai.chat", modelId: "gpt-4o" },
      });
      await stream.getReader().read();
    })();
    for (let i = 0; i < 100 && hook.stats().captured === 0; i++) {
      collect();
      await turns(2);
    }
    await hook.flush();
    expect(sent).toMatchObject([{ assistant_output: "It is ", ending: "unfinished" }]);
  });

  test("of more calls under way than are held the oldest is recorded as left", async () => {
    hook = createCaptureHook({
      send: async (episodes) => void sent.push(...episodes.map((one) => episodeInputSchema.parse(one))),
      settings,
      clock,
      logger: silentLogger,
      limits: { maxOpen: 2 },
    });
    const answers = [1, 2, 3].map(() => Promise.withResolvers<unknown>());
    let calls = 0;
    const { create } = wrapOpenAI(hook, {
      chat: { completions: { create: async (_request: object) => answers[calls++]?.promise } },
    }).chat.completions;
    const given = answers.map((_, i) => create({ ...chat, user: `caller ${i}` }));
    await hook.flush();
    expect(sent).toMatchObject([{ ending: "unread" }]);
    for (const [i, { resolve }] of answers.entries()) resolve({ i });
    expect(await Promise.all(given)).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    await hook.flush();
    expect(hook.stats()).toMatchObject({ captured: 3, sent: 3, unread: 1 });
  });

  test("a body that outlives its response is read to its end and recorded once", async () => {
    const fetch = events([delta("It is "), delta("sunny.", "stop")]);
    const bodyOf = async () =>
      (
        await wrapped(fetch)
          .chat.completions.create({ ...chat, stream: true })
          .asResponse()
      ).body;
    const taken = await bodyOf();
    for (let i = 0; i < 10; i++) {
      collect();
      await turns(2);
    }
    expect(await new Response(taken).text()).toContain("sunny.");
    expect(await learnt()).toEqual(fairly(["finished"]));
    expect(sent[0]).toMatchObject({ assistant_output: "It is sunny." });
  });
});

describe("a client that only looks like OpenAI's", () => {
  const create = (answers: () => unknown) =>
    wrapOpenAI(hook, { chat: { completions: { create: async (_request: object) => answers() } } }).chat
      .completions.create;
  const lost = Object.assign(new Error("no"), { code: "ECONNRESET" });
  const chunks = async function* () {
    yield delta("It is ");
    throw lost;
  };

  test.each<readonly [string, () => unknown, readonly [string, string?]]>([
    ["that is cut", () => completion("length"), ["cut"]],
    ["that is an error", () => ({ error: { message: "overloaded" } }), ["failed", "provider"]],
    [
      "that never comes",
      () => {
        throw lost;
      },
      ["failed", "network"],
    ],
    ["that is lost in the middle", chunks, ["unfinished", "network"]],
  ])("has an answer %s", async (_what, answers, ended) => {
    const call = async () => {
      const came: unknown = await create(answers)(chat);
      if (came !== null && typeof came === "object" && Symbol.asyncIterator in came)
        await drain(came as AsyncIterable<unknown>);
    };
    await call().catch(() => undefined);
    expect(await learnt()).toEqual(fairly(ended));
  });

  test("has a stream that nobody iterates", async () => {
    await (async () => void (await create(chunks)(chat)))();
    for (let i = 0; i < 100 && hook.stats().captured === 0; i++) {
      collect();
      await turns(2);
    }
    expect(await learnt()).toEqual(fairly(["unread"]));
  });
});

describe("an episode that an agent captures itself", () => {
  const status = (code: number) => Object.assign(new Error("no"), { status: code });
  test.each<readonly [string, unknown, string | undefined]>([
    ["a provider that is down", status(503), "provider"],
    ["a request that is refused", status(400), "caller"],
    ["a connection that is lost", Object.assign(new Error("no"), { code: "ECONNRESET" }), "network"],
    ["an error that wraps one", new Error("no answer", { cause: status(429) }), "provider"],
    ["an error of its own", new Error("the answer was nonsense"), undefined],
    ["a text", "it failed", undefined],
  ])("tells whose fault %s was, where it can", async (_what, error, by) => {
    hook.startCapture({ userInput: "weather?" }).endCapture({ assistantOutput: "It", error });
    await hook.flush();
    const [episode] = sent as [CheckedEpisodeInput];
    expect(episode.error_by).toBe(by);
    const scores = autoScore({ ...episode, id: "ep" }, settings, "");
    expect(scores.map(({ value }) => value)).toEqual(by === undefined ? [-1] : []);
  });
});

describe("the time of an answer is the model's own", () => {
  const WHOLE: Readonly<Record<Form, readonly [Answering, number, number | undefined]>> = {
    chat: [json(completion("stop")), 50, undefined],
    "chat, streamed": [events([delta(""), delta("It is "), delta("sunny.", "stop")]), 70, 60],
    responses: [json(response("completed")), 50, undefined],
    "responses, streamed": [
      events([
        { type: "response.created", response: { id: "resp_1" } },
        said,
        { type: "response.completed", response: response("completed") },
      ]),
      70,
      60,
    ],
  };
  const times = async () => {
    await hook.flush();
    const [{ request_latency_ms, first_token_ms }] = sent as [CheckedEpisodeInput];
    return [request_latency_ms, first_token_ms];
  };

  test.each(Object.keys(FORMS) as Form[])("%s: awaited a second late", async (form) => {
    const [fetch, latency, first] = WHOLE[form];
    const client = wrapped(fetch);
    const stream = STREAMED.includes(form);
    const call = form.startsWith("chat")
      ? client.chat.completions.create({ ...chat, stream })
      : client.responses.create({ ...asked, stream });
    await turns();
    clock.advance(1000);
    const came: unknown = await call;
    if (stream) await drain(came as AsyncIterable<unknown>);
    expect(await times()).toEqual([latency, first]);
    expect(sent[0]?.metadata.read_ms).toBe(latency + 1000);
  });

  test.each(STREAMED)("%s: read slowly", async (form) => {
    const [fetch, latency, first] = WHOLE[form];
    const client = wrapped(fetch);
    const stream = form.startsWith("chat")
      ? await client.chat.completions.create({ ...chat, stream: true })
      : await client.responses.create({ ...asked, stream: true });
    for await (const _ of stream) {
      await turns();
      clock.advance(200);
    }
    expect(await times()).toEqual([latency, first]);
  });
});
