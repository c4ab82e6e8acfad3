import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { datasetOperations } from "../../src/datasets/operations.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import type { OperationName } from "../../src/operations.ts";
import { AGENT, chat, episode, makeWorld, must, unjudged, type World } from "./world.ts";

let world: World;
let operations: Operation[];
let started: string[];
/** False: the orchestration never gets anywhere. */
let alive: boolean;
beforeEach(async () => {
  world = await makeWorld({ LIGHTNING_AGENT_ID: AGENT });
  operations = datasetOperations({ ...world, clock: jumpingClock() });
  started = [];
  alive = true;
});
afterEach(() => world.close());

/** Waits take no time. */
function jumpingClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    after(ms, callback) {
      const handle = setImmediate(() => {
        now += ms;
        callback();
      });
      return () => clearImmediate(handle);
    },
  };
}

const context = (): CallContext => ({
  waitMs: 10_000,
  door: "rest",
  orchestrations: {
    async start({ name, instanceId }, input) {
      started.push(`${name} ${instanceId(input)}`);
      const ref = input as { agent_id: string; id: string };
      if (alive) await world.run(await world.service.get(ref.agent_id, ref.id));
    },
    raise: async () => {},
    terminate: async () => {},
    status: async () => undefined,
    urls: (id) => ({ statusQueryGetUri: `http://localhost/${id}` }),
  },
});
const call = async (name: OperationName, input: Record<string, unknown> = {}) => {
  const operation = must(operations.find((each) => each.name === name));
  const reply = await operation.run(parseInput(operation, input), context());
  operation.output.parse(reply.body);
  return reply as typeof reply & { body: Record<string, unknown> };
};

describe("buildDataset", () => {
  test("answers with the design's and the original's names, for the default agent", async () => {
    await world.store(episode(1), episode(2));
    const { body, status } = await call("buildDataset", { name: "v1", min_reward: 0.5 });
    expect(status ?? 200).toBe(200);
    expect(body).toMatchObject({
      success: true,
      agent_id: AGENT,
      name: "v1",
      status: "ready",
      training_count: 1,
      validation_count: 1,
      episode_count: 2,
      reward_threshold: 0.5,
      local_path: expect.stringContaining("v1_train_"),
      validation_path: expect.stringContaining("v1_validation_"),
      content_hash: expect.any(String),
      created_at: expect.any(String),
    });
    expect(body.dataset_id).toBe(body.id);
    expect(started).toEqual([`buildDataset ${String(body.id)}`]);
  });

  test("a finished dataset is answered without starting anything", async () => {
    await world.store(episode(1), episode(2));
    const first = await call("buildDataset", { name: "v1" });
    const again = await call("buildDataset", { name: "v1" });
    expect(again.body).toEqual(first.body);
    expect(started).toHaveLength(1);
  });

  test("work that outlasts the wait answers 202 with where to ask", async () => {
    alive = false;
    await world.store(episode(1));
    const { body, status } = await call("buildDataset", { name: "v1" });
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: "pending", urls: { statusQueryGetUri: expect.any(String) } });
    expect(body.training_count).toBeUndefined();
  });

  test("nothing to learn from is 422 with the reasons", async () => {
    await world.store(unjudged(1));
    await expect(call("buildDataset", { name: "v1" })).rejects.toMatchObject({
      status: 422,
      code: "dataset_empty",
      message: expect.stringContaining("1 had no reward"),
      remedy: expect.any(String),
    });
  });

  test("the least reward is LIGHTNING_MIN_REWARD where none is given", async () => {
    await world.close();
    world = await makeWorld({ LIGHTNING_AGENT_ID: AGENT, LIGHTNING_MIN_REWARD: "0.7" });
    operations = datasetOperations({ ...world, clock: jumpingClock() });
    await world.store(episode(1), episode(2, { reward_avg: 0.6 }));
    expect((await call("buildDataset", { name: "v1" })).body).toMatchObject({
      reward_threshold: 0.7,
      dropped: { below_reward: 1 },
    });
  });

  test("a day as start or end is a whole day of UTC, as in the list of episodes", async () => {
    const at = (day: string, time: string) => ({
      created_at: `${day}T${time}Z`,
      recorded_at: `${day}T${time}Z`,
    });
    const days = ["2026-05-31", "2026-06-01", "2026-06-03", "2026-06-04"];
    const times = ["00:00:00.000", "12:30:00.000", "23:59:59.999"];
    const all = days.flatMap((day) => times.map((time) => at(day, time)));
    await world.store(...all.map((over, n) => episode(n + 1, over)));
    const built = async (start_date: string, end_date: string) =>
      (
        await call("buildDataset", {
          name: `${start_date} ${end_date}`,
          start_date,
          end_date,
          train_split: 1,
        })
      ).body.training_count;
    expect(await built("2026-06-01", "2026-06-03")).toBe(6);
    expect(await built("2026-06-03", "2026-06-03")).toBe(3);
    expect(await built("2026-06-03", "2026-06-03T12:30:00Z")).toBe(2);
  });

  test("unknown fields and dates that are reversed are refused, and nothing is stored", async () => {
    await expect(call("buildDataset", { name: "v1", rewards: 1 })).rejects.toMatchObject({
      code: "invalid_input",
    });
    await expect(
      call("buildDataset", { name: "v1", start_date: "2026-02-01", end_date: "2026-01-01" }),
    ).rejects.toMatchObject({ code: "dates_reversed", field: "start_date" });
    expect((await call("listDatasets")).body).toMatchObject({ datasets_found: 0 });
  });
});

