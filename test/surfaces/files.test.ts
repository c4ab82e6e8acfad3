import { createHash } from "node:crypto";
import http from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { FileReply, Operation } from "../../src/doors/operation.ts";
import { notFound } from "../../src/kernel/errors.ts";
import type { Logger } from "../../src/kernel/logger.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { noteAnswers, paced } from "../../src/surfaces/paced.ts";
import { handleRest } from "../../src/surfaces/rest.ts";
import { fileReply } from "../support/file-reply.ts";
import { fakeOperations, noOrchestrations } from "./fake-operations.ts";
import { azureRequest } from "./loopback.ts";

const TEXT = "0123456789abcdefghijklmnopqrstuvwxyz";
const HEX = createHash("sha256").update(TEXT).digest("hex");
const ETAG = `"${HEX}"`;
const DIGEST = `sha-256=:${Buffer.from(HEX, "hex").toString("base64")}:`;
const ROW = fakeOperations().operations.find(({ name }) => name === "getDatasetFile") as Operation;

/** The row that answers this file. */
const rowOf = (file: FileReply): Operation => ({ ...ROW, run: async () => ({ body: {}, file }) });

async function ask(
  file: FileReply,
  headers: Record<string, string> = {},
  method = "GET",
  logger: Logger = silentLogger,
) {
  const request = azureRequest(method, "/api/lightning/datasets/d-1/files/train", {
    headers,
    params: { dataset_id: "d-1", split: "train" },
  });
  const reply = await handleRest(rowOf(file), request, { orchestrations: noOrchestrations, logger });
  const { status, body } = reply;
  const pieces: string[] = [];
  if (typeof body === "string") pieces.push(body);
  else
    for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>)
      pieces.push(Buffer.from(piece).toString("utf8"));
  return { status, headers: reply.headers as Record<string, string>, text: pieces.join("") };
}

describe("a file over REST", () => {
  it("says its length, hash and name, whole and in HEAD", async () => {
    const whole = await ask(fileReply(TEXT));
    expect(whole).toMatchObject({ status: 200, text: TEXT });
    expect(whole.headers).toMatchObject({
      "content-type": "application/jsonl",
      "content-length": "36",
      "accept-ranges": "bytes",
      "repr-digest": DIGEST,
      "content-digest": DIGEST,
      etag: ETAG,
    });
    const head = await ask(fileReply(TEXT), {}, "HEAD");
    expect(head).toEqual({ ...whole, text: "" });
  });

  it.each([
    ["bytes=0-0", 206, "0", "bytes 0-0/36"],
    ["bytes=5-9", 206, "56789", "bytes 5-9/36"],
    ["bytes=34-", 206, "yz", "bytes 34-35/36"],
    ["bytes=34-999", 206, "yz", "bytes 34-35/36"],
    ["bytes=-3", 206, "xyz", "bytes 33-35/36"],
    ["bytes=-99", 206, TEXT, "bytes 0-35/36"],
    ["Bytes=1-1", 206, "1", "bytes 1-1/36"],
    // Not readable, of another unit, or several: as if there were none.
    ["bytes=9-5", 200, TEXT, undefined],
    ["bytes=a-b", 200, TEXT, undefined],
    ["bytes=-", 200, TEXT, undefined],
    ["lines=1-2", 200, TEXT, undefined],
    ["bytes=0-1,4-5", 200, TEXT, undefined],
  ])("Range: %s answers %d %j", async (range, status, text, contentRange) => {
    const answer = await ask(fileReply(TEXT), { range });
    expect([answer.status, answer.text]).toEqual([status, text]);
    expect(answer.headers["content-range"]).toBe(contentRange);
    expect(answer.headers["content-length"]).toBe(String(text.length));
    expect(answer.headers.etag).toBe(ETAG);
  });

  it.each(["bytes=36-", "bytes=99-100", "bytes=-0"])("Range: %s has no byte of it", async (range) => {
    const answer = await ask(fileReply(TEXT), { range });
    expect([answer.status, answer.headers["content-range"]]).toEqual([416, "bytes */36"]);
    expect(answer.text).toContain("range_not_satisfiable");
  });

  it.each([
    [{ "if-none-match": ETAG }, 304],
    [{ "if-none-match": `"x", W/${ETAG}` }, 304],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"x"' }, 200],
    [{ "if-match": ETAG }, 200],
    [{ "if-match": "*" }, 200],
    [{ "if-match": `"x", ${ETAG}` }, 200],
    [{ "if-match": '"x"' }, 412],
    [{ "if-match": `W/${ETAG}` }, 412],
    // If-Match goes first (RFC 9110, 13.2.2).
    [{ "if-match": '"x"', "if-none-match": ETAG }, 412],
    [{ range: "bytes=0-1", "if-none-match": ETAG }, 304],
    [{ range: "bytes=0-1", "if-range": ETAG }, 206],
    [{ range: "bytes=0-1", "if-range": '"x"' }, 200],
    [{ range: "bytes=0-1", "if-range": `W/${ETAG}` }, 200],
    [{ range: "bytes=0-1", "if-range": "Tue, 15 Nov 1994 12:45:26 GMT" }, 200],
  ])("%j answers %d", async (headers, status) => {
    const answer = await ask(fileReply(TEXT), headers);
    expect([answer.status, answer.headers.etag]).toEqual([status, status === 412 ? undefined : ETAG]);
    if (status === 304) expect(answer.text).toBe("");
  });

  it("of no byte is whole, and no range of it is there", async () => {
    expect(await ask(fileReply(""))).toMatchObject({
      status: 200,
      text: "",
      headers: { "content-length": "0" },
    });
    expect((await ask(fileReply(""), { range: "bytes=0-" })).status).toBe(416);
  });
});

