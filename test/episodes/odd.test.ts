import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import { type Episode, episodeInputSchema } from "../../src/episodes/contract.ts";
import { putRight } from "../../src/episodes/odd/episode.ts";
import { episodeOperations } from "../../src/episodes/operations.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { LightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";

const settings = readSettings({});
const context = { waitMs: 0, door: "rest" } as unknown as CallContext;
let ledger: Ledger;
let service: ReturnType<typeof createEpisodeService>;
let operation: Operation;

beforeEach(() => {
  const clock = new VirtualClock();
  ledger = openSqliteLedger({ file: ":memory:", clock });
  service = createEpisodeService({ ledger, settings, clock, logger: silentLogger });
  operation = episodeOperations({ service, settings }).find(
    ({ name }) => name === "recordEpisodes",
  ) as unknown as Operation;
});
afterEach(() => ledger.close());

async function stored(raw: Record<string, unknown>): Promise<Episode> {
  await operation.run(parseInput(operation, raw), context);
  return service.get(String(raw.id));
}

const asked = { user_input: "Where is the ship?", assistant_output: "In port." };

/** What clients dump, and what is stored of it. */
const ODD: [name: string, sent: Record<string, unknown>, kept: object][] = [
  [
    "a message dumped by a client that writes null for what is absent",
    {
      ...asked,
      system_prompt: null,
      session_id: null,
      tools: null,
      messages: [
        { role: "user", content: asked.user_input, name: null },
        {
          role: "assistant",
          content: null,
          refusal: null,
          audio: null,
          annotations: [],
          function_call: null,
          tool_calls: [{ id: "k1", type: "function", function: { name: "find", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "k1", content: "In port.", tool_calls: null },
      ],
    },
    {
      metadata: {},
      messages: [
        { role: "user", content: asked.user_input },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "k1", type: "function", function: { name: "find", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "k1", content: "In port." },
      ],
    },
  ],
  [
    "messages alone",
    {
      messages: [
        { role: "user", content: [{ type: "text", text: "Where is the ship?" }] },
        { role: "assistant", content: "In port." },
      ],
    },
    asked,
  ],
  [
    "calls without id and with arguments that are no text",
    {
      ...asked,
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          tool_calls: [{ id: "", type: null, function: { name: "f", arguments: { a: 1 } } }],
        },
        { role: "tool", content: "7" },
      ],
    },
    {
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1.0", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
        },
        { role: "tool", tool_call_id: "call_1.0", content: "7" },
      ],
    },
  ],
  [
    "the first form of calls, and a role of another make",
    {
      ...asked,
      messages: [
        { role: "human", content: "hi" },
        { role: "model", function_call: { name: "f", arguments: "{}" } },
        { role: "function", name: "f", content: "8" },
      ],
    },
    {
      messages: [
        { role: "user", name: "human", content: "hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1.0", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "call_1.0", content: "8" },
      ],
    },
  ],
  [
    "tools that are no functions",
    {
      ...asked,
      tools: [
        { type: "function", function: { name: "f", parameters: null, strict: null } },
        { type: "web_search" },
        { type: "custom", custom: { name: "sql" } },
      ],
    },
    {
      tools: [{ type: "function", function: { name: "f" } }],
      metadata: { other_tools: [{ type: "web_search" }, { type: "custom", custom: { name: "sql" } }] },
    },
  ],
  [
    "a provider's own counts",
    {
      ...asked,
      token_usage: {
        prompt_tokens: 7,
        completion_tokens: 1.5,
        total_tokens: null,
        prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
      },
    },
    {
      token_usage: { prompt_tokens: 7, cached_tokens: 4 },
      metadata: {
        usage_details: {
          completion_tokens: 1.5,
          prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
        },
      },
    },
  ],
  [
    "ids that are numbers, and a call in chat form among the episode's own",
    {
      ...asked,
      session_id: 12,
      user_id: 7,
      response_id: "",
      tool_calls: [{ id: null, type: "function", function: { name: "find", arguments: '{"ship":1}' } }],
    },
    {
      session_id: "12",
      user_id: "7",
      tool_calls: [{ tool_name: "find", arguments: { ship: 1 } }],
    },
  ],
];

describe("an odd episode", () => {
  test.each(ODD)("is kept: %s; alone and among many alike", async (_name, sent, kept) => {
    const alone = await stored({ ...sent, id: "alone" });
    expect(alone).toMatchObject(kept);
    await operation.run(parseInput(operation, { episodes: [{ ...sent, id: "among" }] }), context);
    const { id: _id, sample_key: _key, ...among } = await service.get("among");
    expect(alone).toMatchObject(among);
  });

  test.each(["constructor", "__proto__"])("a message of the role %s is somebody's", async (role) => {
    const { messages } = await stored({ ...asked, id: "ep-1", messages: [{ role, content: "Ahoy." }] });
    expect(messages).toMatchObject([{ role: "user", content: "Ahoy." }]);
  });

  test.each([
    ["user_input", { assistant_output: "x" }],
    ["agent_id", { ...asked, agent_id: "two words" }],
    ["metadata", { ...asked, metadata: "text" }],
    ["user", { ...asked, user_id: null, user: { id: 1 } }],
    ["tool_calls.0.tool_name", { ...asked, session_id: null, tool_calls: [{ arguments: {} }] }],
    ["request_latency_ms", { ...asked, error: null, request_latency_ms: -1 }],
  ])("is refused for what nobody can put right, with its place: %s", async (place, sent) => {
    const refused = await service.record([sent]);
    const error = refused[0]?.status === "error" ? refused[0].error : undefined;
    expect(error).toBeInstanceOf(LightningError);
    expect(error?.code).toBe("invalid_input");
    expect(error?.field).toBe(place);
  });

  test.each(ODD)("that was put right stays as it is: %s", (_name, sent) => {
    const once = putRight({ agent_id: "a", ...sent });
    expect(episodeInputSchema.safeParse(once).error).toBeUndefined();
    expect(putRight(once)).toEqual(once);
  });
});
