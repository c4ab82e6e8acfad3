import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A server that speaks the provider's three operations. The model's name says what it does:
 * `text`, `one-call` and `parallel-calls` answer so, streamed or not, and with text as soon as a result of a tool is there;
 * `refused` 400, `busy` 429, `broken` 500, `broken-once` 500 and then text, `error-in-200`, `not-json`, `reset` cuts the
 * connection, `silent` never answers, `stops` sends the beginning of a stream and no more, `cut` stops at the limit, `twice` gives two choices in chat form, `breaks` cuts the connection
 * in the middle of a stream, `error-midway` ends one with an error.
 */
export interface FakeProvider {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Requests so far. */
  requests(): number;
  close(): Promise<void>;
}

export const TEXT = "It is sunny.";
export const USAGE = { prompt: 11, completion: 7, total: 18 };
export const CALLS = [
  { id: "call_1", name: "weather", arguments: '{"city":"Oslo"}' },
  { id: "call_2", name: "weather", arguments: '{"city":"Bern"}' },
] as const;
type Call = (typeof CALLS)[number];

interface Answer {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly calls: readonly Call[];
  readonly midway: "stops" | "breaks" | "error-midway" | undefined;
  readonly isCut: boolean;
  readonly includeUsage: boolean;
}

export async function startFakeProvider(): Promise<FakeProvider> {
  let requests = 0;
  const broken = new Set<string>();
  const server = createServer((request, response) => {
    requests++;
    void bodyOf(request).then((body) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      const model = /deployments\/([^/]+)/.exec(path)?.[1] ?? String(body.model);
      if (model === "broken-once") {
        // Each caller's first attempt fails: clients number their attempts.
        const isSecond = broken.delete(path);
        if (!isSecond) {
          broken.add(path);
          refuse(response, 500);
          return;
        }
      }
      respond(response, { path, model, body, nth: requests });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    close: () => closed(server),
  };
}

type Body = Readonly<Record<string, unknown>>;

async function bodyOf(request: IncomingMessage): Promise<Body> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return JSON.parse(Buffer.concat(pieces).toString() || "{}") as Body;
}

const ERRORS: Readonly<Record<string, number>> = { refused: 400, busy: 429, broken: 500 };

interface Asked {
  readonly path: string;
  readonly model: string;
  readonly body: Body;
  /** Which request it is: every answer has an id of its own. */
  readonly nth: number;
}

function respond(response: ServerResponse, { path, model, body, nth }: Asked): void {
  const status = ERRORS[model];
  if (status !== undefined) refuse(response, status);
  else if (model === "reset") response.destroy();
  else if (model === "silent") return;
  else if (model === "error-in-200")
    json(response, { error: { message: "overloaded", type: "server_error" } });
  else if (model === "not-json") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end("<html>");
  } else {
    const answer: Answer = {
      id: `${path.split("/").at(-1)}-${model}-n${nth}`,
      model: `${model}-2026-01-01`,
      text: isStructured(body) ? '{"sky":"sunny"}' : TEXT,
      calls: hasResult(body) ? [] : CALLS.slice(0, { "one-call": 1, "parallel-calls": 2 }[model] ?? 0),
      midway: (["stops", "breaks", "error-midway"] as const).find((one) => one === model),
      isCut: model === "cut",
      includeUsage: (body.stream_options as { include_usage?: boolean } | undefined)?.include_usage === true,
    };
    const form = path.endsWith("/responses")
      ? RESPONSES
      : path.endsWith("/chat/completions")
        ? CHAT
        : COMPLETIONS;
    if (body.stream === true) stream(response, answer, form.events(answer));
    else json(response, form.whole(answer));
  }
}

const isStructured = ({ response_format: asked, text }: Body): boolean =>
  [asked, (text as Body | undefined)?.format].some((format) =>
    String((format as Body | undefined)?.type).startsWith("json"),
  );

