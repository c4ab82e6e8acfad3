import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { readSettings } from "../../src/config/settings.ts";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { generateEpisodes } from "./episodes.ts";

/**
 * How fast, in how much memory, and how smoothly for everything else in the process is a dataset built? Fills a fresh
 * ledger on disk with N rewarded episodes, then runs the build's activities directly, without a host. The ledger is
 * filled by a child process, so that filling it does not count towards this one's memory.
 */
const { values } = parseArgs({
  options: {
    episodes: { type: "string", default: "10000" },
    fill: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const count = Number(values.episodes);

if (values.fill !== undefined) {
  const ledger = openSqliteLedger({ file: values.fill, clock: systemClock });
  for (const batch of generateEpisodes(count, 1000)) {
    for (const result of await ledger.bulk("episodes", "create", batch)) if (!result.ok) throw result.error;
  }
  await ledger.close();
} else await bench();

async function bench(): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "bench-datasets-"));
  try {
    const file = path.join(folder, "ledger.db");
    const { execFileSync } = await import("node:child_process");
    execFileSync(process.execPath, [import.meta.filename, "--episodes", String(count), "--fill", file]);
    await report(file, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function report(file: string, folder: string): Promise<void> {
  const ledger = openSqliteLedger({ file, clock: systemClock });
  const files = folderFiles(path.join(folder, "files"));
  const settings = readSettings({ LIGHTNING_MAX_EXAMPLES: "10000000" });
  const deps = { ledger, files, settings, clock: systemClock, logger: silentLogger };
  const service = createDatasetService(deps);
  const activities = createDatasetActivities(deps);
  const memory = watchMemory();
  const seconds: Record<string, number> = {};
  const waits: Record<string, string> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const loop = watchLoop();
    try {
      return await work();
    } finally {
      seconds[name] = (performance.now() - start) / 1000;
      waits[name] = loop.stop();
    }
  };

  const start = performance.now();
  const prepared = await service.prepare({ agent_id: "bench", name: "bench", min_reward: 0 });
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
  const dataset = await service.get(ref.agent_id, ref.id);
  await ledger.close();

  const result = {
    episodes: count,
    shards: shards.length,
    seconds: round(total),
    ...Object.fromEntries(Object.entries(seconds).map(([name, s]) => [`seconds_${name}`, round(s)])),
    episodes_per_second: Math.round(count / total),
    peak_rss_mb: Math.round(memory.stop() / 2 ** 20),
    start_rss_mb: Math.round(memory.start / 2 ** 20),
    ...Object.fromEntries(Object.entries(waits).map(([name, wait]) => [`loop_wait_ms_${name}`, wait])),
    training_count: dataset.training_count,
    validation_count: dataset.validation_count,
    dropped: dataset.dropped,
    stage_seconds: dataset.seconds,
    leakage: dataset.leakage,
    content_hash: dataset.content_hash,
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    console.table(Object.entries(result).map(([what, figure]) => ({ what, figure: JSON.stringify(figure) })));
}

function round(n: number): number {
  return Math.round(n * 1000) / 1000;
}

function watchMemory() {
  const start = process.memoryUsage.rss();
  let peak = start;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  return {
    start,
    stop() {
      clearInterval(timer);
      return Math.max(peak, process.memoryUsage.rss());
    },
  };
}

/** How late a timer of 5 ms comes: what a request would wait. */
function watchLoop() {
  const waits: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    waits.push(now - last - 5);
    last = now;
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      const sorted = waits.toSorted((a, b) => a - b);
      const at = (share: number) => round(Math.max(0, sorted[Math.floor((sorted.length - 1) * share)] ?? 0));
      return `p99 ${at(0.99)}, max ${at(1)}`;
    },
  };
}
