import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { silentLogger } from "../../src/kernel/logger.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { describe as describeHost } from "../../src/local-host/serve.ts";
import { appFolder, scratch } from "./support.ts";

const WEBHOOK = "/runtime/webhooks/mcp";

describe("an app with MCP triggers", () => {
  let host: LocalHost;
  let home: string;
  let client: Client;

  beforeAll(async () => {
    home = await scratch();
    host = await LocalHost.start({
      folder: appFolder("mcp-app"),
      home,
      logger: silentLogger,
      enableAuth: true,
    });
    client = new Client({ name: "test", version: "1.0.0" });
    const key = host.keys?.mcp_extension ?? "";
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${host.baseUrl}${WEBHOOK}`), {
        requestInit: { headers: { "x-functions-key": key } },
      }),
    );
  });
  afterAll(async () => {
    await client.close();
    await host.stop();
    await rm(home, { recursive: true, force: true });
  });

  test("lists its tools with the schemas of their properties", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["forecast", "map", "broken"]);
    expect(tools[0]).toMatchObject({
      description: "Tells the weather of a city",
      inputSchema: {
        type: "object",
        properties: { city: { type: "string", description: "Name of the city" }, days: { type: "number" } },
        required: ["city"],
      },
    });
  });

  test("runs a tool with its arguments", async () => {
    const { content } = await client.callTool({ name: "forecast", arguments: { city: "Quito" } });
    expect(content).toEqual([{ type: "text", text: JSON.stringify({ city: "Quito", same: true }) }]);
  });

  test("answers with several blocks and structured content", async () => {
    expect(await client.callTool({ name: "map", arguments: {} })).toMatchObject({
      content: [
        { type: "text", text: "the map" },
        { type: "image", data: "aGk=", mimeType: "image/png" },
      ],
      structuredContent: { scale: 2 },
    });
  });

  test("tells a tool's failure as a result, and an unknown tool as an error", async () => {
    expect(await client.callTool({ name: "broken", arguments: {} })).toMatchObject({
      isError: true,
      content: [{ type: "text", text: "no satellite" }],
    });
    await expect(client.callTool({ name: "nothing", arguments: {} })).rejects.toThrow("nothing");
  });

  test("serves resources and prompts", async () => {
    expect((await client.listResources()).resources).toMatchObject([
      { uri: "weather://stations", name: "Stations", mimeType: "text/plain" },
    ]);
    expect((await client.readResource({ uri: "weather://stations" })).contents).toEqual([
      { uri: "weather://stations", mimeType: "text/plain", text: "Oslo, Lima" },
    ]);
    expect((await client.listPrompts()).prompts).toMatchObject([
      { name: "advise", arguments: [{ name: "city", description: "Where", required: true }] },
    ]);
    expect((await client.getPrompt({ name: "advise", arguments: { city: "Lima" } })).messages).toEqual([
      { role: "user", content: { type: "text", text: "What to wear in Lima?" } },
    ]);
  });

  test("says who it is, from host.json", () => {
    expect(client.getServerVersion()).toMatchObject({ name: "Weather desk", version: "3.1.0" });
    expect(client.getInstructions()).toBe("Ask for a city.");
  });

  test("asks for the extension's system key, and names the address at its start", async () => {
    const ask = (headers: Record<string, string>) =>
      host.fetch(WEBHOOK, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
      });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ "x-functions-key": host.keys?.function ?? "" })).status).toBe(401);
    expect((await ask({ "x-functions-key": host.keys?.master ?? "" })).status).toBe(200);
    expect(describeHost(host, home).join("\n")).toContain(`MCP: ${host.baseUrl}${WEBHOOK}`);
  });
});
