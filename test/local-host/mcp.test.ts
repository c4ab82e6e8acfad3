import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
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
    expect(tools.map(({ name }) => name)).toEqual(["forecast", "map", "broken", "caller"]);
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

  test("serves resources of one template, with its parameters as trigger metadata", async () => {
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates).toEqual([
      {
        uriTemplate: "weather://stations/{city}/days?from={from}",
        name: "Station",
        description: "One station's days",
        mimeType: "application/json",
      },
    ]);
    const uri = "weather://stations/S%C3%A3o-Paulo/days?from=2026-01-01";
    const { contents } = await client.readResource({ uri });
    expect(contents).toMatchObject([{ uri, mimeType: "application/json" }]);
    expect(JSON.parse((contents[0] as { text: string }).text)).toEqual({
      uri,
      city: "S%C3%A3o-Paulo",
      from: "2026-01-01",
    });
    // A whole address is another one than the same with an end, and letters' case does not count.
    expect((await client.readResource({ uri: "WEATHER://stations" })).contents).toHaveLength(1);
    for (const other of ["weather://stations/Oslo/Lima/days?from=1", "weather://stations/Oslo/days?from=1/2"])
      await expect(client.readResource({ uri: other })).rejects.toThrow("There is no resource");
  });

  test("leaves a resource off whose template Azure refuses", () => {
    expect(host.plan.off.map(({ fn, reason }) => [fn.metadata.name, reason])).toEqual([
      ["nowhere", expect.stringContaining("two parameters with nothing between them")],
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

  test("tells tools who calls, how, and in which session", async () => {
    const { content } = await client.callTool({ name: "caller", arguments: {} });
    const told = JSON.parse((content[0] as { text: string }).text) as Record<string, unknown>;
    // As with the extension, only SSE remembers who said hello at the beginning.
    expect(told).toMatchObject({ transport: "http-streamable" });
    expect(told.client).toBeUndefined();
    expect(told.session).toMatch(/^[0-9a-f-]{36}$/);
    expect(told.metadata).toBe(told.session);
  });

  describe("over the older SSE transport", () => {
    const sseAddress = () => new URL(`${host.baseUrl}${WEBHOOK}/sse?code=${host.keys?.mcp_extension ?? ""}`);

    test("serves the same, with the key in the address alone", async () => {
      const old = new Client({ name: "old", version: "1.0.0" });
      await old.connect(new SSEClientTransport(sseAddress()));
      try {
        expect((await old.listTools()).tools.map(({ name }) => name)).toContain("forecast");
        const calls = ["Quito", "Lima", "Oslo"].map((city) =>
          old.callTool({ name: "forecast", arguments: { city } }),
        );
        expect((await Promise.all(calls)).map(({ content }) => content)).toEqual(
          ["Quito", "Lima", "Oslo"].map((city) => [
            { type: "text", text: JSON.stringify({ city, same: true }) },
          ]),
        );
        const { content } = await old.callTool({ name: "caller", arguments: {} });
        expect(JSON.parse((content[0] as { text: string }).text)).toMatchObject({
          transport: "http-sse",
          client: "old",
        });
        expect((await old.readResource({ uri: "weather://stations" })).contents).toHaveLength(1);
        await expect(old.callTool({ name: "nothing", arguments: {} })).rejects.toThrow("nothing");
      } finally {
        await old.close();
      }
    });

    test("asks for the system key, and sends who has no session to begin one", async () => {
      expect((await host.fetch(`${WEBHOOK}/sse`)).status).toBe(401);
      expect((await host.fetch(`${WEBHOOK}/message?azmcpcs=x`, { method: "POST" })).status).toBe(401);
      const key = { headers: { "x-functions-key": host.keys?.mcp_extension ?? "" } };
      const post = (query: string) => host.fetch(`${WEBHOOK}/message${query}`, { method: "POST", ...key });
      expect((await post("")).status).toBe(400);
      expect(await (await post("?azmcpcs=x")).text()).toContain("connect to the /sse endpoint");
      expect((await host.fetch(`${WEBHOOK}/sse`, { method: "POST", ...key })).status).toBe(405);
      expect((await host.fetch(`${WEBHOOK}/other`, key)).status).toBe(404);
    });

    test("does not hold up the host's stop with its open streams", async () => {
      const other = await LocalHost.start({
        folder: appFolder("mcp-app"),
        home: await scratch(),
        logger: silentLogger,
      });
      const reply = await fetch(`${other.baseUrl}${WEBHOOK}/sse`);
      expect(reply.headers.get("content-type")).toBe("text/event-stream");
      await other.stop();
      expect(await reply.text()).toMatch(/^event: endpoint\ndata: message\?azmcpcs=[0-9a-f-]{36}\n\n$/);
    });
  });
});
