import * as http from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { sleep, VirtualClock } from "../../src/kernel/clock.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { appFolder, memoryLogger, notes, scratch } from "./support.ts";

let host: LocalHost;
const clock = new VirtualClock();
const { logger, lines } = memoryLogger();

beforeAll(async () => {
  host = await LocalHost.start({
    folder: appFolder("esm-app"),
    home: await scratch(),
    clock,
    logger,
    env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "100000" },
  });
});
afterAll(() => host.stop());

/** The answer's text to a target that goes onto the wire as it stands. */
const raw = (target: string) =>
  new Promise<string>((resolve, reject) => {
    const { port } = new URL(host.baseUrl);
    http
      .get({ host: "127.0.0.1", port, path: target }, (reply) => resolve(text(reply)))
      .once("error", reject);
  });
const body = async (path: string, init?: RequestInit) => (await host.fetch(path, init)).text();

describe("routes", () => {
  test("a request reaches its function with method, address, parameters, query, headers and body", async () => {
    const reply = await host.fetch("/api/echo/an%20id?a=1&b=two", {
      method: "POST",
      headers: { "x-test": "yes" },
      body: "text",
    });
    expect(await reply.json()).toEqual({
      method: "POST",
      url: `${host.baseUrl}/api/echo/an%20id?a=1&b=two`,
      name: "an id",
      query: { a: "1", b: "two" },
      header: "yes",
      principal: null,
      body: "text",
    });
    expect(reply.headers.get("content-type")).toBe("application/json");
  });

  test("the socket and fetch without a socket answer alike", async () => {
    const [inside, outside] = await Promise.all([
      host.fetch("/api/cookies"),
      fetch(`${host.baseUrl}/api/cookies`),
    ]);
    for (const reply of [inside, outside]) {
      expect(reply.status).toBe(201);
      expect(reply.headers.get("x-flavour")).toBe("oat");
      expect(reply.headers.getSetCookie()).toEqual([
        "a=1; max-age=60; path=/x; samesite=strict; httponly",
        "b=two%20words; path=/; secure; samesite=none",
      ]);
      expect(await reply.text()).toBe("sweet");
    }
    expect(outside.headers.get("content-length")).toBe("5");
  });

  test("an idle connection is kept for longer than a busy machine holds the host up: no request on it is reset", async () => {
    const reply = await fetch(`${host.baseUrl}/api/cookies`);
    await reply.text();
    const seconds = Number(/timeout=(\d+)/.exec(reply.headers.get("keep-alive") ?? "")?.[1]);
    expect(seconds).toBeGreaterThanOrEqual(60);
  });

  test("a repeated query parameter arrives as one value joined with commas, as from the real host", async () => {
    expect(JSON.parse(await body("/api/echo?a=1&a=2")).query).toEqual({ a: "1,2" });
  });

  test("of all functions that fit, the first by name answers: literal, number, rest, thing", async () => {
    expect(await body("/api/things/latest")).toBe("latest");
    expect(await body("/api/things/12")).toBe("number 12");
    expect(await body("/api/things/abc")).toBe("rest abc");
    expect(await body("/api/things/a/b/c")).toBe("rest a/b/c");
    expect(await body("/api/things/a/b/")).toBe("rest a/b/");
    expect(await body("/api/things")).toBe("rest ");
    expect(lines).toContain(
      "warn Function 'rest' (api/things/{*path}) takes requests from 'thing' (api/things/{id}): Azure tries routes in the order " +
        "of the functions' names and takes the first that matches. Constrain its parameter, or give another route.",
    );
  });

  test("headers of 32 KB reach the function, as with Kestrel, and far longer ones are refused", async () => {
    const withHeader = async (length: number) =>
      (await fetch(`${host.baseUrl}/api/echo`, { headers: { "x-test": "a".repeat(length) } })).status;
    expect([await withHeader(31_000), await withHeader(64_000)]).toEqual([200, 431]);
  });

  test("a character 0 in an address is 400, and a backslash stays one", async () => {
    expect((await fetch(`${host.baseUrl}/api/things/a%00`)).status).toBe(400);
    expect(await raw("/api/things/a\\b")).toBe("rest a\\b");
  });

  test("one path serves different functions by method, and a method nobody serves is 404", async () => {
    expect(await body("/api/by-method", { method: "POST" })).toBe("posted");
    expect(await body("/api/by-method", { method: "PUT" })).toBe("put");
    expect((await host.fetch("/api/by-method")).status).toBe(404);
  });

  test("an address without a function is 404 with no body", async () => {
    const reply = await host.fetch("/api/nowhere");
    expect([reply.status, await reply.text()]).toEqual([404, ""]);
  });

  test("bytes come through unchanged", async () => {
    expect(new Uint8Array(await (await host.fetch("/api/bytes")).arrayBuffer())).toEqual(
      new Uint8Array([0, 255, 1]),
    );
  });

  test("a function that returns nothing is 204", async () => {
    expect((await host.fetch("/api/nothing")).status).toBe(204);
    expect((await fetch(`${host.baseUrl}/api/nothing`)).status).toBe(204);
  });
});

