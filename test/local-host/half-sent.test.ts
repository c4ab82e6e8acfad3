import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import * as net from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { app } from "@azure/functions";
import { afterEach, describe, expect, test } from "@jest/globals";
import * as df from "durable-functions";
import { silentLogger } from "../../src/kernel/logger.ts";
import { receiveLimits } from "../../src/local-host/http/receive-limits.ts";
import { LocalHost } from "../../src/local-host/local-host.ts";
import { scratch } from "./support.ts";

/** What the function `busy` works at. */
let work: () => Promise<void> = async () => {};

function register() {
  app.http("busy", {
    methods: ["POST"],
    handler: async () => {
      await work();
      return {};
    },
  });
  app.http("echo", {
    methods: ["GET", "POST"],
    handler: async (request) => ({ body: await request.text() }),
  });
  app.mcpTool("tool", { toolName: "tool", description: "A tool", toolProperties: {}, handler: () => "" });
  df.app.orchestration("ends", function* () {});
}

async function hostWith(env: Record<string, string> = {}, concurrent = 5): Promise<LocalHost> {
  const folder = await scratch();
  const limits = { maxConcurrentRequests: concurrent, maxOutstandingRequests: 10 };
  await writeFile(
    path.join(folder, "host.json"),
    JSON.stringify({ version: "2.0", extensions: { http: limits } }),
  );
  return LocalHost.start({ folder, home: await scratch(), app: register, logger: silentLogger, env });
}

const open: net.Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});

/** A connection on which so much is sent, and nothing after it. */
async function sent(host: LocalHost, head: string): Promise<net.Socket> {
  const { port } = new URL(host.baseUrl);
  const socket = net.connect(Number(port), "127.0.0.1");
  socket.on("error", () => {});
  open.push(socket);
  await once(socket, "connect");
  socket.write(head);
  return socket;
}
/** Whatever was answered until the connection closed, also by a reset. */
async function heard(socket: net.Socket): Promise<string> {
  let answer = "";
  socket.on("data", (piece) => (answer += piece.toString()));
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return answer;
}
const post = (address: string, headers: string, part: string) =>
  `POST ${address} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${part}`;

/** Answered by a socket of its own, as any caller's would be. */
const asked = async (host: LocalHost, address: string, init?: RequestInit) =>
  (await fetch(`${host.baseUrl}${address}`, init)).status;

const HALVES = {
  "a short body": (address: string) => post(address, "Content-Length: 1000", '{"a":'),
  "a body of which nothing came": (address: string) => post(address, "Content-Length: 1000", ""),
  "a long body": (address: string) => post(address, "Content-Length: 5000000", "x".repeat(70_000)),
  "a body of unknown length": (address: string) =>
    post(address, "Transfer-Encoding: chunked", "5\r\nhello\r\n"),
  "a body that waits to be asked for": (address: string) =>
    post(address, "Content-Length: 1000\r\nExpect: 100-continue", ""),
  headers: (address: string) => `POST ${address} HTTP/1.1\r\nHost: localhost\r\nX-`,
};
const DOORS = [
  "/api/echo",
  "/runtime/webhooks/durabletask/orchestrators/ends",
  "/runtime/webhooks/mcp",
  "/admin/functions/ends",
  "/nowhere",
];

