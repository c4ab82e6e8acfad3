import { writeFile } from "node:fs/promises";
import path from "node:path";
import { app, type CosmosDBChangeFeedItem, CosmosDBv4ChangeFeedMode } from "@azure/functions";
import { describe, expect, test } from "@jest/globals";
import * as df from "durable-functions";
import { silentLogger } from "../../src/kernel/logger.ts";
import { readHostConfig } from "../../src/local-host/host-config.ts";
import { LocalHost, type LocalHostOptions } from "../../src/local-host/local-host.ts";
import { memoryLogger, scratch } from "./support.ts";

/** Requests to `gate` wait here until they are let through. */
const waiting: (() => void)[] = [];
const started: string[] = [];

function register() {
  app.http("gate", {
    route: "gate/{name}",
    handler: async ({ params }) => {
      started.push(params.name ?? "");
      await new Promise<void>((resolve) => waiting.push(resolve));
      return { body: params.name ?? "" };
    },
  });
  df.app.orchestration("ends", function* () {});
  df.app.activity("Twice", { handler: () => "upper" });
  df.app.activity("twice", { handler: () => "lower" });
  app.generic("ofFour", {
    trigger: { type: "orchestrationTrigger", name: "context", durableRequiresGrpc: true },
    handler: () => {},
  });
  app.http("inPart", { route: "%PART%/x", handler: () => ({ body: "in part" }) });
  app.http("escaped", { route: "a%20b%C3%A3o", handler: () => ({ body: "escaped" }) });
  app.mcpTool("tool", {
    toolName: "%PART%_tool",
    description: "A tool",
    toolProperties: {},
    handler: () => "",
  });
  app.http("own", { handler: () => ({ body: "own", headers: { "X-Frame-Options": "SAMEORIGIN" } }) });
  const feed = { connection: "C", databaseName: "d", containerName: "%NOWHERE%", handler: () => {} };
  app.cosmosDB<unknown>("latest", { ...feed, containerName: "things" });
  app.cosmosDB<unknown>("timed", { ...feed, startFromTime: "2026-01-01T00:00:00Z" });
  app.cosmosDB<unknown>("versions", {
    ...feed,
    changeFeedMode: CosmosDBv4ChangeFeedMode.AllVersionsAndDeletes,
    handler: (_changes: CosmosDBChangeFeedItem<unknown>[]) => {},
  });
}

async function folderWith(hostJson: object, local: object = {}): Promise<string> {
  const folder = await scratch();
  await writeFile(path.join(folder, "host.json"), JSON.stringify({ version: "2.0", ...hostJson }));
  await writeFile(path.join(folder, "local.settings.json"), JSON.stringify(local));
  return folder;
}

async function hostWith(hostJson: object, local?: object, options: Partial<LocalHostOptions> = {}) {
  const folder = await folderWith(hostJson, local);
  return LocalHost.start({ folder, home: await scratch(), app: register, logger: silentLogger, ...options });
}

const haveStarted = async (count: number) => {
  while (started.length < count) await new Promise((resolve) => setImmediate(resolve));
};

describe("extensions.http", () => {
  test("maxConcurrentRequests makes requests wait, and maxOutstandingRequests answers 429 to the rest", async () => {
    await using host = await hostWith({
      extensions: { http: { maxConcurrentRequests: 2, maxOutstandingRequests: 3 } },
    });
    started.length = 0;
    const [a, b, c] = ["a", "b", "c"].map((name) => host.fetch(`/api/gate/${name}`));
    await haveStarted(2);
    const refused = await host.fetch("/api/gate/d");
    expect(refused.status).toBe(429);
    expect(await refused.text()).toContain("3 requests are outstanding");
    // Whoever looks after the host is let in all the same.
    expect((await host.fetch("/admin/host/ping")).status).toBe(200);
    expect(started).toEqual(["a", "b"]);
    waiting.shift()?.();
    expect(await (await a)?.text()).toBe("a");
    await haveStarted(3);
    for (const go of waiting.splice(0)) go();
    expect(await Promise.all([b, c].map(async (reply) => (await reply)?.text()))).toEqual(["b", "c"]);
    const late = host.fetch("/api/gate/e");
    await haveStarted(4);
    waiting.shift()?.();
    expect((await late).status).toBe(200);
  });

  test("customHeaders are in every answer that has none of the name", async () => {
    await using host = await hostWith({
      extensions: {
        http: { customHeaders: { "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY" } },
      },
    });
    const headersOf = async (address: string) => {
      const { headers } = await host.fetch(address);
      return [headers.get("x-content-type-options"), headers.get("x-frame-options")];
    };
    expect(await headersOf("/api/own")).toEqual(["nosniff", "SAMEORIGIN"]);
    expect(await headersOf("/api/nothing")).toEqual(["nosniff", "DENY"]);
  });

  test.each([
    [{ maxConcurrentRequests: 0 }, "maxConcurrentRequests"],
    [{ maxOutstandingRequests: "many" }, "maxOutstandingRequests"],
  ])("%j is refused with the member's name", async (http, member) => {
    const folder = await folderWith({ extensions: { http } });
    expect(() => readHostConfig(folder, {})).toThrow(
      expect.objectContaining({ code: "bad_host_config", message: expect.stringContaining(member) }),
    );
  });

  test("-1 is no limit, and a setting overrides it", async () => {
    const folder = await folderWith({ extensions: { http: { maxConcurrentRequests: -1 } } });
    expect(readHostConfig(folder, {}).httpLimits.maxConcurrent).toBe(Number.POSITIVE_INFINITY);
    const name = "AzureFunctionsJobHost__extensions__http__maxConcurrentRequests";
    expect(readHostConfig(folder, { [name]: "7" }).httpLimits.maxConcurrent).toBe(7);
    expect(readHostConfig(folder, { [name.toUpperCase()]: "8" }).httpLimits.maxConcurrent).toBe(8);
  });
});

