import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { createAccess } from "../../src/identity/access.ts";
import { callContext, handleRest, preferredWaitMs, restRoutes } from "../../src/surfaces/rest.ts";
import { fakeOperations, noOrchestrations } from "./fake-operations.ts";
import { azureRequest, loopback } from "./loopback.ts";

/** What an app in Azure cannot do without. */
const AZURE = {
  WEBSITE_SITE_NAME: "lightning",
  COSMOS_ACCOUNT_URI: "https://a.documents.azure.com",
  AZURE_OPENAI_ENDPOINT: "https://a.openai.azure.com",
  LIGHTNING_FILES_URI: "https://a.blob.core.windows.net",
};
const { operations, seen } = fakeOperations();
let door: Awaited<ReturnType<typeof loopback>>;
beforeAll(async () => {
  door = await loopback(operations);
});
afterAll(() => door.stop());
beforeEach(() => {
  seen.length = 0;
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${door.url}/api/lightning${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
const get = (path: string) => fetch(`${door.url}/api/lightning${path}`);
const error = async (response: Response) =>
  ((await response.json()) as { error: { code: string; message: string; field?: string; remedy?: string } })
    .error;

test("a streamed request has its query among its parameters, too, as text that is not the path's", async () => {
  const row = operations.find(({ name }) => name === "listTrainingRuns");
  if (row === undefined) throw new Error("no such row");
  const request = azureRequest("GET", "/api/lightning/training?limit=5", { params: { limit: "5" } });
  const answer = await handleRest(row, request, { orchestrations: noOrchestrations });
  expect(answer.status).toBe(200);
  expect(seen.at(-1)).toMatchObject({ name: "listTrainingRuns", input: { limit: 5 } });
});

describe("the design's requests", () => {
  test("build, train, look and promote answer as the design shows", async () => {
    const built = await post("/datasets", { agent_id: "mcp-agents", name: "v1", min_reward: 0.5 });
    expect(built.status).toBe(200);
    expect(await built.json()).toEqual(
      expect.objectContaining({ dataset_id: "dataset-abc123", training_count: 800, validation_count: 200 }),
    );
    const trained = await post("/training", {
      agent_id: "mcp-agents",
      dataset_id: "dataset-abc123",
      base_model: "gpt-4o-mini-2024-07-18",
    });
    expect(await trained.json()).toEqual({ run_id: "run-xyz789", status: "running" });
    const looked = await get("/training/run-xyz789?agent_id=mcp-agents");
    expect(await looked.json()).toEqual(
      expect.objectContaining({ run_id: "run-xyz789", status: "succeeded" }),
    );
    const promoted = await post("/deployments", {
      agent_id: "mcp-agents",
      run_id: "run-xyz789",
      promoted_by: "admin@example.com",
    });
    expect(await promoted.json()).toEqual(
      expect.objectContaining({ deployment_id: "dep-456", is_active: true }),
    );
  });
});

describe("what a request says", () => {
  test("texts of the query become the kinds the schema names", async () => {
    await get("/training?limit=5&status=running");
    expect(seen[0]?.input).toEqual({ agent_id: "mcp-agents", limit: 5, status: "running" });
    await post("/datasets?include_tools=true&sources=human_approval,eval_score", { name: "a" });
    expect(seen[1]?.input).toEqual(
      expect.objectContaining({ include_tools: true, sources: ["human_approval", "eval_score"] }),
    );
    await post("/datasets?sources=human_approval&sources=eval_score", { name: "a" });
    expect(seen[2]?.input).toEqual(expect.objectContaining({ sources: ["human_approval", "eval_score"] }));
  });

  test.each([
    ["/training?limit=many", "limit"],
    ["/training?limit=", "limit"],
    ["/training?limit=0x10", "limit"],
    ["/training?limit=1&limit=2", "limit"],
    ["/training?status=unheard", "status"],
    ["/training?nonsense=1", "nonsense"],
  ])("%s is refused and the field is named", async (path, field) => {
    const response = await get(path);
    expect(response.status).toBe(422);
    expect(await error(response)).toEqual(expect.objectContaining({ code: "invalid_input", field }));
    expect(seen).toEqual([]);
  });

  test("a function key in the address is not taken for input", async () => {
    expect((await get("/training?code=abc")).status).toBe(200);
  });

  test("another spelling of a field is accepted, two different values are not", async () => {
    expect((await get("/training/run-1?training_run_id=run-1")).status).toBe(200);
    expect((await get("/training/run-1?training_run_id=run-2")).status).toBe(422);
    expect((await post("/deployments", { training_run_id: "run-1" })).status).toBe(200);
    expect((await post("/deployments", { training_run_id: "run-1", run_id: "run-2" })).status).toBe(422);
    expect((await post("/datasets?name=a", { name: "b" })).status).toBe(422);
    expect((await get("/training/run-1?run_id=run-2")).status).toBe(422);
  });

  test.each([
    ["{oops", "application/json", 400, "bad_json"],
    ['"text"', "application/json", 400, "bad_json"],
    ["[1]", "application/json", 400, "bad_json"],
    ["null", "application/json", 400, "bad_json"],
    ['{"name":"v"}', "text/xml", 415, "bad_content_type"],
    ['{"name":"v"}', "application/x-ndjson", 415, "bad_content_type"],
    ["", "application/json", 422, "invalid_input"],
  ])("the body %j as %s answers %d %s", async (body, type, status, code) => {
    const response = await post("/datasets", body, { "content-type": type });
    expect([response.status, (await error(response)).code]).toEqual([status, code]);
    expect(seen).toEqual([]);
  });

  test("a number that would be stored rounded is refused by its place", async () => {
    const response = await post("/datasets", '{"name":"v","description":{"ids":[1,12345678901234567890]}}');
    expect([response.status, await error(response)]).toMatchObject([
      422,
      { code: "number_not_exact", field: "description.ids.1" },
    ]);
    expect(seen).toEqual([]);
    const text = '{"name":"12345678901234567890"}';
    expect((await post("/datasets", text)).status).toBeLessThan(300);
  });

  test("bytes that are no UTF-8 are refused", async () => {
    const request = azureRequest("POST", "/api/lightning/datasets", {
      headers: { "content-type": "application/json" },
      body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
    });
    const reply = await handleRest(operations[0] as never, request, { orchestrations: noOrchestrations });
    expect(reply.status).toBe(400);
  });

  const packed = (body: Uint8Array<ArrayBuffer>, encoding: string) =>
    fetch(`${door.url}/api/lightning/datasets`, {
      method: "POST",
      headers: { "content-type": "application/json", "content-encoding": encoding },
      body,
    });
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["Identity", (bytes: string) => Buffer.from(bytes)],
  ])("a body packed by %s is read", async (encoding, pack) => {
    expect((await packed(pack('{"name":"v"}'), encoding)).status).toBeLessThan(300);
    expect(seen).toMatchObject([{ input: { name: "v" } }]);
  });

  test.each([
    ["zstd", gzipSync("{}"), 415, "bad_content_encoding"],
    ["gzip", Buffer.from("{}"), 415, "bad_content_encoding"],
    ["gzip", gzipSync(Buffer.alloc(33 * 1024 * 1024, " ")), 413, "body_too_large"],
  ])("a body said to be packed by %s is refused for what it is", async (encoding, body, status, code) => {
    const response = await packed(body, encoding);
    expect([response.status, (await error(response)).code]).toEqual([status, code]);
    expect(seen).toEqual([]);
  });

  test("an announced length over the limit is refused before the body is read", async () => {
    const request = azureRequest("POST", "/api/lightning/datasets", {
      headers: { "content-type": "application/json", "content-length": String(1e12) },
      body: "{}",
    });
    const reply = await handleRest(operations[0] as never, request, { orchestrations: noOrchestrations });
    expect(reply.status).toBe(413);
    expect(reply.body as string).toContain("body_too_large");
  });

  test("what curl -d sends without a content type is read as JSON", async () => {
    const response = await post(
      "/datasets",
      { name: "v1" },
      { "content-type": "application/x-www-form-urlencoded" },
    );
    expect(response.status).toBe(200);
  });
});

describe("many at once", () => {
  test("one object, an array and lines all reach the operation as a list", async () => {
    const one = { user_input: "a", assistant_output: "b" };
    await post("/episodes", one);
    await post("/episodes", [one, one]);
    await post("/episodes", { episodes: [one] });
    await post("/episodes", `${JSON.stringify(one)}\n\n${JSON.stringify(one)}\n`, {
      "content-type": "application/x-ndjson",
    });
    expect(seen.map(({ input }) => (input as { episodes: unknown[] }).episodes.length)).toEqual([1, 2, 1, 2]);
  });

  test("a line that is no JSON is refused alone", async () => {
    const response = await post("/episodes", '{"a":1}\n{oops\n{"b":2}', {
      "content-type": "application/x-ndjson",
    });
    expect(response.status).toBe(207);
    const { results } = (await response.json()) as { results: { status: string }[] };
    expect(results.map(({ status }) => status)).toEqual(["recorded", "error", "recorded"]);
  });
});

describe("lines", () => {
  const types = { "content-type": "application/x-ndjson" };

  test("are read whatever ends them, after a byte order mark, with empty ones between", async () => {
    const names = ["plain", "Ærø", "雨", "last"];
    const [first, ...rest] = names.map((user_input) => JSON.stringify({ user_input }));
    await post("/episodes", `\ufeff${first}\r\n \r\n${rest.join("\n\n")}`, types);
    const input = seen[0]?.input as { episodes: { user_input: string }[] };
    expect(input.episodes.map(({ user_input }) => user_input)).toEqual(names);
  });

  test("that are all empty are no body", async () => {
    const response = await post("/episodes", " \n\r\n", types);
    expect((await error(response)).code).toBe("invalid_input");
    expect(seen).toEqual([]);
  });
});

describe("answers", () => {
  test("errors say code, message, field and remedy, and when to try again", async () => {
    const taken = await post("/datasets", { name: "taken" });
    expect(taken.status).toBe(409);
    expect(await error(taken)).toEqual({ code: "name_taken", message: "That name is taken.", field: "name" });
    const busy = await post("/datasets", { name: "busy" });
    expect([busy.status, busy.headers.get("retry-after")]).toEqual([503, "2"]);
  });

  test("a fault of ours is a 500 that tells nothing of its inside", async () => {
    const response = await post("/datasets", { name: "bug" });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).toContain("internal_error");
    expect(text).not.toContain("secret internals");
  });

  test("a file is streamed under a safe name", async () => {
    const response = await get("/datasets/dataset-1/files/train");
    expect(response.headers.get("content-type")).toBe("application/jsonl");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="dataset-1_train.jsonl"');
    expect(await response.text()).toBe('{"a":1}\n{"a":2}\n');
  });

  test("a continuation passes through", async () => {
    expect(await (await get("/training")).json()).toEqual(
      expect.objectContaining({ continuation: "next==" }),
    );
  });
});

