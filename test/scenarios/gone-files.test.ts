import fs from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("a dataset's file that is gone or is another", () => {
  let world: World;
  let file: string;
  let address: string;
  let content: string;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "storm-desk" });
    const asked = { name: "lessons", content: golden(0, 40) };
    const { body } = await world.call("POST", "/datasets/golden", asked, { prefer: "wait=200" });
    address = `/datasets/${body.dataset_id}/files/train`;
    file = path.join(world.home, "files", body.files.train.key);
    content = await fs.readFile(file, "utf8");
  });
  afterAll(() => world.close());

  const get = (headers: Record<string, string> = {}, method = "GET") =>
    world.fetch(`/api/lightning${address}`, { headers, method });

  it("is whole as it was built, by its length and hash, and by parts", async () => {
    const whole = await get();
    expect([whole.status, await whole.text()]).toEqual([200, content]);
    expect(whole.headers.get("content-length")).toBe(String(Buffer.byteLength(content)));
    const part = await get({ range: "bytes=10-19", "if-range": whole.headers.get("etag") ?? "" });
    expect([part.status, await part.text()]).toEqual([206, content.slice(10, 20)]);
    const head = await get({}, "HEAD");
    expect([head.status, head.headers.get("content-length")]).toEqual([
      200,
      String(Buffer.byteLength(content)),
    ]);
  });

  it("is an error with a body when it was changed, cut off or removed", async () => {
    for (const [damaged, code] of [
      [content.replace("a", "b"), "file_damaged"],
      [content.slice(1), "file_damaged"],
      [undefined, "file_missing"],
    ] as const) {
      await (damaged === undefined ? fs.rm(file) : fs.writeFile(file, damaged));
      const answer = await world.call("GET", address);
      expect([answer.status, answer.body.error.code]).toEqual([code === "file_missing" ? 404 : 500, code]);
    }
    expect((await get({}, "HEAD")).status).toBe(404);
  });
});