describe("extensions.durableTask", () => {
  const read = async (durableTask: object) =>
    readHostConfig(await folderWith({ extensions: { durableTask } }), {});

  test.each([
    [{ extendedSessionsEnabled: true }, "extendedSessionsEnabled"],
    ...[
      { partitionCount: 0 },
      { partitionCount: 17 },
      { controlQueueBatchSize: 0 },
      { controlQueueBufferThreshold: 0 },
      { controlQueueBufferThreshold: "1001" },
      { controlQueueVisibilityTimeout: "00:00:59" },
      { controlQueueVisibilityTimeout: "01:00:01" },
      { workItemQueueVisibilityTimeout: "soon" },
      { maxQueuePollingInterval: "-00:00:01" },
    ].map(
      (storageProvider) =>
        [{ storageProvider }, `storageProvider.${Object.keys(storageProvider)[0]}`] as const,
    ),
  ] as const)(
    "%j is refused with the member's name, as the extension does at its start",
    async (durableTask, member) => {
      await expect(read(durableTask)).rejects.toMatchObject({
        code: "bad_host_config",
        message: expect.stringContaining(`extensions.durableTask.${member} cannot be`),
      });
    },
  );

  test("may say what the extension takes, and other stores have members of their own", async () => {
    const storageProvider = { partitionCount: 16, controlQueueVisibilityTimeout: "01:00:00" };
    expect((await read({ storageProvider, extendedSessionsEnabled: false })).durableTask).toMatchObject({
      storageProvider,
    });
    const other = { type: "azureManaged", partitionCount: 0 };
    expect((await read({ storageProvider: other })).durableTask).toMatchObject({ storageProvider: other });
  });
});

describe("local.settings.json", () => {
  const origin = "https://portal.example";

  test("CORSCredentials lets pages of the named origins send cookies", async () => {
    const local = { Host: { CORS: origin, CORSCredentials: true } };
    await using host = await hostWith({}, local);
    await using plain = await hostWith({}, { Host: { CORS: origin } });
    const allowed = async (one: LocalHost, init: RequestInit) =>
      (await one.fetch("/api/own", init)).headers.get("access-control-allow-credentials");
    const preflight = { method: "OPTIONS", headers: { origin, "access-control-request-method": "PUT" } };
    expect(await allowed(host, { headers: { origin } })).toBe("true");
    expect(await allowed(host, preflight)).toBe("true");
    expect(await allowed(plain, { headers: { origin } })).toBeNull();
  });

  test("CORSCredentials with every origin is refused, as browsers and Core Tools do", async () => {
    const folder = await folderWith({}, { Host: { CORS: "*", CORSCredentials: true } });
    expect(() => readHostConfig(folder, {})).toThrow("CORSCredentials");
  });
});

describe("extensions.durableTask.httpSettings.useForwardedHost", () => {
  const locationOf = async (useForwardedHost: boolean | undefined, headers: Record<string, string>) => {
    const httpSettings = useForwardedHost === undefined ? {} : { httpSettings: { useForwardedHost } };
    await using host = await hostWith({ extensions: { durableTask: httpSettings } });
    const address = "/runtime/webhooks/durabletask/orchestrators/ends/one";
    const reply = await host.fetch(address, { method: "POST", headers });
    const { statusQueryGetUri: uri } = (await reply.json()) as { statusQueryGetUri: string };
    expect(reply.headers.get("location")).toBe(uri);
    return uri.replace(host.baseUrl, "BASE").replace(`:${new URL(host.baseUrl).port}/`, ":PORT/");
  };
  const forwarded = { "x-forwarded-host": "public.example", "x-forwarded-proto": "https" };
  const instance = "/runtime/webhooks/durabletask/instances/one?";

  test("hands out addresses under the name that a proxy forwards; the port stays, as in Azure", async () => {
    expect(await locationOf(true, forwarded)).toContain(`https://public.example:PORT${instance}`);
  });

  test.each([
    ["the setting", undefined, forwarded],
    ["the setting being true", false, forwarded],
    ["the scheme", true, { "x-forwarded-host": "public.example" }],
    ["a scheme of the web", true, { ...forwarded, "x-forwarded-proto": "javascript" }],
    ["a host's name", true, { ...forwarded, "x-forwarded-host": "public.example/elsewhere?" }],
  ])("does not without %s", async (_what, useForwardedHost, headers) => {
    expect(await locationOf(useForwardedHost, headers)).toContain(`BASE${instance}`);
  });
});

