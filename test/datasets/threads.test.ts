import { mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { readSettings, type Settings } from "../../src/config/settings.ts";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import {
  type BuildThreads,
  createBuildThreads,
  onThreads,
} from "../../src/datasets/threads/build-threads.ts";
import { filesFromSettings } from "../../src/files/from-settings.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ledgerFromSettings } from "../../src/ledger/from-settings.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { AGENT, episode } from "./world.ts";

let folder: string;
let settings: Settings;
let ledger: Ledger;
let threads: BuildThreads;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "threads-"));
  settings = readSettings({ LIGHTNING_HOME: folder, LIGHTNING_DATA_DIR: path.join(folder, "files") });
  ledger = ledgerFromSettings(settings, systemClock, silentLogger);
  threads = createBuildThreads(settings, { most: 2 });
});
afterEach(async () => {
  await threads.close();
  await ledger.close();
  await rm(folder, { recursive: true, force: true });
});

const deps = () => ({
  ledger,
  files: filesFromSettings(settings),
  settings,
  clock: systemClock,
  logger: silentLogger,
});

test("a build on threads has the content of one without, whatever is killed on the way, and leaves no orphan", async () => {
  const episodes = Array.from({ length: 9000 }, (_, n) =>
    episode(n, n % 9 === 0 ? { user_input: "same", assistant_output: "same" } : { session_id: `s${n >> 2}` }),
  );
  for (const result of await ledger.bulk("episodes", "create", episodes)) if (!result.ok) throw result.error;
  const service = createDatasetService(deps());

  async function build(name: string, activities: ReturnType<typeof createDatasetActivities>, kill = 0) {
    const { dataset } = await service.prepare({ agent_id: AGENT, name });
    const ref = { agent_id: AGENT, id: dataset.id };
    await activities.claimDataset({ ...ref, instance_id: dataset.id });
    const { shards } = await activities.planDatasetShards(ref);
    // A step that is lost with its thread is done again, as the orchestration does.
    const again = async <T>(step: () => Promise<T>): Promise<T> => {
      for (let attempt = 0; ; attempt++)
        try {
          return await step();
        } catch (thrown) {
          if (attempt > 5) throw thrown;
        }
    };
    let done = 0;
    const all = Promise.all(
      shards.map(async (shard) => {
        const result = await again(() => activities.buildDatasetShard({ ...ref, shard }));
        if (++done === kill) await threads.kill();
        return result;
      }),
    );
    if (kill > 0) await threads.kill();
    await all;
    const assembling = again(() => activities.assembleDataset({ ...ref, shards: shards.length }));
    if (kill > 0) {
      await new Promise((resolve) => setTimeout(resolve, 150 * kill));
      await threads.kill();
    }
    await assembling;
    const built = await service.get(AGENT, dataset.id);
    const left = (await readdir(path.join(folder, "files", dataset.id))).map((file) =>
      file.replace(/^v\w+_/, ""),
    );
    return {
      content_hash: built.content_hash,
      dropped: built.dropped,
      lineage: built.lineage,
      left: left.toSorted(),
    };
  }

  const plain = await build("v1", createDatasetActivities(deps()));
  // Of each of two sides its lines, its keys and the groups of its lines.
  expect(plain.left).toHaveLength(6);
  const threaded = onThreads(createDatasetActivities(deps()), threads);
  expect(await build("v2", threaded)).toEqual(plain);
  for (const kill of [1, 2, 3]) expect(await build(`vk${kill}`, threaded, kill)).toEqual(plain);
}, 120_000);

test("a fault in a thread is told as it is, and the thread goes on", async () => {
  const ref = { agent_id: AGENT, id: "dataset-none" };
  await expect(threads.run("planDatasetShards", ref)).rejects.toThrow(/has no dataset dataset-none/);
  await expect(threads.run("planDatasetShards", ref)).rejects.toThrow(/has no dataset dataset-none/);
});
