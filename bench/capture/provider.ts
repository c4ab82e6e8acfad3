import type OpenAI from "openai";

/** One form of a call, and what a provider answers to it. */
export interface Form {
  readonly name: string;
  readonly type: "application/json" | "text/event-stream";
  readonly answer: Uint8Array;
  call(client: OpenAI): Promise<unknown>;
}

const MODEL = "gpt-4o-mini-2024-07-18";
const QUESTION = "Which lamps are in stock, and how many of each? ".repeat(8);
const WORDS = Array.from({ length: 200 }, (_, i) => ` word${i}`);
const usage = { prompt_tokens: 90, completion_tokens: 200, total_tokens: 290 };
const messages = [
  { role: "system" as const, content: "You look after a store." },
  { role: "user" as const, content: QUESTION },
];
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const events = (values: readonly object[]) =>
  new TextEncoder().encode(
    values
      .map(
        (value) =>
          `${"type" in value ? `event: ${String(value.type)}\n` : ""}data: ${JSON.stringify(value)}\n\n`,
      )
      .join(""),
  );

const chatHead = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 0, model: MODEL };
const output = [
  {
    type: "message",
    id: "msg_1",
    role: "assistant",
    status: "completed",
    content: [{ type: "output_text", text: WORDS.join(""), annotations: [] }],
  },
];
const response = {
  id: "resp_1",
  object: "response",
  created_at: 0,
  model: MODEL,
  status: "completed",
  output,
  usage: { input_tokens: 90, output_tokens: 200, total_tokens: 290 },
};

/** Answers of 200 words; streams bring each word in an event of its own. */
export const FORMS: readonly Form[] = [
  {
    name: "chat",
    type: "application/json",
    answer: bytes({
      ...chatHead,
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: WORDS.join("") }, finish_reason: "stop" }],
      usage,
    }),
    call: (client) => client.chat.completions.create({ model: MODEL, messages }),
  },
  {
    name: "chat, stream of 200",
    type: "text/event-stream",
    answer: new TextEncoder().encode(
      `${new TextDecoder().decode(
        events([
          ...WORDS.map((content) => ({ ...chatHead, choices: [{ index: 0, delta: { content } }] })),
          { ...chatHead, choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage },
        ]),
      )}data: [DONE]\n\n`,
    ),
    async call(client) {
      return taken(await client.chat.completions.create({ model: MODEL, messages, stream: true }));
    },
  },
  {
    name: "responses",
    type: "application/json",
    answer: bytes(response),
    call: (client) => client.responses.create({ model: MODEL, input: QUESTION }),
  },
  {
    name: "responses, stream of 200",
    type: "text/event-stream",
    answer: events([
      { type: "response.created", response: { ...response, status: "in_progress", output: [] } },
      ...WORDS.map((delta) => ({
        type: "response.output_text.delta",
        item_id: "msg_1",
        output_index: 0,
        content_index: 0,
        delta,
      })),
      { type: "response.completed", response },
    ]),
    async call(client) {
      return taken(await client.responses.create({ model: MODEL, input: QUESTION, stream: true }));
    },
  },
];

/** Takes a stream to its end; how many events there were. */
async function taken(stream: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const one of stream) if (one !== undefined) count++;
  return count;
}

/** A `fetch` that answers at once, so that what is measured is the client's and capture's own work. */
export const provider =
  ({ type, answer }: Form): typeof fetch =>
  async () =>
    new Response(ReadableStream.from(pieces(answer)), { headers: { "content-type": type } });

const LINE_FEED = 10;

/** A stream comes as a model writes it: event by event. */
function pieces(answer: Uint8Array): Uint8Array[] {
  const cut: Uint8Array[] = [];
  let from = 0;
  for (let at = 1; at < answer.byteLength; at++) {
    if (answer[at] !== LINE_FEED || answer[at - 1] !== LINE_FEED) continue;
    cut.push(answer.slice(from, at + 1));
    from = at + 1;
  }
  return from < answer.byteLength ? [...cut, answer.slice(from)] : cut;
}
