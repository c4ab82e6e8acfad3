import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { z } from "zod";
import { fakeOperations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const { operations, seen } = fakeOperations();
let door: Awaited<ReturnType<typeof loopback>>;
beforeAll(async () => {
  door = await loopback(operations, {
    extraTools: [
      {
        name: "ask_foundry",
        description: "Answers a question.",
        inputSchema: z.strictObject({ question: z.string().min(1) }),
        run: async ({ question }) => `You asked: ${String(question)}`,
      },
    ],
  });
});
afterAll(() => door.stop());

const rpc = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${door.url}/api/mcp`, {
    method: "POST",
    headers: { accept: "*/*", "content-type": "application/x-www-form-urlencoded", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const textOf = (reply: { result: { content: { text: string }[] } }) => reply.result.content[0]?.text ?? "";

describe("plain JSON-RPC, as curl -d sends it", () => {
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
    await client.connect(new StreamableHTTPClientTransport(new URL(`${door.url}/api/mcp`)));
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
    const unknown = await client.callTool({ name: "lightning_nothing", arguments: {} });
    expect(unknown.isError).toBe(true);
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