describe("the call's context", () => {
  test.each([
    [null, undefined],
    ["wait=3", 3000],
    ["respond-async, wait=0", 0],
    ["respond-async", 0],
    ["wait=9999", 200_000],
    ["wait=-1", undefined],
    ["wait=soon", undefined],
    ["return=minimal; wait=2", 2000],
  ])("Prefer: %s waits %s ms", (header, ms) => {
    expect(preferredWaitMs(header)).toBe(ms);
  });

  test("10 s are waited by default, the idempotency key passes through", async () => {
    await post("/datasets", { name: "a" }, { "idempotency-key": "k-1" });
    expect(seen[0]?.context).toEqual(
      expect.objectContaining({ waitMs: 10_000, idempotencyKey: "k-1", door: "rest" }),
    );
    expect((await post("/datasets", { name: "a" }, { "idempotency-key": "k".repeat(256) })).status).toBe(400);
  });

  const principal = Buffer.from(
    JSON.stringify({
      auth_typ: "aad",
      name_typ: "preferred_username",
      claims: [{ typ: "preferred_username", val: "reviewer@example.com" }],
    }),
  ).toString("base64");
  const request = azureRequest("GET", "/", { headers: { "x-ms-client-principal": principal } });
  const inAzure = createAccess(readSettings({ ...AZURE, WEBSITE_AUTH_ENABLED: "True" }));

  test("the person comes from the platform's header in Azure", () => {
    const context = callContext(request, { orchestrations: noOrchestrations, access: inAzure });
    expect(context.principal).toBe("reviewer@example.com");
  });

  test("anywhere else that header is anybody's and is ignored", () => {
    expect(callContext(request, { orchestrations: noOrchestrations }).principal).toBeUndefined();
  });

  test("a broken header is no person", () => {
    const broken = azureRequest("GET", "/", { headers: { "x-ms-client-principal": "%%%" } });
    expect(
      callContext(broken, { orchestrations: noOrchestrations, access: inAzure }).principal,
    ).toBeUndefined();
  });
});

test("two rows at one address are refused when the routes are made", () => {
  expect(() => restRoutes([...operations, ...operations.slice(0, 1)])).toThrow(/both at POST \/datasets/);
});
