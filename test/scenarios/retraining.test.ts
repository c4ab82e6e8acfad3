import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { RetrainingResult } from "../../src/pipelines/contract.ts";
import { episode } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("retraining on a schedule", () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld({
      LIGHTNING_AGENT_ID: "busy-desk",
      LIGHTNING_RETRAIN_CRON: "0 0 3 * * *",
      LIGHTNING_RETRAIN_MIN_EPISODES: "30",
    });
    // A fifth of them is held out, and a verdict needs fifty.
    await teach("busy-desk", 320, 0);
    await teach("quiet-desk", 12, 0);
    // Its first build takes an agent on; from then on it is kept fresh.
    await world.call("POST", "/datasets", { agent_id: "quiet-desk", name: "first" });
  });
  afterAll(() => world.close());

  async function teach(agent_id: string, count: number, from: number) {
    const numbers = Array.from({ length: count }, (_, n) => from + n);
    const lines = numbers.map((n) => JSON.stringify(episode(agent_id, n))).join("\n");
    await world.call("POST", "/episodes", lines, { "content-type": "application/x-ndjson" });
    for (const n of numbers)
      await world.call("POST", "/rewards", {
        agent_id,
        episode_id: `ep-${agent_id}-${n}`,
        source: "test_result",
        value: 1,
        evaluator: "checks",
      });
    await world.settle();
  }

  interface Shown {
    instanceId: string;
    runtimeStatus: string;
    output: RetrainingResult;
  }
  const rounds = async () =>
    (
      (await (
        await world.fetch("/runtime/webhooks/durabletask/instances?instanceIdPrefix=retraining-")
      ).json()) as Shown[]
    ).toSorted((a, b) => a.instanceId.localeCompare(b.instanceId));
  const pipelines = async (agentId: string) =>
    (await world.call("GET", `/pipelines?agent_id=${agentId}`)).body.pipelines;

  it("runs the loop for an agent with enough new rewarded episodes; the others say why not", async () => {
    expect(await rounds()).toEqual([]);
    await world.until(async () => (await rounds())[0]?.runtimeStatus === "Completed");
    const [first] = await rounds();
    expect(first?.instanceId).toMatch(/^retraining-20260\d+0300$/);
    expect(first?.output.started).toMatchObject([{ agent_id: "busy-desk" }]);
    expect(first?.output.skipped).toEqual([
      { agent_id: "quiet-desk", reason: "too_few_episodes: 12 of 30 new rewarded episodes" },
    ]);
    expect(await pipelines("busy-desk")).toHaveLength(1);
  });

  it("skips an agent that has nothing new", async () => {
    await world.until(async () => (await rounds())[1]?.runtimeStatus === "Completed");
    const second = (await rounds())[1];
    expect(second?.output.started).toEqual([]);
    expect(second?.output.skipped.map(({ agent_id }) => agent_id)).toEqual(["busy-desk", "quiet-desk"]);
    expect(second?.output.skipped[0]?.reason).toMatch(/^too_few_episodes: 0 of 30/);
  });

  it("that is asked for again within the minute, or while a pipeline runs, starts nothing more", async () => {
    await teach("busy-desk", 40, 1500);
    world.clock.advance(60_000);
    const before = (await rounds()).length;
    world.host.trigger("retrainOnSchedule");
    world.host.trigger("retrainOnSchedule");
    await world.until(async () => (await pipelines("busy-desk")).length === 2);
    expect(await rounds()).toHaveLength(before + 1);

    world.clock.advance(60_000);
    world.host.trigger("retrainOnSchedule");
    await world.until(async () => (await rounds()).length === before + 2);
    await world.until(async () => (await rounds()).every((one) => one.runtimeStatus === "Completed"));
    const last = (await rounds()).at(-1);
    expect(last?.output.started).toEqual([]);
    expect(last?.output.skipped[0]?.reason).toMatch(/^(already_running: pipeline|too_few_episodes: 0)/);
    expect(await pipelines("busy-desk")).toHaveLength(2);
  });

  it("whose timer rings again within the minute tells how the pipeline ended, and starts none", async () => {
    const [first] = await rounds();
    const before = await pipelines("busy-desk");
    // Its orchestration has ended: the same stamp begins another under the same id.
    const started = await world.fetch(
      `/runtime/webhooks/durabletask/orchestrators/retrainAgents/${first?.instanceId}`,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ stamp: first?.instanceId.replace("retraining-", "") }),
      },
    );
    expect(started.status).toBe(202);
    await world.until(async () => (await rounds()).every((one) => one.runtimeStatus === "Completed"));
    const again = (await rounds()).find((one) => one.instanceId === first?.instanceId);
    expect(again?.output.started).toEqual(first?.output.started);
    expect(again?.output.started[0]?.outcome).not.toBe("failed");
    expect(await pipelines("busy-desk")).toEqual(before);
  });
});
