import { mkdtemp, rm, writeFile } from "node:fs/promises";
import * as http from "node:http";
import os from "node:os";
import path from "node:path";
import { ReadableStream } from "node:stream/web";
import { app, type HttpRequest, HttpResponse } from "@azure/functions";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { silentLogger } from "../../src/kernel/logger.ts";
import { createInvoker, type Invoker } from "../../src/local-host/core-api/invoker.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { Tracker } from "../../src/local-host/tracker.ts";
import { askLibraryServer } from "./library-server.ts";

type Handler = (request: HttpRequest) => unknown;

async function* pieces() {
  yield Buffer.from("one ");
  yield Buffer.from("two");
}
const stream = () =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(Buffer.from("streamed"));
      controller.close();
    },
  });

/** What a function may return. */
const ANSWERS: Readonly<Record<string, Handler>> = {
  text: () => ({ body: "hello" }),
  emptyText: () => ({ body: "" }),
  nothingInIt: () => ({}),
  json: () => ({ jsonBody: { a: [1, null] } }),
  jsonNull: () => ({ jsonBody: null }),
  jsonOfOwnType: () => ({ jsonBody: 1, headers: { "content-type": "application/problem+json" } }),
  statusAndHeaders: () => ({ status: 418, headers: { "X-Tea": "pot", vary: "accept" }, body: "short" }),
  statusAsText: () => ({ status: "202" as unknown as number, body: "later" }),
  bytes: () => ({ body: Buffer.from([0, 255, 10]) }),
  arrayBuffer: () => ({ body: new Uint8Array([1, 2]).buffer }),
  blob: () => ({ body: new Blob(["b"], { type: "text/x-blob" }) }),
  form: () => ({ body: new URLSearchParams({ a: "1 2" }) }),
  generator: () => ({ body: pieces(), headers: { "content-type": "text/event-stream" } }),
  webStream: () => ({ body: stream(), headers: { "content-length": "8" } }),
  nativeResponse: () => new Response("native", { status: 201, headers: { etag: '"1"' } }),
  httpResponse: () => new HttpResponse({ status: 203, body: "theirs", headers: { a: "b" } }),
  noContent: () => ({ status: 204, body: "left out" }),
  notModified: () => ({ status: 304, headers: { etag: '"1"' } }),
  hopHeaders: () => ({
    body: "x",
    headers: { te: "trailers", connection: "x-hop", "x-hop": "1", "x-kept": "2" },
  }),
  lists: () => ({
    body: "x",
    headers: [
      ["x-a", "1"],
      ["x-a", "2"],
    ] as unknown as Record<string, string>,
  }),
  cookies: () => ({
    body: "x",
    cookies: [
      { name: "a", value: "1 ü", path: "/p", maxAge: 60.9, sameSite: "Strict", httpOnly: true },
      { name: "b", value: "2", domain: "x.example", expires: new Date(0), secure: true, sameSite: "None" },
    ],
  }),
  headersObject: () => ({ body: "x", headers: new Headers({ "x-h": "1" }) }),
  undefinedResult: () => undefined,
  throws: () => {
    throw new Error("broken");
  },
  noObject: () => "text",
  badStatus: () => ({ status: 99 }),
  badHeader: () => ({ headers: { "bad name": "1" } }),
};

const seen: Handler = async (request) => ({
  jsonBody: {
    method: request.method,
    url: request.url,
    query: [...request.query],
    params: request.params,
    headers: Object.fromEntries(
      [...request.headers].filter(([name]) => /^(content-type|x-|accept-language)/.test(name)),
    ),
    hasBody: request.body !== null,
    body: Buffer.from(await request.arrayBuffer())
      .toString("base64")
      .slice(0, 100),
    used: request.bodyUsed,
  },
});

