import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { LEDGERS } from "./ledgers.ts";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

jest.setTimeout(180_000);

const MINUTE_MS = 60_000;
const NOW = { prefer: "wait=0" };

let world: World;
afterEach(() => world.close());

async function lessonsFor(agent_id: string, name: string, content: string, test_split: number) {
  const { body } = await world.call("POST", "/datasets/golden", { agent_id, name, content, test_split });
  expect(body.status).toBe("ready");
  return body.dataset_id as string;
}
/** Something for an agent to learn from, and to be judged by. */
async function desk(agent_id: string) {
  return {
    agent_id,
    dataset_id: await lessonsFor(agent_id, "lessons", golden(0, 40), 0),
    evaluation: {
      dataset_id: await lessonsFor(agent_id, "held out", golden(1000, 60), 1),
      split: "test",
    },
  };
}
type Desk = Awaited<ReturnType<typeof desk>>;

/** Pipelines that differ, so that each trains a model of its own. */
async function ask(input: Desk, count: number, more: object = {}) {
  const replies: { status: number; body: { pipeline_id: string; place_in_queue?: number } }[] = [];
  for (let seed = 1; seed <= count; seed++)
    replies.push(
      await world.call("POST", "/pipelines", { ...input, training: { seed }, promote: false, ...more }, NOW),
    );
  return replies;
}
const pipelines = async (agentId: string) =>
  (await world.call("GET", `/pipelines?agent_id=${agentId}&limit=100`)).body.pipelines as {
    id: string;
    status: string;
    created_at: string;
  }[];
const inStatus = async (agentId: string, ...statuses: string[]) =>
  (await pipelines(agentId)).filter(({ status }) => statuses.includes(status));
/** Nothing of the agent is at work or waits; asked of the ledger, for a look through the door is many of its requests. */
const isIdle = async (agentId: string) =>
  (await world.app.ledger.read("leases", [agentId], "workload")) === undefined;
const work = async (agentId: string) => (await world.call("GET", `/stats?agent_id=${agentId}`)).body.work;
const instances = async () =>
  (await (await world.fetch("/runtime/webhooks/durabletask/instances?top=500")).json()) as {
    name: string;
    instanceId: string;
    runtimeStatus: string;
  }[];

describe("another agent", () => {
  it("has its dataset built in the time of a few steps while forty pipelines are asked for, not behind them all", async () => {
    let steps = 0;
    world = await openWorld(
      {},
      { onCall: ({ function: name }) => (steps += world.app.activityNames.includes(name as never) ? 1 : 0) },
    );
    const input = await desk("busy");
    const post = (address: string, body: object, wait: number) =>
      world.host.fetch(`/api/lightning${address}`, {
        method: "POST",
        headers: { "content-type": "application/json", prefer: `wait=${wait}` },
        body: JSON.stringify(body),
      });
    /** Steps that the engine ran, of whomever, until the build was there. */
    async function build(agent_id: string): Promise<number> {
      const before = steps;
      const built = await post("/datasets/golden", { agent_id, name: "mine", content: golden(0, 30) }, 200);
      expect((await built.json()) as object).toMatchObject({ status: "ready" });
      return steps - before;
    }
    const alone = await world.host.until(build("alone"));
    const asked = Promise.all(
      Array.from({ length: 40 }, (_, seed) =>
        post("/pipelines", { ...input, training: { seed: seed + 1 }, promote: false }, 0),
      ),
    );
    const beside = await world.host.until(asked.then(() => build("beside")));
    expect((await asked).map(({ status }) => status)).toEqual(Array.from({ length: 40 }, () => 202));
    // Its own, and at most as many of each of the two that the other has at work, which may take two at a time.
    expect(beside / alone).toBeLessThanOrEqual(5);
  });
});

