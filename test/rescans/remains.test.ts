import fs from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "desk";
const CANARY = "K-424242";
const LONG = `${"filling ".repeat(2500)}${CANARY} ${"filling ".repeat(2500)}`;

/** Every file of a home that holds a text in UTF-8, by its path there. */
async function holding(home: string, text: string): Promise<string[]> {
  const found = await fs.readdir(home, { recursive: true, withFileTypes: true });
  const files = found.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
  const isIn = await Promise.all(files.map(async (file) => (await fs.readFile(file)).includes(text)));
  return files.filter((_, n) => isIn[n]).map((file) => path.relative(home, file));
}

describe("what a re-scan leaves on the disk", () => {
  let world: World;
  const post = async (address: string, body: object, headers = {}) => {
    const answer = await world.call("POST", address, { agent_id: AGENT, ...body }, headers);
    expect(answer.status).toBeLessThan(300);
    return answer.body;
  };

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
    const part = await post("/parts", { text: `a part of ${CANARY}` });
    const episode = (n: number) => ({
      id: `ep-${n}`,
      agent_id: AGENT,
      // Some lie in one page of the ledger's file with others, some in pages of their own.
      user_input: n % 3 === 0 ? LONG : `order ${n} of ${CANARY}`,
      assistant_output: "Done.",
      tool_calls: [{ tool_name: "find_order", arguments: { customer: CANARY }, result: `found ${n}` }],
      ...(n % 5 === 0 ? { metadata: { attached: part.pointer }, parts: [part.sha256] } : {}),
    });
    await post("/episodes", { episodes: Array.from({ length: 120 }, (_, n) => episode(n)) });
    for (const n of [1, 2, 3])
      await post(
        "/rewards",
        { episode_id: `ep-${n}`, value: 1, comments: `right for ${CANARY}` },
        { "idempotency-key": `judged-${n}` },
      );
    await post("/rewards", {
      response_id: "chatcmpl-never",
      source: "human_approval",
      value: 1,
      comments: `waits for ${CANARY}`,
    });
    await world.settle();
  });
  afterAll(() => world.close());

  it("is nothing of what a new rule finds, in no file of the home, once the app was stopped", async () => {
    expect(await holding(world.home, CANARY)).not.toEqual([]);
    await post("/redaction/rules", { rules: [{ name: "Customer", pattern: "K-\\d{6}" }] });
    const rescan = await post("/redaction/rescans", {}, { prefer: "wait=3600" });
    expect(rescan).toMatchObject({ status: "finished", failures: [], tallies: { parts: { changed: 1 } } });
    await world.settle();
    // The log of the ledger's file goes when it is closed.
    await world.restart();
    expect(await holding(world.home, CANARY)).toEqual([]);
  });
});