describe("an app that streams", () => {
  let home: string;
  let host: LocalHost;
  let invoker: Invoker;
  const goOn = Promise.withResolvers<void>();
  let ended = false;
  const called = Promise.withResolvers<void>();
  const callerGone = Promise.withResolvers<void>();
  beforeAll(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), "lightning-streaming-"));
    await writeFile(path.join(home, "host.json"), '{"version":"2.0"}');
    host = await LocalHost.start({
      folder: home,
      home: path.join(home, "data"),
      port: 0,
      logger: silentLogger,
      app: () => {
        app.setup({ enableHttpStream: true });
        for (const [name, handler] of Object.entries(ANSWERS))
          app.http(name, { methods: ["GET", "POST"], handler: handler as never });
        app.http("seen", { route: "seen/{id?}", methods: ["GET", "POST", "PUT"], handler: seen as never });
        app.http("patient", {
          handler: () => ({
            body: (async function* () {
              yield Buffer.from("first");
              await goOn.promise;
              ended = true;
            })(),
          }),
        });
        app.http("late", {
          handler: async () => {
            called.resolve();
            await callerGone.promise;
            return { body: pieces() };
          },
        });
        app.http("endless", {
          handler: () => ({
            body: (async function* () {
              for (;;) yield Buffer.alloc(65_536);
            })(),
          }),
        });
      },
    });
    const { core } = host.app;
    invoker = createInvoker({
      core,
      logger: silentLogger,
      tracker: new Tracker(),
      clientBinding: () => undefined,
    });
  });
  afterAll(async () => {
    await host.stop();
    await rm(home, { recursive: true, force: true });
  });

  const functionOf = (name: string) => {
    const found = [...host.app.core.functions.values()].find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`no function ${name}`);
    return found;
  };
  const fromLibrary = async (
    name: string,
    asked: Omit<Parameters<typeof askLibraryServer>[2], "url">,
    at: string,
  ) => {
    const url = new URL(at, host.baseUrl);
    const params = /\/seen\/(\w+)/.exec(url.pathname)?.[1];
    const answer = await askLibraryServer(
      { invoker, httpUri: host.app.httpUri ?? "" },
      functionOf(name),
      { ...asked, url },
      params === undefined ? {} : { id: params },
    );
    if (answer === undefined) return undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of answer.message) chunks.push(chunk as Buffer);
    return {
      status: answer.status,
      headers: shown(answer.headers),
      body: Buffer.concat(chunks).toString("latin1"),
    };
  };
  /** What is no matter of the transport. */
  const shown = (headers: Readonly<Record<string, string[]>>) =>
    Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !/^(date|connection|keep-alive|transfer-encoding|content-length)$/.test(name))
        .map(([name, values]) => [name, name === "x-ms-invocation-id" ? ["an id"] : values]),
    );
  const overSocket = (method: string, at: string, headers: Record<string, string>, body?: Uint8Array) =>
    new Promise<{ status: number; headers: Record<string, string[]>; body: string }>((resolve, reject) => {
      const request = http.request(
        new URL(at, host.baseUrl),
        { method, headers, agent: false },
        (message) => {
          const chunks: Buffer[] = [];
          message.on("data", (chunk: Buffer) => chunks.push(chunk));
          message.on("error", reject);
          message.on("end", () =>
            resolve({
              status: message.statusCode ?? 0,
              headers: shown(message.headersDistinct as Record<string, string[]>),
              body: Buffer.concat(chunks).toString("latin1"),
            }),
          );
        },
      );
      request.on("error", reject);
      request.end(body);
    });

  test.each(Object.keys(ANSWERS))("%s is answered as through the library's own server", async (name) => {
    const library = await fromLibrary(name, { method: "GET", headers: {} }, `/api/${name}`);
    const here = await overSocket("GET", `/api/${name}`, {});
    if (library === undefined) expect([204, 500]).toContain(here.status);
    else expect(here).toEqual(library);
    expect(name === "undefinedResult" ? here.status : 0).toBe(name === "undefinedResult" ? 204 : 0);
  });

  const large = Buffer.alloc(3_000_000, "ab");
  const REQUESTS: Readonly<
    Record<string, readonly [method: string, at: string, headers: Record<string, string>, body?: Uint8Array]>
  > = {
    "a GET": ["GET", "/api/seen/7?a=1&a=2&b=%C3%BC", { "x-one": "1", "accept-language": "de, en" }],
    "a POST without a body": ["POST", "/api/seen", {}],
    "a short body": [
      "POST",
      "/api/seen/x",
      { "content-type": "text/x", "content-length": "3" },
      Buffer.from("abc"),
    ],
    "a long body": ["PUT", "/api/seen", { "content-length": String(large.length) }, large],
    "a body of unknown length": [
      "POST",
      "/api/seen",
      { "transfer-encoding": "chunked" },
      Buffer.from("chunks"),
    ],
    "a GET with a body": ["GET", "/api/seen", { "content-length": "3" }, Buffer.from("abc")],
  };
  test.each(Object.keys(REQUESTS))(
    "%s looks to its function as through the library's own server",
    async (name) => {
      const [method, at, headers, body] = REQUESTS[name] as (typeof REQUESTS)[string];
      const library = await fromLibrary("seen", { method, headers, body }, at);
      const here = await overSocket(method, at, headers, body);
      expect(JSON.parse(here.body)).toEqual(JSON.parse(library?.body ?? "null"));
      expect(here).toEqual(library);
    },
  );

  test("a head that is longer than the library's server takes is refused as there", async () => {
    const headers = { "x-long": "x".repeat(17_000) };
    expect((await host.fetch("/api/seen", { headers })).status).toBe(431);
    expect(await fromLibrary("seen", { method: "GET", headers }, "/api/seen")).toMatchObject({ status: 431 });
  });

  test("a body that is longer than the host takes is refused before it is read", async () => {
    const told = await overSocket(
      "POST",
      "/api/seen",
      { "content-length": "999999999" },
      Buffer.from("x"),
    ).catch((error: Error) => ({ status: error.message }));
    expect(told.status).toBe(413);
  });

  test("an answer goes out only as fast as it is taken, and ends with the caller", async () => {
    const before = process.memoryUsage().rss;
    const request = http.get(new URL("/api/endless", host.baseUrl), { agent: false });
    const message = await new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve));
    message.pause();
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    request.destroy();
    await host.settle();
  });

  test("a body that ends after its caller has gone ends in silence", async () => {
    const request = http.get(new URL("/api/patient", host.baseUrl), { agent: false });
    const message = await new Promise<http.IncomingMessage>((resolve) => request.once("response", resolve));
    message.on("error", () => undefined);
    await new Promise((resolve) => message.once("data", resolve));
    request.destroy();
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    goOn.resolve();
    for (let i = 0; i < 50; i++) await new Promise(setImmediate);
    expect(ended).toBe(true);
  });

  test("a call whose caller hangs up before its answer begins ends when it is answered", async () => {
    const request = http.get(new URL("/api/late", host.baseUrl), { agent: false });
    request.on("error", () => undefined);
    await called.promise;
    request.destroy();
    for (let i = 0; i < 200; i++) await new Promise(setImmediate);
    callerGone.resolve();
    await expect(host.settle()).resolves.toBeUndefined();
  });

  test("the library's own server is on loopback alone", () => {
    expect(host.app.httpUri).toMatch(/^http:\/\/localhost:\d+\//);
    const { port } = new URL(host.app.httpUri ?? "");
    const outer = Object.values(os.networkInterfaces())
      .flat()
      .find((one) => one !== undefined && !one.internal && one.family === "IPv4");
    if (outer === undefined) return Promise.resolve();
    return expect(
      new Promise((_resolve, reject) => {
        http
          .get({ host: outer.address, port })
          .on("error", (error: NodeJS.ErrnoException) => reject(error.code));
      }),
    ).rejects.toBe("ECONNREFUSED");
  });
});
