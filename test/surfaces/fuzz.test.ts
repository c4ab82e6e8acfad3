import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { seededRandom } from "../../src/local-host/seeded-random.ts";
import { openWorld, type World } from "../scenarios/world.ts";
import { replyJudge } from "./fuzz/replies.ts";
import { type Api, asCurl, fuzzedRequest } from "./fuzz/requests.ts";

describe("requests made from the API description, valid and bent", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld();
  });
  afterAll(() => world.close());

  test.each([1, 2, 3])(
    "are answered as it declares, and never with a fault of ours (seed %i)",
    async (seed) => {
      const api = (await (await world.fetch("/api/lightning/openapi.json")).json()) as Api;
      const judge = replyJudge(api);
      const random = seededRandom(seed);
      const odd: string[] = [];
      for (let i = 0; i < 100; i++) {
        const request = fuzzedRequest(api, random);
        const { method, address, headers, body } = request;
        let reply: Response;
        try {
          reply = await world.fetch(address, {
            method,
            headers,
            ...(body === undefined ? {} : { body: new Uint8Array(body) }),
          });
        } catch (thrown) {
          // What `Request` itself refuses is never sent.
          if (thrown instanceof TypeError) continue;
          throw thrown;
        }
        const fault = judge(request, {
          status: reply.status,
          headers: reply.headers,
          text: await reply.text(),
        });
        if (fault !== undefined)
          odd.push(`${fault}\n${asCurl(request, "http://localhost:7071").slice(0, 600)}`);
      }
      expect(odd).toEqual([]);
    },
  );

  test("are judged by the headers of the answer, too", async () => {
    const api = (await (await world.fetch("/api/lightning/openapi.json")).json()) as Api;
    const judge = replyJudge(api);
    const request = {
      method: "GET",
      address: "",
      headers: {},
      of: { path: "/lightning/health", method: "get" },
    };
    const text = JSON.stringify({ error: { code: "too_many", message: "Later.", retry_after_seconds: 7 } });
    const judged = (given: Record<string, string>) =>
      judge(request, {
        status: 429,
        headers: new Headers({ "content-type": "application/json", ...given }),
        text,
      });
    expect(judged({ "retry-after": "7" })).toBeUndefined();
    expect(judged({ "retry-after": "8" })).toContain("retry_after_seconds 7");
    expect(judged({})).toContain("retry_after_seconds 7");
    expect(judged({ "retry-after": "soon" })).toContain("not as declared");
  });
});
