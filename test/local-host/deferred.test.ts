import { HttpResponse } from "@azure/functions";
import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { withDeferredResponse } from "../../src/local-host/core-api/deferred-response.ts";
import { deferredRequest } from "../../src/local-host/http/deferred-request.ts";

const numRuns = 200;

const facts = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE"),
  url: fc
    .constantFrom("http://localhost:7071/api/x", "http://h/%20?a=1&a=2#top", "http://u:p@h/x")
    .map((text) => new URL(text)),
  headers: fc.dictionary(
    fc.constantFrom("content-type", "x-one", "cookie", "accept"),
    fc.stringMatching(/^[ -~]{0,20}$/),
  ),
  body: fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.json().map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(`\ufeff${text}`)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    // Memory of its own, as a long body has it.
    fc.json().map((text) => Buffer.from(Uint8Array.from(Buffer.from(text)).buffer)),
  ),
});

const READS = ["arrayBuffer", "text", "json", "blob", "formData"] as const;
type Read = (typeof READS)[number] | "bodyUsed" | "clone" | "stream";

/** What a request answers to a row of questions, in a form that can be compared. */
async function answers(request: Request, questions: readonly Read[]): Promise<unknown[]> {
  const found: unknown[] = [request.url, request.method, [...request.headers]];
  for (const question of questions)
    try {
      if (question === "bodyUsed") found.push(request.bodyUsed);
      else if (question === "clone") found.push(await request.clone().text());
      else if (question === "stream") found.push(request.body === null, request.bodyUsed);
      else {
        const value: unknown = await request[question]();
        found.push(value instanceof Blob ? await value.text() : plain(value));
      }
      found.push(request.bodyUsed);
    } catch (thrown) {
      found.push(`${(thrown as Error).name}: ${(thrown as Error).message}`);
    }
  return found;
}
const plain = (value: unknown) =>
  Object.prototype.toString.call(value) === "[object ArrayBuffer]"
    ? Buffer.from(value as ArrayBuffer).toString("hex")
    : value;

describe("a request that is made when it is looked at", () => {
  test("answers as a Request does, whatever is asked of it and in whatever order", async () => {
    const questions = fc.array(fc.constantFrom<Read>(...READS, "bodyUsed", "clone", "stream"), {
      maxLength: 4,
    });
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(facts, questions, async (given, asked) => {
        const deferred = deferredRequest(given);
        if (deferred === undefined) return;
        compared++;
        const { method, url, headers, body } = given;
        const real = new Request(url, {
          method,
          headers,
          ...(body.length === 0 ? {} : { body }),
        });
        expect(JSON.stringify(await answers(deferred, asked))).toBe(
          JSON.stringify(await answers(real, asked)),
        );
      }),
      { numRuns, endOnFailure: true },
    );
    expect(compared).toBeGreaterThan(numRuns / 4);
  });

  test("is left to the library where a Request would refuse or change it", () => {
    const plainFacts = { method: "POST", url: new URL("http://h/x"), headers: {}, body: Buffer.from("{}") };
    expect(deferredRequest(plainFacts)).toBeDefined();
    expect(deferredRequest({ ...plainFacts, method: "GET" })).toBeUndefined();
    expect(deferredRequest({ ...plainFacts, method: "TRACE" })).toBeUndefined();
    expect(deferredRequest({ ...plainFacts, url: new URL("http://u:p@h/x") })).toBeUndefined();
  });

  test("gives its body away as a copy", async () => {
    const body = Buffer.from("abc");
    const request = deferredRequest({ method: "POST", url: new URL("http://h/x"), headers: {}, body });
    const bytes = new Uint8Array((await request?.arrayBuffer()) ?? []);
    bytes[0] = 0;
    expect(body.toString()).toBe("abc");
  });
});

const headerValue = fc.oneof(
  { weight: 9, arbitrary: fc.stringMatching(/^[!-~]{1,20}$/) },
  fc.constantFrom("a\u00e9", "", " padded ", "tab\tin"),
);
const headerName = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom("content-type", "x-lower", "etag", "cache-control") },
  fc.constantFrom("X-Upper", "set-cookie", "bad name"),
);
const result = fc.record(
  {
    status: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(200, 201, 404, undefined) },
      fc.integer({ min: 190, max: 610 }),
      fc.constantFrom(204, 304),
    ),
    headers: fc.oneof(
      { weight: 5, arbitrary: fc.dictionary(headerName, headerValue, { maxKeys: 4 }) },
      fc.constant(new Headers({ a: "b" })),
    ),
    body: fc.oneof(
      { weight: 5, arbitrary: fc.string({ unit: "binary" }) },
      fc.constantFrom(undefined, new Uint8Array([1, 2])),
    ),
    jsonBody: fc.oneof(fc.constant(undefined), fc.jsonValue()),
    cookies: fc.constantFrom([], [{ name: "a", value: "b" }]),
    enableContentNegotiation: fc.boolean(),
  },
  { requiredKeys: ["body"] },
);

/** What the library reads of a response to put it on the wire. */
async function onTheWire(init: unknown): Promise<unknown> {
  try {
    const response = new HttpResponse(init as never);
    return {
      status: String(response.status),
      headers: Array.from(response.headers.entries() as Iterable<[string, string]>),
      cookies: response.cookies,
      negotiation: response.enableContentNegotiation,
      body: Buffer.from(await response.arrayBuffer()).toString("hex"),
    };
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

describe("a response that is never made", () => {
  test("goes on the wire as the library's own would", async () => {
    let quick = 0;
    await fc.assert(
      fc.asyncProperty(result, async (answer) => {
        const deferred = withDeferredResponse(answer);
        if (deferred !== answer) quick++;
        expect(JSON.stringify(await onTheWire(deferred))).toBe(JSON.stringify(await onTheWire(answer)));
      }),
      { numRuns: numRuns * 2, endOnFailure: true },
    );
    expect(quick).toBeGreaterThan(numRuns / 20);
  });

  test("is what a plain answer of text or JSON becomes", () => {
    for (const answer of [
      { body: "x" },
      { jsonBody: { a: 1 } },
      { status: 201, headers: { etag: "1" }, body: "" },
    ])
      expect(withDeferredResponse(answer)).not.toBe(answer);
    for (const answer of [undefined, "x", { status: 204 }, new HttpResponse({ body: "x" })])
      expect(withDeferredResponse(answer)).toBe(answer);
  });
});