describe.each(LEDGERS)("an agent that asks for much, on %s", (_ledger, open) => {
  it("has so many pipelines at work and no more; the others wait in their order, say so, and all end", async () => {
    world = await open({ LIGHTNING_AT_WORK_PER_AGENT: "2" }, { pace: { epochMs: MINUTE_MS } });
    const input = await desk("busy");
    const replies = await ask(input, 6);
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202, 202]);
    expect(replies.map(({ body }) => body.place_in_queue)).toEqual([undefined, undefined, 1, 2, 3, 4]);
    expect(await work("busy")).toEqual({ at_work: 2, waiting: 4, at_work_at_most: 2 });
    const health = (await world.call("GET", "/health")).body;
    expect(health).toMatchObject({ status: "healthy", records: { queued: { busy: 4 } } });
    // The engine knows nothing of what waits.
    const atWork = (await instances()).filter(({ name }) => name === "runPipeline");
    expect(atWork.map(({ instanceId }) => instanceId).toSorted()).toEqual(
      replies
        .slice(0, 2)
        .map(({ body }) => body.pipeline_id)
        .toSorted(),
    );

    const asked = replies.map(({ body }) => body.pipeline_id);
    let most = 0;
    await world.until(async () => {
      const all = await pipelines("busy");
      most = Math.max(most, all.filter(({ status }) => status === "running").length);
      const begun = all.filter(({ status }) => status !== "pending").map(({ id }) => id);
      expect(begun.toSorted()).toEqual(asked.slice(0, begun.length).toSorted());
      return all.every(({ status }) => status === "finished");
    });
    expect(most).toBe(2);
    await world.until(() => isIdle("busy"));
  });

  it("keeps no other agent's work waiting; trainings wait for its pipelines, builds and evaluations for one another", async () => {
    world = await open({ LIGHTNING_AT_WORK_PER_AGENT: "1" }, { pace: { epochMs: MINUTE_MS } });
    const input = await desk("busy");
    const other = await desk("other");
    await ask(input, 1);
    const { agent_id, dataset_id } = input;
    const training = await world.call("POST", "/training", { agent_id, dataset_id, seed: 9 }, NOW);
    expect(training).toMatchObject({ status: 202, body: { status: "pending", place_in_queue: 1 } });
    const build = { agent_id, name: "more", content: golden(5000, 30) };
    const dataset = await world.call("POST", "/datasets/golden", build, NOW);
    expect(dataset.body.place_in_queue).toBeUndefined();
    const next = { agent_id, name: "still more", content: golden(7000, 30) };
    const behind = await world.call("POST", "/datasets/golden", next, NOW);
    expect(behind).toMatchObject({ status: 202, body: { status: "pending", place_in_queue: 1 } });
    const evaluation = { agent_id, candidate: "base", ...input.evaluation };
    const judged = await world.call("POST", "/evaluations", { ...evaluation, baseline: "another" }, NOW);
    expect(judged.body.place_in_queue).toBe(2);
    const look = await world.call("GET", `/training/${training.body.run_id}?agent_id=busy`);
    expect(look.body).toMatchObject({ status: "pending", place_in_queue: 1 });

    const theirs = { agent_id: "other", dataset_id: other.dataset_id };
    const begun = await world.call("POST", "/training", theirs, NOW);
    expect(begun.body).toMatchObject({ status: "running" });
    expect(begun.body.place_in_queue).toBeUndefined();
    await world.until(() => isIdle("busy"));
    expect((await world.call("GET", `/datasets/${dataset.body.dataset_id}?agent_id=busy`)).body.status).toBe(
      "ready",
    );
    expect((await world.call("GET", `/training/${training.body.run_id}?agent_id=busy`)).body.status).toBe(
      "succeeded",
    );
  });

  it("gives up its place while it waits for a person, and needs none to go on", async () => {
    world = await open({ LIGHTNING_AT_WORK_PER_AGENT: "1" });
    const input = await desk("busy");
    const [first, second] = await ask(input, 2, { approval: { required: true }, promote: true });
    await world.until(async () => (await inStatus("busy", "waiting_for_approval")).length === 2);
    await world.until(() => isIdle("busy"));
    for (const reply of [first, second])
      await world.call("POST", `/pipelines/${reply?.body.pipeline_id}/approval`, {
        agent_id: "busy",
        approved: false,
      });
    await world.until(async () => (await inStatus("busy", "finished")).length === 2);
    expect((await pipelines("busy")).map(({ status }) => status)).toEqual(["finished", "finished"]);
  });

  it("is refused with 429 and when to try again once too much of it waits, and nothing is stored then", async () => {
    world = await open(
      { LIGHTNING_AT_WORK_PER_AGENT: "1", LIGHTNING_WAITING_PER_AGENT: "2" },
      { pace: { epochMs: MINUTE_MS } },
    );
    const input = await desk("busy");
    const keyed = () =>
      world.call("POST", "/pipelines", { ...input, name: "mine" }, { ...NOW, "idempotency-key": "mine" });
    const first = await ask(input, 2);
    const mine = await keyed();
    const replies = [...first, mine, ...(await ask(input, 1, { name: "too many" }))];
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202, 429]);
    // Asked again under its key it is the same one, and no more.
    expect(await keyed()).toMatchObject({
      status: 202,
      body: { pipeline_id: mine.body.pipeline_id, place_in_queue: 2 },
    });
    expect(replies[3]?.body).toMatchObject({
      error: { code: "too_many_waiting", field: "agent_id", retry_after_seconds: 30 },
    });
    const response = await world.fetch("/api/lightning/pipelines", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...input, training: { seed: 7 } }),
    });
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "30"]);
    expect(await pipelines("busy")).toHaveLength(3);
  });

  it("with a full line is answered for what is known, and may begin more as soon as one that waits was cancelled", async () => {
    world = await open(
      { LIGHTNING_AT_WORK_PER_AGENT: "1", LIGHTNING_WAITING_PER_AGENT: "2" },
      { pace: { epochMs: MINUTE_MS } },
    );
    const { agent_id, dataset_id, ...rest } = await desk("busy");
    await ask({ agent_id, dataset_id, ...rest }, 1);
    const train = (seed: number) => world.call("POST", "/training", { agent_id, dataset_id, seed }, NOW);
    const [first, second] = [await train(11), await train(12)];
    expect([second.status, second.body.place_in_queue]).toEqual([202, 2]);
    expect((await train(13)).status).toBe(429);
    expect((await train(12)).body).toMatchObject({ run_id: second.body.run_id, place_in_queue: 2 });
    const known = { agent_id, name: "lessons", content: golden(0, 40), test_split: 0 };
    expect(await world.call("POST", "/datasets/golden", known, NOW)).toMatchObject({
      status: 200,
      body: { dataset_id },
    });
    expect((await world.call("POST", "/datasets/golden", { ...known, name: "new" }, NOW)).status).toBe(429);
    await world.call("POST", `/training/${first.body.run_id}/cancel`, { agent_id });
    expect(await work(agent_id)).toMatchObject({ at_work: 1, waiting: 1 });
    expect((await train(12)).body).toMatchObject({ place_in_queue: 1 });
    expect((await train(13)).body).toMatchObject({ place_in_queue: 2 });
  });

  it("loses its place with a training that is cancelled before its turn", async () => {
    world = await open({ LIGHTNING_AT_WORK_PER_AGENT: "1" }, { pace: { epochMs: MINUTE_MS } });
    const input = await desk("busy");
    await ask(input, 1);
    const { agent_id, dataset_id } = input;
    const training = await world.call("POST", "/training", { agent_id, dataset_id, seed: 9 }, NOW);
    const cancelled = await world.call("POST", `/training/${training.body.run_id}/cancel`, { agent_id });
    expect(cancelled.body.status).toBe("cancelled");
    const [last] = await ask(input, 1, { training: { seed: 11 } });
    await world.until(async () => (await inStatus("busy", "finished")).length === 2);
    expect((await pipelines("busy")).map(({ id }) => id)).toContain(last?.body.pipeline_id);
    await world.until(() => isIdle("busy"));
  });
});

describe("what waits", () => {
  it.each([
    [
      "was ended from outside",
      async (ids: readonly string[]) => {
        for (const id of ids.slice(0, 1)) {
          await world.fetch(`/runtime/webhooks/durabletask/instances/${id}/terminate?reason=op`, {
            method: "POST",
          });
          await world.until(async () =>
            (await instances()).every(
              ({ instanceId, runtimeStatus }) => instanceId !== id || runtimeStatus === "Terminated",
            ),
          );
        }
      },
    ],
    ["was interrupted by a restart", async () => world.restart()],
  ])("comes to its turn though whoever was before it %s", async (_what, strike) => {
    world = await openWorld({ LIGHTNING_AT_WORK_PER_AGENT: "1" }, { pace: { epochMs: MINUTE_MS } });
    const input = await desk("busy");
    const replies = await ask(input, 3);
    await strike(replies.map(({ body }) => body.pipeline_id));
    await world.until(async () => (await inStatus("busy", "finished", "failed")).length === 3);
    expect((await inStatus("busy", "finished")).length).toBeGreaterThanOrEqual(2);
    await world.until(() => isIdle("busy"));
  });
});