test("what host.json asks for and this host does not do is named once at the start", async () => {
  const { logger, lines } = memoryLogger();
  await using host = await hostWith(
    {
      extensions: {
        http: { dynamicThrottlesEnabled: true },
        durableTask: {
          maxEntityOperationBatchSize: 10,
          // What an app in JavaScript has nothing of on Azure Storage either, or what happens here as well:
          maxConcurrentEntityFunctions: 5,
          overridableExistingInstanceStates: "AnyState",
          httpSettings: { defaultAsyncRequestSleepTimeMilliseconds: 500, useForwardedHost: true },
          storageProvider: { partitionCount: 4 },
        },
      },
      logging: { logLevel: { default: "Information" } },
    },
    {},
    { logger },
  );
  expect(host.plan.registered).toBe(12);
  expect(lines.filter((line) => line.includes("host.json"))).toEqual([
    "warn host.json: without effect locally: extensions.http.dynamicThrottlesEnabled, " +
      "extensions.durableTask.maxEntityOperationBatchSize.",
  ]);
});

test("a prefix of routes under which the host answers itself is told", async () => {
  const { logger, lines } = memoryLogger();
  await using host = await hostWith({ extensions: { http: { routePrefix: "Admin/x" } } }, {}, { logger });
  expect((await host.fetch("/Admin/x/own")).status).toBe(404);
  expect(lines).toContainEqual(expect.stringContaining('routePrefix "Admin/x" no function can be reached'));
});

test("a setting in a route or an MCP name is not filled in, as in Azure, and is named with a way out", async () => {
  const { logger, lines } = memoryLogger();
  await using host = await hostWith({}, { Values: { PART: "part" } }, { logger });
  const named = lines.filter((line) => line.includes("as it stands"));
  expect(named).toEqual([
    `warn Function 'inPart': its route "%PART%/x" is taken as it stands, here and in Azure: settings are not filled ` +
      "in there. Put it together from process.env.PART where the app registers the function.",
    expect.stringContaining(`Function 'tool': its toolName "%PART%_tool" is taken as it stands`),
  ]);
  expect((await host.fetch("/api/part/x")).status).toBe(404);
  expect(await (await host.fetch("/api/%25PART%25/x")).text()).toBe("in part");
});

test("names that differ in case only, and functions of durable-functions 4, are named at the start", async () => {
  const { logger, lines } = memoryLogger();
  await using _ = await hostWith({}, {}, { logger });
  expect(lines).toContain(
    "warn Functions 'Twice' and 'twice' differ in case only, which is one name in Azure: here the last one answers " +
      "for both. Give them different names.",
  );
  expect(lines).toContain(
    "warn Function 'ofFour' is off: it is made with durable-functions 4, and this host serves durable-functions 3.",
  );
});

test("entities have a limit of their own on other stores than Azure Storage only, which is named", async () => {
  const ignoredWith = async (storageProvider: object) => {
    const durableTask = { maxConcurrentEntityFunctions: 5, storageProvider };
    return readHostConfig(await folderWith({ extensions: { durableTask } }), {}).ignored;
  };
  expect(await ignoredWith({ type: "AzureStorage" })).toEqual([]);
  expect(await ignoredWith({ type: "azureManaged" })).toEqual([
    "extensions.durableTask.maxConcurrentEntityFunctions",
  ]);
});

test("a change feed that cannot be had here is off with the reason and a way to run its function", async () => {
  const { logger, lines } = memoryLogger();
  await using host = await hostWith({}, {}, { logger });
  expect(host.plan.feeds).toEqual([]);
  const off = (name: string) => lines.find((line) => line.startsWith(`warn Function '${name}' is off`));
  expect(off("latest")).toContain("there is no Cosmos DB here");
  expect(off("latest")).toContain("POST /admin/functions/latest");
  expect(off("timed")).toContain("startFromTime is not served here");
  // The mode decides before a setting that may be missing as well.
  expect(off("versions")).toContain('"AllVersionsAndDeletes" is not served here');
});
