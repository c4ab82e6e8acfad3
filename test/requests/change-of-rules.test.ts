import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { sha256 } from "../../src/kernel/hashing.ts";
import { each } from "../../src/ledger/ledger.ts";
import type { RequestRecord } from "../../src/requests/contract.ts";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "desk";

describe("a request under a key, tried again after a change of the redaction rules", () => {
  let world: World;
  const post = (address: string, body: object, key?: string) =>
    world.call(
      "POST",
      address,
      { agent_id: AGENT, ...body },
      key === undefined ? {} : { "idempotency-key": key },
    );
  const records = async () => {
    const found: RequestRecord[] = [];
    for await (const one of each<RequestRecord>(world.app.ledger, "requests", { pk: [AGENT] }))
      if (one.type === "request") found.push(one);
    return found;
  };
  const reward = { episode_id: "ep-1", value: 1, comments: "good for K-123456" };
  const episode = { id: "ep-2", user_input: "about K-123456", assistant_output: "Done." };

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
    await post("/episodes", { id: "ep-1", user_input: "q", assistant_output: "a" });
  });
  afterAll(() => world.close());

  it("is the same request, and other input is still refused", async () => {
    const asked = [
      ["/rewards", reward, "k1"],
      ["/episodes", episode, "k2"],
    ] as const;
    const before = [];
    for (const [address, body, key] of asked) before.push((await post(address, body, key)).body);
    await post("/redaction/rules", { rules: [{ name: "Customer number", pattern: "K-\\d{6}" }] });
    for (const [n, [address, body, key]] of asked.entries()) {
      expect((await post(address, body, key)).body).toEqual(before[n]);
      const other = {
        ...body,
        ...("comments" in body ? { comments: "K-123457" } : { user_input: "K-123457" }),
      };
      expect((await post(address, other, key)).body.error.code).toBe("idempotency_conflict");
    }
  });

  it("is kept without a hash that who reads the ledger could try inputs with", async () => {
    const found = await records();
    expect(found.map(({ operation }) => operation).toSorted()).toEqual(["assignReward", "recordEpisodes"]);
    const plain = sha256(JSON.stringify({ agent_id: AGENT, ...episode }));
    expect(found.map((one) => one.input_sha256)).not.toContain(plain);
  });
});