/** The agent has run the tools. */
const hasResult = ({ messages, input }: Body): boolean =>
  [messages, input].some(
    (items) =>
      Array.isArray(items) &&
      (items as Body[]).some(({ role, type }) => role === "tool" || type === "function_call_output"),
  );

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "application/json", "retry-after-ms": "1" });
  response.end(
    JSON.stringify({ error: { message: `told to answer ${status}`, type: "told", code: "told" } }),
  );
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function stream(response: ServerResponse, { midway }: Answer, events: readonly unknown[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const write = (event: unknown) => {
    const { type } = event as { type?: string };
    response.write(`${type === undefined ? "" : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`);
  };
  for (const event of midway === undefined ? events : events.slice(0, -2)) write(event);
  if (midway === undefined) response.end("data: [DONE]\n\n");
  // What was written goes out first.
  else if (midway === "breaks") setTimeout(() => response.destroy(), 20);
  else if (midway === "error-midway") {
    const error = { message: "overloaded", type: "server_error", code: "overloaded", param: null };
    const isResponses = (events[0] as { type?: string }).type !== undefined;
    write(isResponses ? { ...error, type: "error", sequence_number: 9 } : { error });
    response.end();
  }
}

interface Form {
  whole(answer: Answer): unknown;
  events(answer: Answer): readonly unknown[];
}

const halves = (text: string) => [text.slice(0, 6), text.slice(6)] as const;

const CHAT_USAGE = {
  prompt_tokens: USAGE.prompt,
  completion_tokens: USAGE.completion,
  total_tokens: USAGE.total,
};
const reason = ({ calls, isCut }: Answer) => (isCut ? "length" : calls.length > 0 ? "tool_calls" : "stop");
const wireCall = ({ id, name, arguments: args }: Call) => ({
  id,
  type: "function",
  function: { name, arguments: args },
});

const CHAT: Form = {
  whole: (answer) => ({
    id: answer.id,
    object: "chat.completion",
    created: 1,
    model: answer.model,
    choices: (answer.model.startsWith("twice") ? [0, 1] : [0]).map((index) => ({
      index,
      finish_reason: reason(answer),
      logprobs: null,
      message: {
        role: "assistant",
        refusal: null,
        content: answer.calls.length > 0 ? null : answer.text,
        ...(answer.calls.length > 0 ? { tool_calls: answer.calls.map(wireCall) } : {}),
      },
    })),
    usage: CHAT_USAGE,
  }),
  events(answer) {
    const chunk = (delta: object, finish: string | null = null) => ({
      id: answer.id,
      object: "chat.completion.chunk",
      created: 1,
      model: answer.model,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    });
    const pieces =
      answer.calls.length > 0
        ? answer.calls.flatMap((call, index) => {
            const [first, second] = halves(call.arguments);
            const named = {
              index,
              id: call.id,
              type: "function",
              function: { name: call.name, arguments: first },
            };
            return [
              chunk({ tool_calls: [named] }),
              chunk({ tool_calls: [{ index, function: { arguments: second } }] }),
            ];
          })
        : halves(answer.text).map((content) => chunk({ content }));
    return [
      chunk({ role: "assistant", content: answer.calls.length > 0 ? null : "" }),
      ...pieces,
      chunk({}, reason(answer)),
      ...(answer.includeUsage ? [{ ...chunk({}), choices: [], usage: CHAT_USAGE }] : []),
    ];
  },
};

const COMPLETIONS: Form = {
  whole: (answer) => ({
    id: answer.id,
    object: "text_completion",
    created: 1,
    model: answer.model,
    choices: [{ index: 0, text: answer.text, finish_reason: reason(answer), logprobs: null }],
    usage: CHAT_USAGE,
  }),
  events: (answer) =>
    [...halves(answer.text), ""].map((text, i) => ({
      id: answer.id,
      object: "text_completion",
      created: 1,
      model: answer.model,
      choices: [{ index: 0, text, finish_reason: i < 2 ? null : reason(answer), logprobs: null }],
    })),
};

const RESPONSES: Form = {
  whole: (answer) => response(answer, outputOf(answer), answer.isCut ? "incomplete" : "completed"),
  events(answer) {
    const events: { type: string; [name: string]: unknown }[] = [
      { type: "response.created", response: response(answer, [], "in_progress") },
    ];
    for (const [output_index, item] of outputOf(answer).entries()) {
      const at = { output_index, item_id: item.id };
      if (item.type === "message") {
        const part = { type: "output_text", text: answer.text, annotations: [] };
        const open = { ...item, status: "in_progress", content: [] };
        events.push({ type: "response.output_item.added", output_index, item: open });
        events.push({
          type: "response.content_part.added",
          ...at,
          content_index: 0,
          part: { ...part, text: "" },
        });
        for (const delta of halves(answer.text))
          events.push({ type: "response.output_text.delta", ...at, content_index: 0, delta, logprobs: [] });
        if (answer.midway !== undefined) continue;
        events.push({ type: "response.output_text.done", ...at, content_index: 0, text: answer.text });
        events.push({ type: "response.content_part.done", ...at, content_index: 0, part });
      } else {
        const open = { ...item, status: "in_progress", arguments: "" };
        events.push({ type: "response.output_item.added", output_index, item: open });
        for (const delta of halves(item.arguments))
          events.push({ type: "response.function_call_arguments.delta", ...at, delta });
        events.push({ type: "response.function_call_arguments.done", ...at, arguments: item.arguments });
      }
      events.push({ type: "response.output_item.done", output_index, item });
    }
    const type = answer.isCut ? "response.incomplete" : "response.completed";
    events.push({ type, response: RESPONSES.whole(answer) });
    return events.map((event, sequence_number) => ({ ...event, sequence_number }));
  },
};

type Item =
  | { type: "message"; id: string; role: string; status: string; content: unknown[] }
  | { type: "function_call"; id: string; call_id: string; name: string; arguments: string; status: string };

const outputOf = ({ id, calls, text }: Answer): Item[] =>
  calls.length > 0
    ? calls.map((call) => ({
        type: "function_call",
        id: `fc_${call.id}`,
        call_id: call.id,
        name: call.name,
        arguments: call.arguments,
        status: "completed",
      }))
    : [
        {
          type: "message",
          id: `msg_${id}`,
          role: "assistant",
          status: "completed",
          content: [{ type: "output_text", text, annotations: [], logprobs: [] }],
        },
      ];

const response = ({ id, model, isCut }: Answer, output: unknown[], status: string) => ({
  id,
  object: "response",
  created_at: 1,
  model,
  status,
  output,
  error: null,
  incomplete_details: isCut ? { reason: "max_output_tokens" } : null,
  instructions: null,
  metadata: {},
  parallel_tool_calls: true,
  temperature: 1,
  tool_choice: "auto",
  tools: [],
  top_p: 1,
  ...(status === "in_progress"
    ? {}
    : {
        usage: {
          input_tokens: USAGE.prompt,
          input_tokens_details: { cached_tokens: 3 },
          output_tokens: USAGE.completion,
          output_tokens_details: { reasoning_tokens: 2 },
          total_tokens: USAGE.total,
        },
      }),
});

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
