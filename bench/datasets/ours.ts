import path from "node:path";
import { readSettings } from "../../src/config/settings.ts";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import { createBuildThreads, onThreads } from "../../src/datasets/threads/build-threads.ts";
import { filesFromSettings } from "../../src/files/from-settings.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ledgerFromSettings } from "../../src/ledger/from-settings.ts";
import { benchArguments } from "../arguments.ts";
import { mb, round, watchLoop, watchMemory } from "./watch.ts";

const { folder, episodes } = benchArguments({
  script: "bench/datasets/ours.ts",
  measures:
    "The build's own steps, as the orchestration calls them, on threads; this thread only waits, as a host's would.",
  takes: {
    folder: { about: "one that fill.ts has filled", standard: "", isPlace: true, isNeeded: true },
    episodes: { about: "how many these are, for the answer", standard: 0, isPlace: true },
  },
  examples: ["FOLDER 100000"],
});
const settings = readSettings({
  LIGHTNING_HOME: folder,
  LIGHTNING_DATA_DIR: path.join(folder, "ours"),
  LIGHTNING_MAX_EXAMPLES: "10000000",
});
const ledger = ledgerFromSettings(settings, systemClock, silentLogger);
const files = filesFromSettings(settings);
const deps = { ledger, files, settings, clock: systemClock, logger: silentLogger };
const service = createDatasetService(deps);
const threads = createBuildThreads(settings);
const activities = onThreads(createDatasetActivities(deps), threads);

const memory = watchMemory();
const loop = watchLoop();
const seconds: Record<string, number> = {};
async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  seconds[name] = round((performance.now() - start) / 1000);
  seconds[`${name}_peak_mb`] = mb(memory.sofar());
  return result;
}
const start = performance.now();
const prepared = await service.prepare({ agent_id: "bench", name: `bench-${Date.now()}`, min_reward: 0 });
const ref = { agent_id: "bench", id: prepared.dataset.id };
await activities.claimDataset({ ...ref, instance_id: ref.id });
const { shards } = await timed("plan", () => activities.planDatasetShards(ref));
await timed("shards", async () => {
  // As many side by side as the orchestration allows.
  const open = [...shards];
  const worker = async () => {
    for (let shard = open.shift(); shard !== undefined; shard = open.shift())
      await activities.buildDatasetShard({ ...ref, shard });
  };
  await Promise.all(Array.from({ length: 20 }, worker));
});
await timed("assemble", () => activities.assembleDataset({ ...ref, shards: shards.length }));
const total = (performance.now() - start) / 1000;
const waits = loop.stop();
const peak = memory.stop();
const { user, system } = process.cpuUsage();
const dataset = await service.get(ref.agent_id, ref.id);
await threads.close();
await ledger.close();
console.log(
  JSON.stringify({
    seconds: round(total),
    cpu_seconds: round((user + system) / 1e6),
    phases: seconds,
    stage_seconds: dataset.seconds,
    rows_per_second: Math.round(episodes / total),
    peak_rss_mb: mb(peak),
    start_rss_mb: mb(memory.start),
    loop: waits,
    shards: shards.length,
    counts: [dataset.training_count, dataset.validation_count],
    dropped: dataset.dropped,
    leakage: dataset.leakage,
    content_hash: dataset.content_hash,
    tokens_counted: dataset.tokens_counted,
    tokens: dataset.token_counts?.sides.train?.tokens,
  }),
);
