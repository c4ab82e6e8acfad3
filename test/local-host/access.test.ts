import { stat } from "node:fs/promises";
import { request } from "node:http";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { silentLogger } from "../../src/kernel/logger.ts";
import { refusal } from "../../src/local-host/http/guard.ts";
import type { HostKeys } from "../../src/local-host/http/keys.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { redact } from "../../src/redaction/redact.ts";
import { appFolder, scratch } from "./support.ts";

let open: LocalHost;
let closed: LocalHost;
let home: string;

beforeAll(async () => {
  home = await scratch();
  const options = { folder: appFolder("esm-app"), logger: silentLogger };
  open = await LocalHost.start({ ...options, home: await scratch() });
  closed = await LocalHost.start({ ...options, home, enableAuth: true, allowedHosts: ["agents.example"] });
});
afterAll(async () => {
  await open.stop();
  await closed.stop();
});

/** `fetch` does not let a caller set Host; a browser under a rebound name does. */
function statusWith(host: LocalHost, headers: Record<string, string>, target = "/api/echo"): Promise<number> {
  return new Promise((resolve, reject) => {
    const port = new URL(host.baseUrl).port;
    request({ host: "127.0.0.1", port, path: target, headers }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

describe("without --enable-auth", () => {
  test("loopback callers need no key, whatever the function's level", async () => {
    expect((await open.fetch("/api/keyed")).status).toBe(200);
    expect((await open.fetch("/api/masterOnly")).status).toBe(200);
  });

  test.each(["localhost:7071", "127.0.0.1", "127.9.9.9:80", "[::1]:7071", "api.localhost", "LOCALHOST"])(
    "the Host %s is served",
    async (host) => expect(await statusWith(open, { host })).toBe(200),
  );

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "agents.example",
    "10.0.0.1",
  ])("the foreign Host %s is refused: a page may have rebound its name to this machine", async (host) =>
    expect(await statusWith(open, { host })).toBe(421),
  );

  test.each(["https://evil.example", "null", "http://localhost.evil.example", "file://"])(
    "a request from the page origin %s is refused",
    async (origin) =>
      expect((await open.fetch("/api/echo", { method: "POST", headers: { origin } })).status).toBe(403),
  );

  test("pages of this machine may call, on any port", async () => {
    const reply = await open.fetch("/api/echo", { headers: { origin: "http://localhost:3000" } });
    expect([reply.status, reply.headers.get("access-control-allow-origin")]).toEqual([200, null]);
  });

  test.each([
    ["a form", "application/x-www-form-urlencoded", 403],
    ["a form with a file", "multipart/form-data; boundary=x", 403],
    ["plain text", "Text/Plain;charset=UTF-8", 403],
    ["nothing said", undefined, 403],
    ["JSON, which a browser asks about first", "application/json", 200],
  ])("a page of another program of this machine changes nothing with %s", async (_what, type, answer) => {
    const ownOrigin = `http://localhost:${new URL(open.baseUrl).port}`;
    const post = async (origin: string) => {
      const headers = { origin, ...(type === undefined ? {} : { "content-type": type }) };
      return (await open.fetch("/api/echo", { method: "POST", body: Buffer.from("a=1"), headers })).status;
    };
    for (const origin of ["http://localhost:3000", "http://app.localhost:3000", "https://127.0.0.1:1"])
      expect([origin, await post(origin)]).toEqual([origin, answer]);
    expect(await post(new URL(open.baseUrl).origin)).toBe(200);
    expect(await post("https://portal.example")).toBe(200);
    // The same machine under its other name is another origin to a browser.
    expect(await post(ownOrigin)).toBe(ownOrigin === new URL(open.baseUrl).origin ? 200 : answer);
  });

  test("a whole address as the target is judged by its own name, whatever Host says", async () => {
    const host = new URL(open.baseUrl).host;
    expect(await statusWith(open, { host }, "http://evil.example/api/echo")).toBe(421);
    expect(
      await statusWith(open, { host }, "http://localhost.evil.example/runtime/webhooks/durabletask"),
    ).toBe(421);
    expect(await statusWith(open, { host: "evil.example" }, `http://${host}/api/echo`)).toBe(200);
  });

  test("an origin on the CORS list of local.settings.json may call and read the answer", async () => {
    const origin = "https://portal.example";
    const reply = await open.fetch("/api/echo", { headers: { origin } });
    expect([reply.status, reply.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    const preflight = await open.fetch("/api/echo", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "PUT" },
    });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "PUT"]);
  });

  test("a cross-site request that hides its origin is refused, but a followed link is not", async () => {
    expect(await statusWith(open, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(403);
    expect(await statusWith(open, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" })).toBe(
      200,
    );
    expect(await statusWith(open, { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" })).toBe(200);
  });

  test("the Durable extension's API is behind the same guard", async () => {
    const instances = "/runtime/webhooks/durabletask/instances/none";
    expect((await open.fetch(instances)).status).toBe(404);
    expect(await statusWith(open, { host: "evil.example" }, instances)).toBe(421);
    expect(
      (await open.fetch(instances, { method: "DELETE", headers: { origin: "https://evil.example" } })).status,
    ).toBe(403);
  });
});

const status = async (target: string, key?: string) =>
  (await closed.fetch(target, key === undefined ? {} : { headers: { "x-functions-key": key } })).status;

/** The keys of the host that asks for them. */
function keysOf(host: LocalHost): HostKeys {
  if (host.keys === undefined) throw new Error("This host asks for no keys.");
  return host.keys;
}

describe("with --enable-auth", () => {
  test("an anonymous function stays open", async () => {
    expect(await status("/api/echo")).toBe(200);
  });

  test("a function key or the master key opens a function, in the header or as code (defect 10: no authentication)", async () => {
    const keys = keysOf(closed);
    expect(await status("/api/keyed")).toBe(401);
    expect(await status("/api/keyed", "wrong")).toBe(401);
    expect(await status("/api/keyed", keys.durabletask)).toBe(401);
    expect(await status("/api/keyed", keys.function)).toBe(200);
    expect(await status("/api/keyed", keys.master)).toBe(200);
    expect(await status(`/api/keyed?code=${keys.function}`)).toBe(200);
  });

  test("an admin function and /admin take the master key alone, but a ping takes none", async () => {
    const keys = keysOf(closed);
    expect(await status("/api/masterOnly", keys.function)).toBe(401);
    expect(await status("/api/masterOnly", keys.master)).toBe(200);
    expect(await status("/admin/functions")).toBe(401);
    expect(await status("/admin/functions", keys.master)).toBe(200);
    expect(await status("/admin/host/ping")).toBe(200);
  });

  test("the Durable extension's API takes its system key, which the client binding carries", async () => {
    const instances = "/runtime/webhooks/durabletask/instances/none";
    expect(await status(instances)).toBe(401);
    expect(await status(instances, keysOf(closed).function)).toBe(401);
    expect(await status(`${instances}?code=${keysOf(closed).durabletask}`)).toBe(404);
    const client = (await (await closed.fetch("/api/client")).json()) as {
      requiredQueryStringParameters: string;
    };
    expect(client.requiredQueryStringParameters).toBe(`code=${keysOf(closed).durabletask}`);
  });

  test("a reply with addresses that is recorded as a tool's result is stored without the keys in them", async () => {
    const reply = await (await closed.fetch("/api/client")).text();
    expect(reply).toContain(keysOf(closed).durabletask);
    const old = `${"Zq3-_".repeat(9)}a1b`;
    const result = [
      reply,
      JSON.parse(reply),
      `http://x/runtime/webhooks/durabletask/instances?a=1&code=${old}`,
    ];
    const stored = JSON.stringify(redact({ tool_calls: [{ tool_name: "start", result }] }).value);
    for (const key of [...Object.values(keysOf(closed)), old]) expect(stored).not.toContain(key);
  });

  test("nobody can claim to be signed in by a header", async () => {
    const init = { headers: { "x-ms-client-principal-name": "someone@example.com" } };
    expect(await (await closed.fetch("/api/echo", init)).json()).toMatchObject({ principal: null });
    expect(await (await open.fetch("/api/echo", init)).json()).toMatchObject({
      principal: "someone@example.com",
    });
  });

  test("keys live in a file that only its owner can read, and stay the same over restarts", async () => {
    const { mode } = await stat(path.join(home, "host", "keys.json"));
    expect(mode & 0o777).toBe(0o600);
    const keys = closed.keys;
    await closed.stop();
    closed = await LocalHost.start({
      folder: appFolder("esm-app"),
      home,
      logger: silentLogger,
      enableAuth: true,
      allowedHosts: ["agents.example"],
    });
    expect(closed.keys).toEqual(keys);
  });

  test("a host name that was configured is served, and its pages may call", async () => {
    const origin = "https://agents.example";
    expect((await closed.fetch("/api/echo", { headers: { origin } })).status).toBe(200);
    expect(await statusWith(closed, { host: "agents.example" })).toBe(200);
    expect(await statusWith(closed, { host: "other.example" })).toBe(421);
  });
});

describe("with every host name allowed", () => {
  const options = { allowedHosts: ["*"], allowedOrigins: [] };
  const statusFor = (headers: Record<string, string>) =>
    refusal({ method: "POST", headers }, options)?.status;

  test("a page may call its own host, and no page another", () => {
    expect(statusFor({ host: "a.example" })).toBeUndefined();
    expect(statusFor({ host: "a.example", origin: "https://a.example" })).toBeUndefined();
    expect(statusFor({ host: "a.example", origin: "https://b.example" })).toBe(403);
    expect(statusFor({})).toBe(421);
  });
});
