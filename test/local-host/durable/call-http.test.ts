import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { CallHttpOptions } from "durable-functions";
import { type OrchestratorCode, testHost } from "./app.ts";

/** What an answer of the server shows of the request that it is for. */
interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly names: readonly string[];
  readonly body: string;
}
interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly content: string;
}

let server: Server;
let origin: string;
const polled = new Set<string>();

/** What `/headers` answers with, spelt so. */
const HEADERS = [
  ["Set-Cookie", "a=1; Path=/"],
  ["Set-Cookie", "b=2"],
  ["x-lower", "v"],
  ["X-Two", "1"],
  ["X-Two", "2"],
  ["retry-after", "7"],
  ["etag", '"e"'],
  ["VARY", "Accept, Origin"],
  ["x-request-id", "q"],
  ["x-comma", "a, b"],
  ["Content-Type", "text/plain; charset=iso-8859-1"],
  ["Allow", "GET"],
  ["Expires", "0"],
  ["Content-Language", "en"],
];

/** `/redirect?status=&to=`, `/circle`, `/accepted?…` (once, then it echoes), `/headers`, `/status?code=`, `/cut`, `/drop`; else an echo. */
function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const url = new URL(request.url ?? "", origin);
  const query = (name: string) => url.searchParams.get(name);
  if (url.pathname === "/redirect")
    response.writeHead(Number(query("status")), { location: query("to") ?? "/echo" }).end("moved");
  else if (url.pathname === "/circle") response.writeHead(302, { location: "/circle" }).end("moved");
  else if (url.pathname === "/accepted" && !polled.has(url.search)) {
    polled.add(url.search);
    const location = query("location");
    const pause = query("after");
    if (location !== null) response.setHeader("location", location);
    if (pause !== null) response.setHeader("retry-after", pause);
    response.writeHead(202).end("accepted");
  } else if (url.pathname === "/headers")
    response.writeHead(200, HEADERS.flat()).end(Buffer.from([0x66, 0xfc, 0x72]));
  else if (url.pathname === "/status") response.writeHead(Number(query("code"))).end(query("body") ?? "");
  else if (url.pathname === "/cut") {
    response.writeHead(200, { "content-length": "10" }).write("abc", () => request.socket.destroy());
  } else if (url.pathname === "/drop") request.socket.destroy();
  else {
    const names = request.rawHeaders.filter((_, at) => at % 2 === 0);
    const { method, headers } = request;
    response.end(JSON.stringify({ method, url: request.url, headers, names, body }));
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => answer(request, response, Buffer.concat(pieces).toString("utf8")));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const http: OrchestratorCode = function* ({ df }) {
  const { url, ...options } = df.getInput<CallHttpOptions>();
  const { statusCode, headers, content } = yield df.callHttp({
    ...options,
    url: url.replace("{origin}", origin),
  });
  return { statusCode, headers, content };
};
const caught: OrchestratorCode = function* (context) {
  try {
    return yield* http(context);
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
};

async function called(options: CallHttpOptions, name: "http" | "caught" = "http", query = "") {
  await using host = await testHost({ orchestrators: { http, caught } });
  await host.run(name, options, "one");
  return await host.status("one", query);
}
const GET = { method: "GET" } as const;
const answered = async (options: CallHttpOptions) => (await called(options)).output as Answer;
const echoed = async (options: CallHttpOptions) => JSON.parse((await answered(options)).content) as Echo;

describe("callHttp, as .NET's client does it", () => {
  test.each([
    [301, "POST", "GET", ""],
    [302, "POST", "GET", ""],
    [302, "PUT", "PUT", "x"],
    [303, "PUT", "GET", ""],
    [307, "POST", "POST", "x"],
    [308, "POST", "POST", "x"],
  ] as const)(
    "follows a %i of a %s with a %s, without the Authorization",
    async (status, method, then, body) => {
      const headers = { Authorization: "Bearer t", "x-functions-key": "k", "x-kept": "1" };
      const seen = await echoed({ method, url: `{origin}/redirect?status=${status}`, body: "x", headers });
      expect(seen).toMatchObject({ method: then, body });
      expect(seen.headers).toMatchObject({ "x-functions-key": "k", "x-kept": "1" });
      expect(seen.headers).not.toHaveProperty("authorization");
    },
  );

  test.each([
    ["without a Location", "{origin}/redirect?status=302&to="],
    ["to an address that is none", "{origin}/redirect?status=302&to=http://"],
    ["round in circles, after 50 times", "{origin}/circle"],
  ])("gives a redirect %s as it is", async (_how, url) => {
    expect(await answered({ ...GET, url })).toMatchObject({ statusCode: 302, content: "moved" });
  });

  test("spells headers as .NET does, makes lists of those that came twice, and leaves out the content's", async () => {
    const { headers, content } = await answered({ ...GET, url: "{origin}/headers" });
    const {
      Date: _date,
      Connection: _connection,
      "Keep-Alive": _alive,
      "Transfer-Encoding": _coding,
      ...rest
    } = headers;
    expect(rest).toEqual({
      "Set-Cookie": ["a=1; Path=/", "b=2"],
      "x-lower": "v",
      "X-Two": ["1", "2"],
      "Retry-After": "7",
      ETag: '"e"',
      Vary: ["Accept", "Origin"],
      "X-Request-ID": "q",
      "x-comma": "a, b",
    });
    expect(content).toBe("für");
  });

  test("sends the headers that were given, and no others but its own", async () => {
    const seen = await echoed({ ...GET, url: "{origin}/echo", headers: { "X-Probe": "p" } });
    expect(seen.names.toSorted()).toEqual(["Connection", "Host", "User-Agent", "X-Probe"]);
    expect(seen.headers["user-agent"]).toBe("Microsoft.Azure.WebJobs.Extensions.DurableTask/3.19.0");
    const own = await echoed({ ...GET, url: "{origin}/echo", headers: { "user-agent": "mine" } });
    expect(own.headers["user-agent"]).toBe("mine");
  });

  test.each([
    ["GET", undefined, "text/plain"],
    ["DELETE", "Application/JSON", "Application/JSON"],
    ["POST", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8"],
  ] as const)("sends a body with a %s of type %s as %s", async (method, given, type) => {
    const headers = given === undefined ? {} : { "Content-Type": given };
    const seen = await echoed({ method, url: "{origin}/echo", body: "ü", headers });
    expect(seen).toMatchObject({
      method,
      body: "ü",
      headers: { "content-type": type, "content-length": "2" },
    });
  });

  test.each([204, 404, 500])("gives the status %i as an answer", async (code) => {
    expect(await answered({ ...GET, url: `{origin}/status?code=${code}` })).toMatchObject({
      statusCode: code,
    });
  });

  test.each([
    ["an absolute address", "{origin}/echo"],
    ["an address without a host", "/echo"],
    ["a name beside it", "echo"],
  ])("polls %s without the key of a function", async (how, location) => {
    const to = encodeURIComponent(location.replace("{origin}", origin));
    const headers = { "X-Functions-Key": "k", Authorization: "Bearer t" };
    const url = `{origin}/accepted?how=${how}&after=1&location=${to}`;
    const seen = await echoed({ method: "POST", url, body: "b", headers });
    expect(seen).toMatchObject({
      method: "GET",
      url: "/echo",
      body: "",
      headers: { authorization: "Bearer t" },
    });
    expect(seen.headers).not.toHaveProperty("x-functions-key");
  });

  test("gives a 202 without a Location, and any where polling is off, as it is", async () => {
    const alone = await called({ ...GET, url: "{origin}/accepted?a" }, "http", "showHistory=true");
    expect(alone.output).toMatchObject({ statusCode: 202 });
    expect(alone.historyEvents.map(({ EventType }: { EventType: string }) => EventType)).toContain(
      "TimerCreated",
    );
    const url = "{origin}/accepted?b&location=/echo";
    expect(await answered({ ...GET, url, enablePolling: false })).toMatchObject({ statusCode: 202 });
  });

  test.each([
    ["a time as Retry-After", "after=Mon,+30+Nov+2026+10:00:00+GMT&location=/echo"],
    ["a Retry-After that is no whole number", "after=1.5&location=/echo"],
    ["a Location that is none", "after=1&location=http://"],
  ])("ends an orchestration with %s, which would be Running for ever in Azure", async (_what, query) => {
    const { runtimeStatus, output } = await called({ ...GET, url: `{origin}/accepted?${query}` }, "caught");
    expect(runtimeStatus).toBe("Failed");
    expect(output).toMatch(/callHttp cannot .*Running for ever/);
  });

  const FORMAT = "System.FormatException: The";
  test.each([
    ["a server that is not there", { url: "http://127.0.0.1:9/x" }, "Connection refused (127.0.0.1:9) "],
    [
      "an answer that never begins",
      { url: "{origin}/drop" },
      "An error occurred while sending the request. ",
    ],
    ["an answer that breaks off", { url: "{origin}/cut" }, "Error while copying content to a stream. "],
    [
      "no address",
      { url: "nonsense" },
      "System.InvalidOperationException: An invalid request URI was provided.",
    ],
    [
      "another scheme",
      { url: "ftp://x/y" },
      "System.NotSupportedException: The 'ftp' scheme is not supported.",
    ],
    [
      "parts",
      { url: "{origin}/echo", headers: { "Content-Type": "multipart/form-data" } },
      "Multipart content is not",
    ],
    [
      "a type with a charset",
      { url: "{origin}/echo", body: "1", headers: { "content-type": "a/b; charset=utf-8" } },
      FORMAT,
    ],
    ["a name that is none", { url: "{origin}/echo", headers: { "bad name": "x" } }, FORMAT],
    [
      "a content header",
      { url: "{origin}/echo", headers: { "Content-Language": "en" } },
      "Misused header name",
    ],
  ])("fails the call, in .NET's words, for %s", async (_what, options, words) => {
    const { runtimeStatus, output } = await called({ ...GET, ...options }, "caught");
    expect([runtimeStatus, output]).toEqual(["Completed", expect.stringContaining(words)]);
  });

  test("shows such a failure, that nobody caught, with its type", async () => {
    const { output } = await called({ ...GET, url: "ftp://x/y" });
    expect(output).toBe("System.NotSupportedException: The 'ftp' scheme is not supported.");
  });

  test("ends an orchestration that calls an address of which .NET makes no Uri", async () => {
    const { runtimeStatus, output } = await called({ ...GET, url: "http://127.0.0.1:99999/x" }, "caught");
    expect([runtimeStatus, output]).toEqual(["Failed", expect.stringContaining("to type 'System.Uri'")]);
  });
});
