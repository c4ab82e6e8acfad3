import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { z } from "zod";
import { startAndWait } from "../../src/doors/long-operation.ts";
import { defineOperation } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { fakeOperations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const clock = new VirtualClock();
const COMPARING_MS = 3500;
/** A long operation, waited for as the real ones are. */
const evaluate = defineOperation({
  name: "startEvaluation",
  summary: "Compares two models.",
  input: z.strictObject({}),
  output: z.object({ status: z.string() }),
  role: "builder",
  effect: "write",
  idempotent: true,
  rest: { method: "POST", path: "/evaluations" },
  mcp: ["lightning_evaluate"],
  example: {},
  async run(_input, context) {
    const until = clock.now() + COMPARING_MS;
    const { record } = await startAndWait(
      context,
      clock,
      { name: "evaluate", instanceId: ({ id }: { id: string }) => id },
      { id: "eval-1", agent_id: "mcp-agents" },
      async () => ({ status: clock.now() < until ? "comparing" : "finished" }),
      ({ status }) => status === "finished",
    );
    return { body: { status: record.status } };
  },
});
/** Time goes on while an answer is waited for. */
async function asTimeGoesOn<T>(answer: Promise<T>): Promise<T> {
  const state = { isOver: false };
  const over = () => {
    state.isOver = true;
  };
  answer.then(over, over);
  while (!state.isOver) {
    clock.fireNext();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return answer;
}

const { operations: usual, seen } = fakeOperations();
const operations = [...usual, evaluate];
let door: Awaited<ReturnType<typeof loopback>>;
beforeAll(async () => {
  door = await loopback(operations, {
    clock,
    extraTools: [
      {
        name: "ask_foundry",
        title: "Ask a question",
        description: "Answers a question.",
        outputSchema: z.string(),
        inputSchema: z.strictObject({ question: z.string().min(1) }),
        run: async ({ question }) => `You asked: ${String(question)}`,
      },
    ],
  });
});
afterAll(() => door.stop());

const rpc = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${door.url}/api/mcp?tools=all`, {
    method: "POST",
    headers: { accept: "*/*", "content-type": "application/x-www-form-urlencoded", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const textOf = (reply: { result: { content: { text: string }[] } }) => reply.result.content[0]?.text ?? "";

describe("plain JSON-RPC, as curl -d sends it", () => {
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
  ] as const)("is unpacked when it comes packed by %s", async (encoding, pack) => {
    const body = pack(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }));
    const sent = (packed: Uint8Array<ArrayBuffer>) =>
      fetch(`${door.url}/api/mcp`, {
        method: "POST",
        headers: { "content-type": "application/json", "content-encoding": encoding },
        body: packed,
      });
    const response = await sent(new Uint8Array(body));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
    const broken = await sent(new Uint8Array(body.subarray(1)));
    expect(broken.status).toBe(415);
    expect(await broken.text()).toContain("bad_content_encoding");
    const bomb = await sent(new Uint8Array(pack(Buffer.alloc(40_000_000, 0x20))));
    expect(bomb.status).toBe(413);
  });

  const design = [
    [
      "1",
      "lightning_build_dataset",
      { agent_id: "mcp-agents", name: "v1", min_reward: 0.5 },
      { dataset_id: "dataset-abc123", training_count: 800 },
    ],
    [
      "2",
      "lightning_train",
      { agent_id: "mcp-agents", dataset_id: "dataset-abc123" },
      { run_id: "run-xyz789", status: "running" },
    ],
    [
      "3",
      "lightning_training_status",
      { agent_id: "mcp-agents", run_id: "run-xyz789" },
      { status: "succeeded", tuned_model: expect.stringMatching(/^ft:/) },
    ],
    [
      "4",
      "lightning_promote",
      { agent_id: "mcp-agents", run_id: "run-xyz789" },
      { deployment_id: "dep-456", is_active: true, tuned_model: expect.stringMatching(/^ft:/) },
    ],
  ] as const;
  test.each(design)("answers the design's body %s, %s, in JSON", async (id, name, args, expected) => {
    const response = await rpc({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name, arguments: args },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    const reply = (await response.json()) as { id: string; result: { content: { text: string }[] } };
    expect(reply.id).toBe(id);
    expect(JSON.parse(textOf(reply))).toEqual(expect.objectContaining(expected));
    expect(textOf(reply)).toContain("\n  "); // indented, as the original's
    expect(reply.result).toEqual(
      expect.objectContaining({ structuredContent: expect.objectContaining(expected) }),
    );
  });

  test("lists tools without initialize", async () => {
    const reply = (await (await rpc({ jsonrpc: "2.0", id: 1, method: "tools/list" })).json()) as {
      result: { tools: { name: string; annotations: object }[] };
    };
    const names = reply.result.tools.map((tool) => tool.name);
    expect(names).toEqual(expect.arrayContaining(operations.flatMap((operation) => operation.mcp ?? [])));
    expect(names).toContain("ask_foundry");
    expect(reply.result.tools.find((tool) => tool.name === "lightning_training_status")?.annotations).toEqual(
      expect.objectContaining({ readOnlyHint: true, destructiveHint: false, idempotentHint: true }),
    );
  });

  test.each(["GET", "DELETE"])("answers %s with 405 and the method that is served", async (method) => {
    const response = await fetch(`${door.url}/api/mcp`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });

  test.each(["null", "5", "[]", '"text"'])(
    "answers %s, which is no request, with an error of its own",
    async (body) => {
      const response = await rpc(body);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: { code: expect.any(Number) } });
    },
  );

  test("answers what is no JSON with a parse error", async () => {
    const response = await rpc("{oops");
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual(
      expect.objectContaining({ error: expect.objectContaining({ code: -32_700 }) }),
    );
  });
});

describe.each([
  ["the 2025 handshake", {}],
  ["the stateless 2026 revision", { versionNegotiation: { mode: "auto" as const } }],
])("the official client with %s", (_name, options) => {
  async function connected() {
    const client = new Client({ name: "test", version: "1.0.0" }, options);
    await client.connect(new StreamableHTTPClientTransport(new URL(`${door.url}/api/mcp?tools=all`)));
    return client;
  }

  test("lists and calls tools under both names", async () => {
    const client = await connected();
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain("lightning_start_training");
    const result = await client.callTool({
      name: "lightning_get_training_status",
      arguments: { training_run_id: "run-xyz789" },
    });
    expect(result.structuredContent).toEqual(expect.objectContaining({ run_id: "run-xyz789" }));
    await client.close();
  });

  test("is told of bad input in readable text with isError", async () => {
    const client = await connected();
    const result = await client.callTool({
      name: "lightning_build_dataset",
      arguments: { name: "v1", min_reward: 7 },
    });
    expect(result.isError).toBe(true);
    expect(JSON.stringify(result.content)).toMatch(/min_reward.*Code: invalid_input/s);
    await client.close();
  });

  test("is refused a tool that is not there as invalid parameters of the request", async () => {
    const client = await connected();
    await expect(client.callTool({ name: "lightning_nothing", arguments: {} })).rejects.toThrow(
      expect.objectContaining({ code: -32_602, message: expect.stringContaining("lightning_nothing") }),
    );
    await client.close();
  });

  test("is told each second how long work goes on, if it asked, and then the answer", async () => {
    const client = await connected();
    const told: unknown[] = [];
    const onprogress = (progress: unknown) => told.push(progress);
    const result = await asTimeGoesOn(
      client.callTool({ name: "lightning_evaluate", arguments: {} }, { onprogress }),
    );
    expect(told).toEqual([1, 2, 3].map((progress) => ({ progress, message: "comparing" })));
    expect(result.structuredContent).toEqual({ status: "finished" });
    await client.close();
  });

  test("is told nothing before the answer if it did not ask", async () => {
    const client = await connected();
    const result = await asTimeGoesOn(client.callTool({ name: "lightning_evaluate", arguments: {} }));
    expect(result.structuredContent).toEqual({ status: "finished" });
    await client.close();
  });

  test("reaches the reference agent's tools on the same server", async () => {
    const client = await connected();
    const result = await client.callTool({ name: "ask_foundry", arguments: { question: "why?" } });
    expect(result.content).toEqual([{ type: "text", text: "You asked: why?" }]);
    const refused = await client.callTool({ name: "ask_foundry", arguments: { nonsense: 1 } });
    expect(refused.isError).toBe(true);
    await client.close();
  });
});

test("subscriptions are a method that is not there, and hold no request open", async () => {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const response = await rpc(
    {
      jsonrpc: "2.0",
      id: 5,
      method: "subscriptions/listen",
      params: { notifications: { toolsListChanged: true }, _meta: meta },
    },
    { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
  );
  expect(response.status).toBe(404);
  expect(await response.json()).toEqual({
    jsonrpc: "2.0",
    id: 5,
    error: { code: -32_601, message: expect.stringContaining("no subscriptions") },
  });
});

test("a fault of ours does not leak its text", async () => {
  const response = await rpc({
    jsonrpc: "2.0",
    id: 9,
    method: "tools/call",
    params: { name: "lightning_build_dataset", arguments: { name: "bug" } },
  });
  const text = await response.text();
  expect(text).toContain("internal_error");
  expect(text).not.toContain("secret internals");
});

test("calls carry the MCP door", () => {
  expect(new Set(seen.map(({ context }) => context.door))).toEqual(new Set(["mcp"]));
});
