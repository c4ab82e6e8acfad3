import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createDocumentServer } from "../../src/surfaces/document-server.ts";
import { openWorld, type World } from "../scenarios/world.ts";
import { azureRequest } from "./loopback.ts";

const PATH = "/api/lightning/openapi.json";

describe("the API's description", () => {
  let made = 0;
  const serve = createDocumentServer(() => {
    made++;
    return { openapi: "3.1.0", text: "some words ".repeat(500) };
  });
  async function ask(headers: Record<string, string> = {}, method = "GET") {
    const reply = await serve(azureRequest(method, PATH, { headers }));
    return { ...reply, headers: reply.headers as Record<string, string> };
  }
  const textOf = ({ body, headers }: Awaited<ReturnType<typeof ask>>) => {
    const bytes = body as Buffer;
    return (headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8");
  };

  it.each([
    ["gzip", true],
    ["br, gzip;q=0.5", true],
    ["gzip;q=0.01", true],
    ["identity", false],
    ["gzip;q=0", false],
    ["gzip; q=0.0, br", false],
    [undefined, false],
  ])("goes zipped to who takes that, and is the same: %s", async (accepted, isZipped) => {
    const answer = await ask(accepted === undefined ? {} : { "accept-encoding": accepted });
    expect([answer.headers["content-encoding"] === "gzip", answer.headers.vary]).toEqual([
      isZipped,
      "Accept-Encoding",
    ]);
    expect(textOf(answer)).toBe(textOf(await ask()));
    expect(answer.headers["content-length"]).toBe(String((answer.body as Buffer).byteLength));
    const head = await ask(accepted === undefined ? {} : { "accept-encoding": accepted }, "HEAD");
    expect([head.status, head.body, head.headers]).toEqual([200, undefined, answer.headers]);
  });

  it("is not sent again to who has it, in either form", async () => {
    const [plain, zipped] = [await ask(), await ask({ "accept-encoding": "gzip" })];
    expect(plain.headers.etag).not.toBe(zipped.headers.etag);
    for (const known of [plain, zipped])
      for (const encoding of ["gzip", "identity"]) {
        const tag = known.headers.etag ?? "";
        const again = await ask({ "if-none-match": `"x", W/${tag}`, "accept-encoding": encoding });
        expect([again.status, again.body]).toEqual([304, undefined]);
      }
    expect((await ask({ "if-none-match": '"x"' })).status).toBe(200);
  });

  it("is made once, and tells the address it was asked under", async () => {
    const at = async (origin: string) => {
      const { headers } = azureRequest("GET", PATH);
      const { body } = await serve({ method: "GET", url: origin + PATH, headers });
      return (JSON.parse((body as Buffer).toString("utf8")) as { servers: { url: string }[] }).servers;
    };
    for (let n = 0; n < 20; n++)
      expect(await at(`https://host-${n}.example`)).toEqual([{ url: `https://host-${n}.example/api` }]);
    expect(made).toBe(1);
  });
});

describe("the API's description from the host", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  it("has a tag, by which it is not sent again, and a HEAD", async () => {
    const first = await world.fetch(PATH);
    const document = (await first.json()) as { openapi: string; servers: unknown[] };
    expect([document.openapi.startsWith("3.1"), document.servers.length]).toEqual([true, 1]);
    const etag = first.headers.get("etag") ?? "";
    const known = await world.fetch(PATH, { headers: { "if-none-match": etag } });
    expect([known.status, await known.text()]).toEqual([304, ""]);
    const head = await world.fetch(PATH, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("a method that no operation has is answered without a body", async () => {
    for (const [method, path] of [
      ["DELETE", "/api/lightning/health"],
      ["PUT", "/api/lightning/episodes"],
      ["GET", "/api/lightning/there-is-none"],
    ] as const) {
      const answer = await world.fetch(path, { method });
      expect([method, answer.status, await answer.text()]).toEqual([method, 404, ""]);
    }
  });
});
