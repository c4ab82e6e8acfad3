import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Client } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { serveStdio } from "../../src/surfaces/mcp-stdio.ts";
import { fakeOperations } from "./fake-operations.ts";
import { loopback } from "./loopback.ts";

const { operations } = fakeOperations();
let door: Awaited<ReturnType<typeof loopback>>;
beforeAll(async () => {
  door = await loopback(operations);
});
afterAll(() => door.stop());

/** An official client whose standard streams are joined to the bridge's. */
async function joined(url: string) {
  const toServer = new PassThrough();
  const toClient = new PassThrough();
  const served = serveStdio({ url }, { input: toServer, output: toClient });
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

test("a function app that is gone is an error of the call, with what to do", async () => {
  const { client, toServer, served } = await joined("http://127.0.0.1:9");
  const result = await client.callTool({ name: "lightning_build_dataset", arguments: { name: "v1" } });
  expect(result.isError).toBe(true);
  expect(JSON.stringify(result.content)).toContain("endpoint_unreachable");
  toServer.end();
  await served;
});
