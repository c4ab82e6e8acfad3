import type OpenAI7 from "openai7";
import type { RunnableToolFunctionWithParse } from "openai7/lib/RunnableFunction";

/** The majors' types differ in what is not asked here; `types.ts` checks each with its own. */
export type Client = OpenAI7;

export const ASKED = "weather in Oslo and Bern?";
export const messages = [{ role: "user" as const, content: ASKED }];
export const WEATHER = {
  name: "weather",
  parameters: { type: "object", properties: { city: { type: "string" } } },
};
const chatTools = [{ type: "function" as const, function: WEATHER }];
const responseTools = [{ type: "function" as const, ...WEATHER, strict: false }];
const runnable: RunnableToolFunctionWithParse<{ city: string }>[] = [
  {
    type: "function",
    function: {
      ...WEATHER,
      description: "The weather in a city",
      parse: JSON.parse as (text: string) => { city: string },
      function: ({ city }) => `7 degrees in ${city}`,
    },
  },
];
const chatFormat = { type: "json_schema" as const, json_schema: { name: "sky", schema: { type: "object" } } };
const textFormat = { type: "json_schema" as const, name: "sky", schema: { type: "object" } };

export interface Ask {
  readonly client: Client;
  readonly model: string;
  readonly signal?: AbortSignal;
}
export interface CallForm {
  readonly name: string;
  readonly source: "chat.completions" | "completions" | "responses";
  readonly streamed: boolean;
  readonly since?: number;
  readonly client?: "azure";
  /** Answers JSON to the format that it asks for. */
  readonly structured?: true;
  /** Goes on by itself until there is text. */
  readonly runsTools?: true;
  /** The tools that it offers; absent: none. */
  readonly tools?: true;
  /** Reads the bytes itself. */
  readonly raw?: true;
  call(ask: Ask): Promise<unknown>;
}

const chat = ({ model }: Ask) => ({ model, messages, tools: chatTools });
/** Helpers stood under `beta` once. */
const helpers = ({ client }: Ask) =>
  ("parse" in client.chat.completions
    ? client.chat.completions
    : (client as unknown as { beta: { chat: { completions: unknown } } }).beta.chat
        .completions) as Client["chat"]["completions"];
async function all(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const events: unknown[] = [];
  for await (const event of stream) events.push(event);
  return events;
}
const bytes = async (body: unknown) =>
  Buffer.concat((await all(body as AsyncIterable<unknown>)) as Uint8Array[]).toString();