describe("failures", () => {
  test("a function that throws is 500 with no body, and the log has the reason", async () => {
    const reply = await host.fetch("/api/thrower");
    expect([reply.status, await reply.text()]).toEqual([500, ""]);
    expect(lines.some((line) => line.includes("'thrower' failed: a secret detail"))).toBe(true);
  });

  test("throwing null counts as success without a response, as in the Node worker", async () => {
    expect((await host.fetch("/api/throwNull")).status).toBe(204);
  });

  test("a response that is no object is 500", async () => {
    expect((await host.fetch("/api/plainText")).status).toBe(500);
  });

  test("a body over the limit is 413 and never reaches the function", async () => {
    const over = { method: "POST", body: new Uint8Array(100_001) };
    expect((await host.fetch("/api/echo", over)).status).toBe(413);
    expect((await fetch(`${host.baseUrl}/api/echo`, over)).status).toBe(413);
    expect((await host.fetch("/api/echo", { method: "POST", body: "x".repeat(100_000) })).status).toBe(200);
  });
});

describe("settings", () => {
  test("values of local.settings.json are in the environment, and WEBSITE_HOSTNAME is this host", async () => {
    expect(JSON.parse(await body("/api/settings"))).toEqual({
      a: "from local.settings",
      host: new URL(host.baseUrl).host,
    });
  });
});

