import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { readSettings } from "../../src/config/settings.ts";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { CONTAINER_KEYS, type ContainerKey } from "../../src/ledger/containers.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import type { LedgerDocument } from "../../src/ledger/ledger.ts";
import { createOverviewService } from "../../src/overview/service.ts";
import { startFakeCosmos } from "../../test/fakes/cosmos/server.ts";

import { benchArguments } from "../arguments.ts";

const { episodes: COUNT } = benchArguments({
  script: "bench/ledger/splits.ts",
  measures:
    "What a split of the partitions in the middle of a bulk write, an overview, a feed and a dataset build costs, on the emulated Cosmos DB. See README.md.",
  takes: { episodes: { about: "how many a dataset is built from", standard: 20_000, isPlace: true } },
  examples: ["", "2000"],
});
const AGENT = "bench";
const START = Date.parse("2026-01-01T00:00:00.000Z");
const at = (n: number) => new Date(START + n * 1000).toISOString();

const cosmos = await startFakeCosmos();
const settings = readSettings({
  COSMOS_ACCOUNT_URI: cosmos.endpoint,
  COSMOS_AUTH_MODE: "key",
  COSMOS_ACCOUNT_KEY: cosmos.key,
  LIGHTNING_MAX_EXAMPLES: "10000000",
});
await provisionCosmos(settings);
const ledger = openCosmosLedger({ settings, clock: systemClock });
const folder = await mkdtemp(path.join(os.tmpdir(), "bench-splits-"));

interface Told {
  readonly seconds: number;
  readonly requests: number;
  readonly answer: unknown;
}

/** Does some work, with the partitions split once when half as many requests were sent as it takes without. */
async function told(work: () => Promise<unknown>, splitAt?: number): Promise<Told> {
  const from = cosmos.requests.length;
  cosmos.knobs.onRequest = () => {
    if (cosmos.requests.length - from === splitAt) cosmos.split();
  };
  const began = performance.now();
  const answer = await work();
  const seconds = (performance.now() - began) / 1000;
  cosmos.knobs.onRequest = undefined;
  return { seconds, requests: cosmos.requests.length - from, answer };
}

/**
 * The same work without and with a split. What is short is done once before, which opens the connections, and once
 * after, as twice the partitions are asked from then on.
 */
async function beside(what: string, work: (run: string) => Promise<unknown>, isShort = true): Promise<void> {
  if (isShort) await work("warm");
  const quiet = await told(() => work("quiet"));
  const split = await told(() => work("split"), Math.max(1, quiet.requests >> 1));
  const after = isShort ? await told(() => work("after")) : undefined;
  const isSame = JSON.stringify(quiet.answer) === JSON.stringify(split.answer);
  const cell = ({ seconds, requests }: Told) =>
    `${seconds.toFixed(2).padStart(8)} s ${String(requests).padStart(7)} requests`;
  console.log(
    `${what.padEnd(34)} ${cell(quiet)}   with a split ${cell(split)}   ${(split.seconds / quiet.seconds).toFixed(2)} times${after === undefined ? "" : `   then ${cell(after)}`}   ${isSame ? "the same answer" : "ANOTHER ANSWER"}`,
  );
}

async function store(c: ContainerKey, documents: readonly LedgerDocument[]): Promise<number> {
  const results = await ledger.bulk(c, "create", documents);
  for (const result of results) if (!result.ok) throw result.error;
  return results.length;
}
const plain = (agent_id: string, n: number) => ({
  id: `ep-${n}`,
  agent_id,
  created_at: at(n),
  recorded_at: at(n),
  text: "word ".repeat(200),
});

await beside("a bulk of 1,000", (run) =>
  store(
    "episodes",
    Array.from({ length: 1_000 }, (_, n) => plain(`bulk-${run}`, n)),
  ),
);
await beside("every container counted", () => Promise.all(CONTAINER_KEYS.map((c) => ledger.count(c, {}))));
const overview = createOverviewService({
  ledger,
  provider: { kind: "local", ping: async () => {} },
  settings,
  clock: systemClock,
  workOf: async () => ({ at_work: 0, waiting: 0, at_work_at_most: 2 }),
  selector: { selectModel: async () => ({ model: "base", source: "base", stale: false }) },
  deployments: { readActive: async () => null, baseModel: () => "base" },
});
await beside("an overview", async () => (await overview.stats("bulk-quiet")).statistics);
await beside("the feed of all changes", async () => {
  const seen = new Set<string>();
  for (let after: string | undefined; ; ) {
    const page = await ledger.changes<LedgerDocument & { agent_id: string }>("episodes", {
      after,
      limit: 100,
    });
    for (const { agent_id, id } of page.items) seen.add(`${agent_id} ${id}`);
    after = page.continuation;
    if (page.drained) return seen.size;
  }
});

const episode = (n: number) => ({
  id: `ep-${String(n).padStart(6, "0")}`,
  agent_id: AGENT,
  user_input: `Question ${n}`,
  assistant_output: `Answer ${n}`,
  tool_calls: [],
  tool_names: [],
  metadata: {},
  created_at: at(n),
  recorded_at: at(n),
  redaction: { version: "1", counts: {} },
  schema_version: 1,
  reward_count: 1,
  reward_sum: 1,
  reward_avg: 1,
  reward_sources: ["human_approval"],
  reward_by_source: { human_approval: { count: 1, sum: 1, latest_at: at(n) } },
});
for (let n = 0; n < COUNT; n += 1_000)
  await store(
    "episodes",
    Array.from({ length: Math.min(1_000, COUNT - n) }, (_, m) => episode(n + m)),
  );
const deps = {
  ledger,
  files: folderFiles(folder),
  settings,
  clock: systemClock,
  logger: silentLogger,
};
const service = createDatasetService(deps);
const activities = createDatasetActivities(deps);
await beside(
  `a dataset of ${COUNT.toLocaleString("en-US")} episodes`,
  async (run) => {
    const prepared = await service.prepare({ agent_id: AGENT, name: run, min_reward: 0 });
    const ref = { agent_id: AGENT, id: prepared.dataset.id };
    await activities.claimDataset({ ...ref, instance_id: ref.id });
    const { shards } = await activities.planDatasetShards(ref);
    const open = [...shards];
    const worker = async () => {
      for (let shard = open.shift(); shard !== undefined; shard = open.shift())
        await activities.buildDatasetShard({ ...ref, shard });
    };
    await Promise.all(Array.from({ length: 5 }, worker));
    await activities.assembleDataset({ ...ref, shards: shards.length });
    const { content_hash, status } = await service.get(AGENT, ref.id);
    return { content_hash, status };
  },
  false,
);

await ledger.close();
await cosmos.close();
await rm(folder, { recursive: true, force: true });