describe("the other operations", () => {
  test("buildGoldenDataset answers like buildDataset", async () => {
    const { body } = await call("buildGoldenDataset", {
      name: "g",
      content: `${chat("a", "b")}\n${chat("c", "d")}`,
    });
    expect(body).toMatchObject({ success: true, training_count: 1, validation_count: 1 });
  });

  test("listDatasets pages through them, newest first", async () => {
    for (const name of ["a", "b", "c"]) {
      await call("buildGoldenDataset", { name, content: chat(name, "x") });
      world.clock.advance(1000);
    }
    const first = await call("listDatasets", { limit: 2 });
    expect(first.body).toMatchObject({ datasets_found: 2, datasets: [{ name: "c" }, { name: "b" }] });
    const second = await call("listDatasets", { limit: 2, continuation: first.body.continuation });
    expect(second.body).toMatchObject({ datasets_found: 1, datasets: [{ name: "a" }] });
    expect(second.body.continuation).toBeUndefined();
  });

  test("getDataset and getDatasetFile show what was built", async () => {
    const { body } = await call("buildGoldenDataset", { name: "g", content: chat("a", "b") });
    expect((await call("getDataset", { id: body.id })).body).toEqual(body);
    const { file, body: about } = await call("getDatasetFile", { dataset_id: body.id, split: "train" });
    expect(about).toMatchObject({ lines: 1, split: "train" });
    const read = async (from: number, bytes: number) => {
      let text = "";
      for await (const piece of must(file).stream(from, bytes)) text += Buffer.from(piece).toString("utf8");
      return text;
    };
    const whole = `${chat("a", "b")}\n`;
    expect(must(file)).toMatchObject({ bytes: whole.length, sha256: sha256(whole) });
    expect(await read(0, whole.length)).toBe(whole);
    expect(await read(3, 5)).toBe(whole.slice(3, 8));
  });

  test("what is not there is 404, what is not yet there 409", async () => {
    await expect(call("getDataset", { dataset_id: "dataset-none" })).rejects.toMatchObject({
      status: 404,
      code: "dataset_not_found",
    });
    const { body } = await call("buildGoldenDataset", { name: "g", content: chat("a", "b") });
    await expect(call("getDatasetFile", { dataset_id: body.id, split: "test" })).rejects.toMatchObject({
      status: 404,
      code: "split_empty",
    });
    alive = false;
    const pending = await call("buildGoldenDataset", { name: "h", content: chat("a", "b") });
    await expect(
      call("getDatasetFile", { dataset_id: pending.body.id, split: "train" }),
    ).rejects.toMatchObject({
      status: 409,
      code: "dataset_not_ready",
    });
  });

  test("another agent's dataset is not there", async () => {
    const { body } = await call("buildGoldenDataset", { name: "g", content: chat("a", "b") });
    await expect(call("getDataset", { agent_id: "other", dataset_id: body.id })).rejects.toMatchObject({
      status: 404,
    });
  });
});
