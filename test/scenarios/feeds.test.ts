import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CONTAINER_KEYS } from "../../src/ledger/containers.ts";
import { each } from "../../src/ledger/ledger.ts";
import { episode } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("the change feeds", () => {
  let world: World;
  const agent_id = "storm-desk";
  const call = (address: string, body: unknown) => world.call("POST", address, body);

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id });
    for (let n = 0; n < 12; n++) {
      const slow = n % 3 === 0 ? { request_latency_ms: 20_000 } : {};
      const tested = n % 2 === 0 ? { metadata: { test_results: [{ name: "smoke", passed: true }] } } : {};
      await call("/episodes", { ...episode(agent_id, n), ...slow, ...tested });
      await call("/rewards", { episode_id: `ep-${agent_id}-${n}`, source: "human_approval", value: 1 });
    }
    await world.settle();
  });
  afterAll(() => world.close());

  /** Every document of the ledger with its etag: a write shows, even one of the same content. */
  async function etags() {
    const found = new Map<string, string>();
    for (const container of CONTAINER_KEYS)
      for await (const one of each(world.app.ledger, container, {}))
        found.set(`${container} ${JSON.stringify(one.id)}`, one._etag);
    return found;
  }
  async function documents(container: "episodes" | "rewards") {
    const found: unknown[] = [];
    for await (const one of each(world.app.ledger, container, {})) found.push(one);
    return found;
  }

  it("score each episode and sum its rewards up", async () => {
    const { body } = await world.call("GET", `/episodes/ep-${agent_id}-0`);
    expect(body.reward_sources).toContain("latency_penalty");
    expect(body.reward_count).toBeGreaterThanOrEqual(2);
  });

  it("change nothing when everything is delivered again, in another order, twice at once", async () => {
    const before = await etags();
    const [episodes, rewards] = [await documents("episodes"), await documents("rewards")];
    const { feeds } = world.app;
    await world.host.until(
      Promise.all([
        feeds.handleRewardChanges(rewards.toReversed()),
        feeds.handleEpisodeChanges(episodes.toReversed()),
        feeds.handleEpisodeChanges(episodes),
        feeds.handleRewardChanges(rewards),
      ]),
    );
    await world.settle();
    expect(await etags()).toEqual(before);
  });

  it("take a document that nobody can handle for a dead letter and move on", async () => {
    await world.host.until(
      world.app.feeds.handleEpisodeChanges([{ id: "ep-broken", agent_id, tool_calls: "none" }]),
    );
    expect(await world.app.ledger.count("deadLetters", {})).toBe(1);
    await call("/episodes", episode(agent_id, 99));
    await call("/rewards", { episode_id: `ep-${agent_id}-99`, source: "human_approval", value: -1 });
    await world.settle();
    expect((await world.call("GET", `/episodes/ep-${agent_id}-99`)).body.reward_avg).toBe(-1);
  });
});
