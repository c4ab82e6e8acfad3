import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import type { Dataset } from "../../src/datasets/contract.ts";
import type { Files } from "../../src/files/files.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { raiseWatermark } from "../../src/ledger/feed-watermarks.ts";
import { buildDataset } from "../../src/loop/build-dataset.ts";
import { orchestrate, type Worker } from "../support/orchestrate.ts";
import { AGENT, episode, makeWorld, memoryFiles, must, unjudged, type World } from "./world.ts";

let world: World;
/** What was written under each key, how often. */
let written: Map<string, number>;
beforeEach(async () => {
  written = new Map();
  const files = memoryFiles();
  const counting: Files = {
    ...files,
    write: (key, content) => {
      written.set(key, (written.get(key) ?? 0) + 1);
      return files.write(key, content);
    },
  };
  world = await makeWorld({}, counting);
  // Episodes so long that a few hundred make several shards.
  const long = (n: number) => ({ metadata: { note: "x".repeat(60_000) }, user_input: `Question ${n % 290}` });
  await world.store(
    ...Array.from({ length: 600 }, (_, n) =>
      n % 10 === 9 ? { ...unjudged(n), ...long(n) } : episode(n, long(n)),
    ),
  );
  // What the feeds would have put down: all is scored.
  for (const feed of ["episodes", "rewards"] as const)
    await raiseWatermark(world.ledger, feed, "2026-03-01T12:00:00.000Z");
});
afterEach(() => world.close());

/** Builds as the engine would; a process dies at its so manyth step, in the middle of it or with its answer lost. */
async function built(
  name: string,
  dies: readonly { at: number; after: boolean }[] = [],
  { settings = world.settings, answered = (_step: string, value: unknown) => value } = {},
) {
  const { dataset } = await world.service.prepare({ agent_id: AGENT, name });
  const statuses: unknown[] = [];
  let steps = 0;
  const newWorker = async (): Promise<Worker> => {
    const activities = createDatasetActivities({
      ledger: world.ledger,
      files: world.files,
      settings,
      clock: world.clock,
      logger: silentLogger,
    });
    let die = () => {};
    const died = new Promise<"died">((resolve) => {
      die = () => resolve("died");
    });
    return {
      died,
      async run(step, input) {
        steps++;
        const due = dies.find(({ at }) => at === steps);
        const answer = async () => {
          const perform = activities[step as keyof typeof activities] as (given: unknown) => unknown;
          const value = answered(step, await perform(input));
          return step === "buildDatasetShard" ? { ok: true, value } : value;
        };
        if (due !== undefined) {
          if (due.after) await answer();
          die();
          return await new Promise(() => {});
        }
        return await answer();
      },
    };
  };
  const result = await orchestrate(buildDataset, {
    input: { agent_id: AGENT, id: dataset.id },
    instanceId: dataset.id,
    clock: world.clock,
    newWorker,
    onStatus: (status) => statuses.push(status),
  });
  return { result, statuses, steps, dataset: await world.service.get(AGENT, dataset.id) };
}
const sums = (dataset: Dataset) => Object.values(must(dataset.files)).map((file) => file.sha256);

test("a build's status tells of each wave what was read, kept and left out by reason", async () => {
  const { result, statuses, dataset } = await built("v1");
  expect(result).toEqual({ status: "ready" });
  const read = { episodes_read: 600, examples_kept: 540, dropped: { no_reward: 60 } };
  const shards = (statuses as { step: string; shards?: number }[]).find(({ step }) => step === "shards");
  expect(must(shards).shards).toBeGreaterThan(1);
  expect(statuses).toEqual([
    { step: "shards", shards: shards?.shards, shards_done: shards?.shards, ...read },
    { step: "assembling", ...read },
    { step: "ready", training_count: dataset.training_count },
  ]);
});

test("no more shards are asked for side by side than the setting says; a plan that does not say goes on as it began", async () => {
  const waves = (statuses: readonly unknown[]) =>
    (statuses as { step: string; shards_done?: number }[]).flatMap(({ step, shards_done }) =>
      step === "shards" ? [shards_done] : [],
    );
  const settings = { ...world.settings, shardsAtOnce: 1 };
  const narrow = await built("narrow", [], { settings });
  const shards = waves(narrow.statuses).length;
  expect(shards).toBeGreaterThan(1);
  expect(waves(narrow.statuses)).toEqual(Array.from({ length: shards }, (_, wave) => wave + 1));
  // An instance that was planned before plans said it: its history has one wave of them all.
  const answered = (step: string, value: unknown) =>
    step === "planDatasetShards" ? { shards: (value as { shards: unknown }).shards } : value;
  const old = await built("old", [], { settings, answered });
  expect(waves(old.statuses)).toEqual([shards]);
  expect(old.dataset.content_hash).toBe(narrow.dataset.content_hash);
});

test("a process that dies at any step of a build repeats no shard that was whole, and nothing differs in the end", async () => {
  const calm = await built("calm");
  const wholeAt = (id: string) =>
    [...written].filter(([key]) => key.startsWith(`${id}/build_`) && key.endsWith(".jsonl"));
  expect(wholeAt(calm.dataset.id).length).toBeGreaterThan(1);
  expect(calm.steps).toBeGreaterThan(6);
  for (let at = 1; at <= calm.steps; at++)
    for (const after of [false, true]) {
      const killed = await built(`killed ${at} ${after}`, [{ at, after }]);
      expect(killed.result).toEqual(calm.result);
      expect(killed.dataset.content_hash).toBe(calm.dataset.content_hash);
      expect(sums(killed.dataset)).toEqual(sums(calm.dataset));
      for (const [key, times] of wholeAt(killed.dataset.id))
        expect({ key, times, at }).toMatchObject({ times: 1 });
      expect(await world.files.list(`${killed.dataset.id}/`)).toHaveLength(6);
    }
}, 60_000);