describe("hooks", () => {
  test("run in order around the call, share their data, and may change handler and result", async () => {
    notes.fixtureOrder.length = 0;
    const reply = await host.fetch("/api/hooked");
    expect([reply.status, reply.headers.get("x-post"), await reply.text()]).toEqual([202, "yes", "plain"]);
    expect(notes.fixtureOrder).toEqual(["pre", "call", "post by pre"]);
  });

  test("a post hook may take an error back and answer in its place", async () => {
    const reply = await host.fetch("/api/hooked?fail=1");
    expect([reply.status, await reply.text()]).toEqual([418, "mended"]);
  });

  test("a pre hook that throws fails the call", async () => {
    expect((await host.fetch("/api/hooked?refuse=1")).status).toBe(500);
  });

  test("a log hook rewrites what the function logs", async () => {
    await host.fetch("/api/hooked");
    expect(lines).toContain('info the ****** word function="hooked"');
    expect(lines.some((line) => line.includes("secret word"))).toBe(false);
  });

  test("context.log goes to the host's log at its level, with the function's name", async () => {
    const traceParent = await body("/api/logs", {
      headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
    });
    expect(traceParent).toBe("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    expect(lines).toContain('info said 3 times function="logs"');
    expect(lines).toContain('error and badly function="logs"');
  });
});

describe("what does not run here", () => {
  test("is named in one clear line each, and the rest of the app runs", () => {
    expect(lines.filter((line) => line.startsWith("warn"))).toEqual(
      expect.arrayContaining([
        "warn Triggers not served locally: queueTrigger (onQueue). The rest of the app runs, and POST /admin/functions/<name> with an input runs one of them.",
        "warn Bindings without effect locally: queue (toQueue).",
        "warn Function 'optional' is off: its schedule needs the setting FIXTURE_CRON, which is empty.",
        "warn Function '1bad.name' is off: its name is not one that Azure accepts (a letter, then letters, digits, _ or -).",
        `warn Function 'badRoute' is off: Route "api/bad/{id:nonsense}": the constraint "nonsense": there is no such constraint. Azure maps all routes at once and catches no error of one, so that the whole app may not start there.`,
        `warn Function 'administrators' is off: its route begins with "admin", which Azure refuses: such addresses are the host's own.`,
        "warn Function 'zThing' is off: its route is that of the function 'thing', and Azure serves the first by name alone.",
      ]),
    );
  });
});

describe("the durable client's binding", () => {
  test("carries the hub, URLs on this host and the loopback RPC address that the SDK calls", async () => {
    const client = JSON.parse(await body("/api/client"));
    expect(client.taskHubName).toBe("FixtureHub");
    expect(client.baseUrl).toBe(`${host.baseUrl}/runtime/webhooks/durabletask`);
    expect(client.rpcBaseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/durabletask\/[\w-]{43}\/$/);
    expect(Object.keys(client.managementUrls)).toContain("statusQueryGetUri");
  });

  test("its RPC port knows nobody but the app: it answers 401, and no key, to who found the port alone", async () => {
    const { rpcBaseUrl } = JSON.parse(await body("/api/client"));
    const { origin } = new URL(rpcBaseUrl);
    const wrong = rpcBaseUrl.replace(/[^/]\/$/, (end: string) => (end === "A/" ? "B/" : "A/"));
    for (const base of [`${origin}/durabletask/`, `${origin}/`, wrong, `${origin}/x/durabletask/`])
      for (const [path, method] of [
        ["instances", "GET"],
        ["orchestrators/any", "POST"],
        ["instances/none/terminate", "POST"],
      ] as const) {
        const reply = await fetch(`${base}${path}`, { method });
        expect([base, path, reply.status, await reply.text()]).toEqual([base, path, 401, ""]);
      }
  });

  test("its RPC port refuses whatever a browser sends", async () => {
    const { rpcBaseUrl } = JSON.parse(await body("/api/client"));
    const instances = `${rpcBaseUrl}instances/none`;
    expect((await fetch(instances)).status).toBe(404);
    expect((await fetch(instances, { headers: { origin: "http://localhost:3000" } })).status).toBe(403);
  });
});

describe("admin", () => {
  test("tells that the host runs, and in which process", async () => {
    expect((await host.fetch("/admin/host/ping")).headers.get("x-host-pid")).toBe(String(process.pid));
    expect(await (await host.fetch("/admin/host/status")).json()).toMatchObject({ state: "Running" });
  });

  test("runs a background function on demand", async () => {
    const before = notes.fixtureSeen.hourly?.length ?? 0;
    const reply = await host.fetch("/admin/functions/hourly", { method: "POST", body: '{"input":""}' });
    expect(reply.status).toBe(202);
    await host.until(() => (notes.fixtureSeen.hourly?.length ?? 0) > before, { withinVirtualMs: 1 });
    expect((await host.fetch("/admin/functions/echo", { method: "POST" })).status).toBe(404);
    expect((await host.fetch("/admin/functions/hourly", { method: "POST", body: "{" })).status).toBe(400);
  });
});

describe("virtual time", () => {
  test("passes for a function that waits for the clock", async () => {
    notes.fixtureWait = () => sleep(clock, 3_600_000);
    const before = clock.now();
    const reply = await host.until(host.fetch("/api/slow"));
    expect(await reply.text()).toBe("at last");
    expect(clock.now() - before).toBe(3_600_000);
  });

  test("stands still while a function works on something real", async () => {
    notes.fixtureWait = () => new Promise((resolve) => setTimeout(resolve, 5));
    const before = clock.now();
    await host.until(host.fetch("/api/slow"), { quietMs: 1000 });
    expect(clock.now()).toBe(before);
  });
});
