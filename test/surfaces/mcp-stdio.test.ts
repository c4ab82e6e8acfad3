import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { serveStdio } from "../../src/surfaces/mcp-stdio.ts";
import { noTelemetry } from "../../src/telemetry/telemetry.ts";
import { fakeOperations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const { operations } = fakeOperations();
let door: Awaited<ReturnType<typeof loopback>>;
/** A tool that goes on until it is let go. */
let slow: Awaited<ReturnType<typeof loopback>>;
const clock = new VirtualClock();
const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
beforeAll(async () => {
  door = await loopback(operations);
  slow = await loopback([], {
    clock,
    extraTools: [
      {
        name: "ask_slowly",
        title: "Ask slowly",
        description: "Answers when it is let go.",
        outputSchema: z.string(),
        inputSchema: z.strictObject({}),
        async run() {
          begin();
          await finished;
          return "At last.";
        },
      },
    ],
  });
});
afterAll(async () => {
  await door.stop();
  await slow.stop();
});

/** An official client whose standard streams are joined to the bridge's. */
async function joined(url: string, tools = "all") {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  const served = serveStdio({ url }, { input: toServer, output: toClient, tools });
  const client = new Client({ name: "test", version: "1.0.0" });
  // Line framing is the same in both directions, so the server's transport serves the client as well.
  await client.connect(new StdioServerTransport(toClient, toServer));
  return { client, toServer, served };
}

test("over stdio the same tools answer as over HTTP, and the bridge ends with its client", async () => {
  const { client, toServer, served } = await joined(door.url);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(operations.flatMap(({ mcp }) => mcp ?? []));
  const result = await client.callTool({ name: "lightning_build_dataset", arguments: { name: "v1" } });
  expect(result.structuredContent).toEqual(expect.objectContaining({ training_count: 800 }));
  const refused = await client.callTool({ name: "lightning_build_dataset", arguments: {} });
  expect(refused.isError).toBe(true);
  toServer.end();
  await served;
});

test("over stdio an unknown tool is the request's error, as over HTTP", async () => {
  const { client, toServer, served } = await joined(door.url);
  await expect(client.callTool({ name: "lightning_nothing", arguments: {} })).rejects.toThrow(
    expect.objectContaining({ code: -32_602 }),
  );
  toServer.end();
  await served;
});

test("over stdio a long call tells how it goes on", async () => {
  const { client, toServer, served } = await joined(slow.url);
  const told: unknown[] = [];
  const onprogress = (progress: unknown) => {
    told.push(progress);
    finish();
  };
  const answer = client.callTool({ name: "ask_slowly", arguments: {} }, { onprogress });
  await begun;
  clock.advance(1000);
  expect((await answer).content).toEqual([{ type: "text", text: "At last." }]);
  expect(told).toEqual([{ progress: 1 }]);
  toServer.end();
  await served;
});

test("a function app that is gone is an error of the call, with what to do", async () => {
  const { client, toServer, served } = await joined("http://127.0.0.1:9");
  const result = await client.callTool({ name: "lightning_build_dataset", arguments: { name: "v1" } });
  expect(result.isError).toBe(true);
  expect(JSON.stringify(result.content)).toContain("endpoint_unreachable");
  toServer.end();
  await served;
});

test("over stdio the sets are asked for as in the address, and one that is not there is an error", async () => {
  const { client, toServer, served } = await joined(door.url, "record,train");
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain("lightning_record_episode");
  expect(tools.map(({ name }) => name)).not.toContain("lightning_start_training");
  toServer.end();
  await served;
  const other = await joined(door.url, "everything");
  await expect(other.client.listTools()).rejects.toThrow(/no tool set "everything"/);
  other.toServer.end();
  await other.served;
});

test("over stdio the trace of a message goes on to the app", async () => {
  const traces: (string | undefined)[] = [];
  const traced = await loopback(operations, {
    telemetry: {
      ...noTelemetry,
      span(_name, { parent }, run) {
        traces.push(parent?.traceParent ?? undefined);
        return run(() => {});
      },
    },
  });
  const { client, toServer, served } = await joined(traced.url);
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  await client.callTool({
    name: "lightning_build_dataset",
    arguments: { name: "v1" },
    _meta: { traceparent },
  });
  expect(traces).toEqual([traceparent]);
  toServer.end();
  await served;
  await traced.stop();
});