const gone = async function* (): AsyncGenerator<Uint8Array> {
  yield* [];
  throw notFound("file_missing", 'There is no file "x".');
};
/** Says of itself what `TEXT` is, and is something else. */
const lying = (text: string, piece: number): FileReply => ({
  ...fileReply(TEXT),
  stream: () => fileReply(text, piece).stream(0, text.length),
});
const broken: FileReply = {
  ...fileReply(TEXT),
  async *stream() {
    for (const piece of ["0123", "4567"]) yield Buffer.from(piece);
    throw new Error("the disk is gone");
  },
};

describe("a file that is not what its record says", () => {
  it.each(["GET", "HEAD"])("is missed with a body where nothing was sent (%s)", async (method) => {
    const answer = await ask({ ...fileReply(TEXT), stream: gone }, {}, method);
    expect([answer.status, answer.headers.etag]).toEqual([404, undefined]);
    expect(answer.text).toContain("file_missing");
    const part = await ask({ ...fileReply(TEXT), stream: gone }, { range: "bytes=4-" }, method);
    expect(part.status).toBe(404);
  });

  it("in one piece is found out before anything is sent", async () => {
    for (const text of [TEXT.slice(1), `${TEXT}!`, TEXT.replace("a", "b")]) {
      const answer = await ask(lying(text, 100));
      expect([answer.status, answer.text]).toEqual([500, expect.stringContaining("file_damaged")]);
      const asRange = await ask(lying(text, 100), { range: "bytes=0-" });
      expect([asRange.status, asRange.text]).toEqual([500, expect.stringContaining("file_damaged")]);
    }
  });

  it.each([
    ["too short", lying(TEXT.slice(0, 20), 8)],
    ["too long", lying(`${TEXT}${TEXT}`, 8)],
    ["of the same length", lying(TEXT.replace("z", "!"), 8)],
    ["that breaks off", broken],
  ])("and is %s never ends well, and the log says why", async (_what, file) => {
    const logged: unknown[] = [];
    const logger = { ...silentLogger, error: (...line: unknown[]) => logged.push(line) } as unknown as Logger;
    await expect(ask(file, {}, "GET", logger)).rejects.toThrow(/file is not what|disk is gone/);
    expect(logged).toEqual([["a file broke off", expect.objectContaining({ file: "train.jsonl" })]]);
  });

  it("is let go when nobody takes it", async () => {
    let isEnded = false;
    const file: FileReply = {
      ...fileReply(TEXT),
      async *stream() {
        try {
          for (const letter of TEXT) yield Buffer.from(letter);
        } finally {
          isEnded = true;
        }
      },
    };
    const request = azureRequest("GET", "/api/lightning/datasets/d-1/files/train", {
      params: { dataset_id: "d-1", split: "train" },
    });
    const { body } = await handleRest(rowOf(file), request, { orchestrations: noOrchestrations });
    await (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.();
    expect(isEnded).toBe(true);
  });
});

describe("on its way to the Functions host", () => {
  let server: http.Server;
  let port = 0;
  let stopNoting: () => void;
  beforeAll(async () => {
    stopNoting = noteAnswers();
    server = http.createServer((message, response) => {
      void (async () => {
        const request = azureRequest("GET", "/api/lightning/datasets/d-1/files/train", {
          params: { dataset_id: "d-1", split: "train" },
        });
        const reply = await handleRest(rowOf(message.url === "/broken" ? broken : fileReply(TEXT)), request, {
          orchestrations: noOrchestrations,
          pace: (body) => paced(String(message.headers["x-ms-invocation-id"]), body),
        });
        response.writeHead(reply.status ?? 200, reply.headers as http.OutgoingHttpHeaders);
        // As @azure/functions: what the body throws ends the invocation, not the answer.
        for await (const piece of reply.body as AsyncIterable<Uint8Array>) response.write(piece);
        response.end();
      })().catch(() => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as { port: number });
  });
  afterAll(() => {
    stopNoting();
    return new Promise((resolve) => server.close(resolve));
  });

  const get = (path: string) =>
    new Promise<string>((resolve, reject) => {
      http
        .get({ port, path, agent: false, headers: { "x-ms-invocation-id": `of${path}` } }, (message) => {
          let text = "";
          message.on("data", (piece) => (text += String(piece)));
          message.on("end", () => (message.complete ? resolve(text) : reject(new Error("not complete"))));
          message.on("error", reject);
        })
        .on("error", reject);
    });

  it("a file that breaks off breaks the connection off", async () => {
    expect(await get("/whole")).toBe(TEXT);
    await expect(get("/broken")).rejects.toThrow(/aborted|hang up|reset|not complete/);
  });
});
