import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import type { Files } from "../../src/files/files.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { AGENT, chat, episode, makeWorld, memoryFiles, type World } from "./world.ts";

class Crash extends Error {}

/** Fails at the `at`-th call that goes through it: before the call is applied, or after (the answer is lost). */
function faulty<T extends object>(port: T, count: { calls: number; at: number; after: boolean }): T {
  return new Proxy(port, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const due = ++count.calls === count.at;
        if (due && !count.after) throw new Crash("killed");
        const result: unknown = Reflect.apply(member, target, args);
        if (!due || !(result instanceof Promise)) return result;
        return result.then(() => Promise.reject(new Crash("killed")));
      };
    },
  });
}

/** A step that is killed runs again, as the orchestration would have it. */
async function again<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    return await step();
  }
}

/** Runs the build and answers how many calls it made. */
async function build(world: World, id: string, fault?: { at: number; after: boolean }): Promise<number> {
  const count = { calls: 0, at: fault?.at ?? 0, after: fault?.after ?? false };
  const activities = createDatasetActivities({
    ledger: faulty<Ledger>(world.ledger, count),
    files: faulty<Files>(world.files, count),
    settings: world.settings,
    clock: world.clock,
    logger: silentLogger,
  });
  const ref = { agent_id: AGENT, id };
  await again(() => activities.claimDataset({ ...ref, instance_id: id }));
  const { shards } = await again(() => activities.planDatasetShards(ref));
  for (const shard of shards) await again(() => activities.buildDatasetShard({ ...ref, shard }));
  await again(() => activities.assembleDataset({ ...ref, shards: shards.length }));
  return count.calls;
}

describe("a build that is killed", () => {
  let world: World;
  let goldenId: string;
  /** Of an undisturbed build. */
  let undisturbed = 0;
  beforeAll(async () => {
    world = await makeWorld({}, memoryFiles());
    const same = { user_input: "same", assistant_output: "same" };
    await world.store(...Array.from({ length: 40 }, (_, n) => episode(n, n % 5 === 0 ? same : {})));
    const golden = Array.from({ length: 8 }, (_, n) => chat(`golden ${n}`, "x")).join("\n");
    goldenId = (await world.golden(golden, { test_split: 0.3 })).id;
  });
  afterAll(() => world.close());

  async function outcome(name: string, fault?: { at: number; after: boolean }) {
    const wanted = { agent_id: AGENT, name, test_split: 0.2, include_golden: [goldenId] };
    const { id } = (await world.service.prepare(wanted)).dataset;
    const calls = await build(world, id, fault);
    const { status, content_hash, dropped, files } = await world.service.get(AGENT, id);
    const sums = Object.values(files ?? {}).map((file) => file.sha256);
    const stored = (await world.files.list(`${id}/`)).map((key) => key.slice(id.length + 1));
    return { calls, end: { status, content_hash, dropped, sums, stored } };
  }

  test.each([
    ["before the call is carried out", false],
    ["after it, so that its answer is lost", true],
  ])(
    "at any call to the ledger or the files, %s, ends with the same content and no file too many",
    async (_when, after) => {
      const calm = await outcome("v1");
      expect(calm.end).toMatchObject({ status: "ready", dropped: { duplicate: 7 } });
      expect(calm.end.stored).toHaveLength(9);
      expect(Math.max(calm.calls, undisturbed)).toBeGreaterThan(20);
      undisturbed = Math.max(calm.calls, undisturbed);
      for (let at = 1; at <= undisturbed; at++) {
        // The same name in another case: the same slug, another dataset.
        const { end } = await outcome(`${after ? "V" : "v"}1${" ".repeat(at)}`, { at, after });
        expect({ at, ...end }).toEqual({ at, ...calm.end });
      }
    },
  );
});