describe("requests that are sent by half", () => {
  test.each(Object.entries(HALVES))(
    "with %s take no place from others, however many",
    async (_what, half) => {
      await using host = await hostWith();
      // Five may run here, and ten in all.
      for (const door of DOORS) await Promise.all(Array.from({ length: 40 }, () => sent(host, half(door))));
      expect(await asked(host, "/api/echo", { method: "POST", body: "whole" })).toBe(200);
      expect(await asked(host, "/api/echo", { method: "POST", body: "x".repeat(200_000) })).toBe(200);
      expect(await asked(host, "/runtime/webhooks/durabletask/instances")).toBe(200);
      expect(await asked(host, "/admin/host/ping")).toBe(200);
      expect(await asked(host, "/nowhere")).toBe(404);
    },
  );

  test("are answered 408 when nothing more comes, also when single bytes do", async () => {
    await using host = await hostWith({ LIGHTNING_HOST_BODY_SECONDS: "0.2" });
    for (const half of [HALVES["a short body"], HALVES["a long body"], HALVES["a body of unknown length"]]) {
      const silent = await sent(host, half("/api/echo"));
      expect(await text(silent)).toMatch(/^HTTP\/1\.1 408 /);
    }
    const slow = await sent(host, HALVES["a short body"]("/api/echo"));
    const trickle = setInterval(() => slow.write("x"), 20);
    const answer = await heard(slow);
    clearInterval(trickle);
    // A byte that crosses the answer may take the answer with it; the connection is closed in any case.
    expect(answer).toMatch(/^$|^HTTP\/1\.1 408 /);
    expect(slow.closed).toBe(true);
  });

  test.each(["a long body", "a body of unknown length"] as const)(
    "with %s hold so much together at most: who waits longest for the next byte is answered 503",
    async (what) => {
      await using host = await hostWith({ LIGHTNING_HOST_HALF_SENT_MIB: "1" });
      const begun = (part: string) =>
        what === "a long body"
          ? post("/api/echo", "Content-Length: 5000000", part)
          : post("/api/echo", "Transfer-Encoding: chunked", `${part.length.toString(16)}\r\n${part}\r\n`);
      const first = await sent(host, begun("x".repeat(300_000)));
      const others: net.Socket[] = [];
      for (let i = 0; i < 9; i++) others.push(await sent(host, begun("x".repeat(300_000))));
      expect(await text(first)).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1/i);
      const ended = await Promise.all(others.slice(0, 6).map(heard));
      expect(ended.every((answer) => answer.startsWith("HTTP/1.1 503 "))).toBe(true);
      expect(others.slice(-3).every((socket) => !socket.closed)).toBe(true);
      expect(await asked(host, "/api/echo", { method: "POST", body: "x".repeat(200_000) })).toBe(200);
    },
  );

  test("alone may be as long as a body may, and what has come whole counts no more", async () => {
    await using host = await hostWith({ LIGHTNING_HOST_HALF_SENT_MIB: "1" });
    for (let i = 0; i < 5; i++)
      expect(await asked(host, "/api/echo", { method: "POST", body: "x".repeat(3_000_000) })).toBe(200);
  });

  test("are closed when their headers do not come", async () => {
    await using host = await hostWith({ LIGHTNING_HOST_HEADERS_SECONDS: "0.2" });
    const late = await sent(host, HALVES.headers("/api/echo"));
    expect(await text(late)).toMatch(/^(HTTP\/1\.1 408 .*)?/);
    expect(late.readableEnded).toBe(true);
  });

  test("are answered when the other half comes, long or short", async () => {
    await using host = await hostWith({ LIGHTNING_HOST_BODY_SECONDS: "5" });
    for (const length of [1000, 5_000_000]) {
      const socket = await sent(
        host,
        post("/api/echo", `Content-Length: ${length}\r\nConnection: close`, "a"),
      );
      expect(await asked(host, "/api/echo")).toBe(200);
      socket.write("b".repeat(length - 1));
      const answer = await text(socket);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer.endsWith("b".repeat(1000 - 1))).toBe(true);
    }
  });

  test("whose caller goes leave nothing behind", async () => {
    await using host = await hostWith();
    for (const half of Object.values(HALVES)) {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => sent(host, half("/api/echo"))));
      for (const socket of sockets) socket.destroy();
      expect(await asked(host, "/api/echo", { method: "POST", body: "whole" })).toBe(200);
    }
  });

  test("do not hold up a stop", async () => {
    const host = await hostWith();
    for (const half of Object.values(HALVES)) await sent(host, half("/api/echo"));
    const before = performance.now();
    await host.stop();
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test("are answered in a stop when they are whole and wait unread for their turn, or still come", async () => {
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    work = () => {
      begun.resolve();
      return end.promise;
    };
    const host = await hostWith({}, 1);
    const answers = [text(await sent(host, post("/api/busy", "Content-Length: 0\r\nConnection: close", "")))];
    await begun.promise;
    const long = (part: string) => post("/api/echo", "Content-Length: 600000\r\nConnection: close", part);
    answers.push(text(await sent(host, long("w".repeat(600_000)))));
    const coming = await sent(host, long("c".repeat(100_000)));
    answers.push(text(coming));
    // Both are here before the stop begins: a later connection is answered after them.
    expect(await asked(host, "/admin/host/ping")).toBe(200);
    const stopped = host.stop();
    // Longer than what is half sent and comes no further is kept.
    let left = 500_000;
    const more = setInterval(() => {
      const size = Math.min(left, 20_000);
      left -= size;
      coming.write("c".repeat(size));
      if (left > 0) return;
      clearInterval(more);
      end.resolve();
    }, 50);
    for (const answer of await Promise.all(answers)) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    await stopped;
  });

  test("hold no more connections than the setting allows", async () => {
    await using host = await hostWith({ LIGHTNING_HOST_CONNECTIONS: "3" });
    const held = await Promise.all([1, 2, 3].map(() => sent(host, HALVES.headers("/api/echo"))));
    const further = await sent(host, HALVES.headers("/api/echo"));
    await new Promise((resolve) => further.once("close", resolve));
    expect(held.every((socket) => !socket.closed)).toBe(true);
  });
});

describe("how long a caller may take to send", () => {
  test("may be longer than what Node gives a whole request, for each part of it", async () => {
    const env = { LIGHTNING_HOST_HEADERS_SECONDS: "400", LIGHTNING_HOST_BODY_SECONDS: "400" };
    await using host = await hostWith(env);
    expect(await asked(host, "/api/echo", { method: "POST", body: "whole" })).toBe(200);
  });

  test.each([
    ["LIGHTNING_HOST_HEADERS_SECONDS", "soon"],
    ["LIGHTNING_HOST_BODY_SECONDS", "0"],
    ["LIGHTNING_HOST_CONNECTIONS", "-1"],
    ["LIGHTNING_HOST_HALF_SENT_MIB", "none"],
  ])("cannot be %s=%s", (name, value) => {
    expect(() => receiveLimits({ [name]: value })).toThrow(
      expect.objectContaining({ code: "bad_host_config", field: name }),
    );
  });

  test("is a matter of seconds when nobody says anything", () => {
    expect(receiveLimits({})).toEqual({
      headersMs: 15_000,
      bodyMs: 30_000,
      connections: 4096,
      halfSentBytes: 256 * 1024 * 1024,
    });
  });
});