export const FORMS: readonly CallForm[] = [
  {
    name: "chat.completions.create",
    source: "chat.completions",
    streamed: false,
    tools: true,
    call: (ask) => ask.client.chat.completions.create(chat(ask), { signal: ask.signal }),
  },
  {
    name: "chat.completions.create, streamed",
    source: "chat.completions",
    streamed: true,
    tools: true,
    call: async (ask) =>
      all(await ask.client.chat.completions.create({ ...chat(ask), stream: true }, { signal: ask.signal })),
  },
  {
    name: "chat.completions.create, streamed and torn in two",
    source: "chat.completions",
    streamed: true,
    tools: true,
    call: async (ask) => {
      const stream = await ask.client.chat.completions.create(
        { ...chat(ask), stream: true },
        { signal: ask.signal },
      );
      const [left, right] = stream.tee();
      return Promise.all([all(left), all(right)]);
    },
  },
  {
    name: "chat.completions.create, streamed on as bytes",
    source: "chat.completions",
    streamed: true,
    tools: true,
    call: async (ask) => {
      const stream = await ask.client.chat.completions.create(
        { ...chat(ask), stream: true },
        { signal: ask.signal },
      );
      return bytes(stream.toReadableStream());
    },
  },
  {
    name: "chat.completions.create().withResponse",
    source: "chat.completions",
    streamed: false,
    tools: true,
    call: async (ask) => {
      const { data, response } = await ask.client.chat.completions
        .create(chat(ask), { signal: ask.signal })
        .withResponse();
      return { data, status: response.status, url: response.url, bodyUsed: response.bodyUsed };
    },
  },
  {
    name: "chat.completions.create().withResponse, streamed",
    source: "chat.completions",
    streamed: true,
    tools: true,
    call: async (ask) => {
      const { data, response } = await ask.client.chat.completions
        .create({ ...chat(ask), stream: true }, { signal: ask.signal })
        .withResponse();
      return { events: await all(data), status: response.status };
    },
  },
  {
    name: "chat.completions.create().asResponse",
    source: "chat.completions",
    streamed: false,
    tools: true,
    raw: true,
    call: async (ask) => {
      const response = await ask.client.chat.completions
        .create(chat(ask), { signal: ask.signal })
        .asResponse();
      return { status: response.status, ok: response.ok, text: await response.text() };
    },
  },
  {
    name: "chat.completions.create().asResponse, a clone read",
    source: "chat.completions",
    streamed: false,
    tools: true,
    raw: true,
    call: async (ask) => {
      const response = await ask.client.chat.completions
        .create(chat(ask), { signal: ask.signal })
        .asResponse();
      const clone = response.clone();
      return [await response.text(), await clone.text()];
    },
  },
  {
    name: "chat.completions.create().asResponse, streamed",
    source: "chat.completions",
    streamed: true,
    tools: true,
    raw: true,
    call: async (ask) => {
      const response = await ask.client.chat.completions
        .create({ ...chat(ask), stream: true }, { signal: ask.signal })
        .asResponse();
      return bytes(response.body);
    },
  },
  {
    name: "chat.completions.parse",
    source: "chat.completions",
    streamed: false,
    structured: true,
    call: (ask) =>
      helpers(ask).parse({ model: ask.model, messages, response_format: chatFormat }, { signal: ask.signal }),
  },
  {
    name: "chat.completions.stream",
    source: "chat.completions",
    streamed: true,
    tools: true,
    call: (ask) => helpers(ask).stream(chat(ask), { signal: ask.signal }).finalChatCompletion(),
  },
  {
    name: "chat.completions.runTools",
    source: "chat.completions",
    streamed: false,
    tools: true,
    runsTools: true,
    call: (ask) =>
      helpers(ask)
        .runTools({ model: ask.model, messages, tools: runnable }, { signal: ask.signal })
        .finalContent(),
  },
  {
    name: "chat.completions.runTools, streamed",
    source: "chat.completions",
    streamed: true,
    tools: true,
    runsTools: true,
    call: (ask) =>
      helpers(ask)
        .runTools({ model: ask.model, messages, tools: runnable, stream: true }, { signal: ask.signal })
        .finalContent(),
  },
  {
    name: "withOptions().chat.completions.create",
    source: "chat.completions",
    streamed: false,
    since: 5,
    tools: true,
    call: (ask) =>
      ask.client.withOptions({ timeout: 9_999 }).chat.completions.create(chat(ask), { signal: ask.signal }),
  },
  {
    name: "completions.create",
    source: "completions",
    streamed: false,
    call: ({ client, model, signal }) => client.completions.create({ model, prompt: ASKED }, { signal }),
  },
  {
    name: "completions.create, streamed",
    source: "completions",
    streamed: true,
    call: async ({ client, model, signal }) =>
      all(await client.completions.create({ model, prompt: ASKED, stream: true }, { signal })),
  },
  {
    name: "responses.create",
    source: "responses",
    streamed: false,
    tools: true,
    call: ({ client, model, signal }) =>
      client.responses.create({ model, input: ASKED, tools: responseTools }, { signal }),
  },
  {
    name: "responses.create, streamed",
    source: "responses",
    streamed: true,
    tools: true,
    call: async ({ client, model, signal }) =>
      all(
        await client.responses.create(
          { model, input: ASKED, tools: responseTools, stream: true },
          { signal },
        ),
      ),
  },
  {
    name: "responses.parse",
    source: "responses",
    streamed: false,
    structured: true,
    call: ({ client, model, signal }) =>
      client.responses.parse({ model, input: ASKED, text: { format: textFormat } }, { signal }),
  },
  {
    name: "responses.stream",
    source: "responses",
    streamed: true,
    tools: true,
    call: ({ client, model, signal }) =>
      client.responses.stream({ model, input: ASKED, tools: responseTools }, { signal }).finalResponse(),
  },
  {
    name: "AzureOpenAI chat.completions.create",
    source: "chat.completions",
    streamed: false,
    client: "azure",
    tools: true,
    call: (ask) => ask.client.chat.completions.create(chat(ask), { signal: ask.signal }),
  },
  {
    name: "AzureOpenAI chat.completions.create, streamed",
    source: "chat.completions",
    streamed: true,
    client: "azure",
    tools: true,
    call: async (ask) =>
      all(await ask.client.chat.completions.create({ ...chat(ask), stream: true }, { signal: ask.signal })),
  },
];
