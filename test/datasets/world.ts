import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { readSettings, type Settings } from "../../src/config/settings.ts";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import {
  buildDatasetInputSchema,
  buildGoldenInputSchema,
  type Dataset,
  type Split,
} from "../../src/datasets/contract.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";

export const AGENT = "agent-1";

/** A stored episode with a good reward; `n` makes it different from others. */
export function episode(n: number, over: Partial<Episode> = {}): Episode {
  const at = new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();
  return {
    id: `ep-${String(n).padStart(6, "0")}`,
    agent_id: AGENT,
    user_input: `Question ${n}`,
    assistant_output: `Answer ${n}`,
    tool_calls: [],
    tool_names: [],
    metadata: {},
    created_at: at,
    recorded_at: at,
    redaction: { version: "1", counts: {} },
    schema_version: 1,
    ...rewarded(1),
    ...over,
  };
}

/** The aggregate of one human judgement. */
export const rewarded = (value: number): Partial<Episode> => ({
  reward_count: 1,
  reward_sum: value,
  reward_avg: value,
  reward_sources: ["human_approval"],
  reward_by_source: {
    human_approval: { count: 1, sum: value, latest_at: "2026-01-02T00:00:00.000Z" },
  },
});

/** An episode that nobody judged. */
export function unjudged(n: number): Episode {
  const {
    reward_count: _c,
    reward_sum: _s,
    reward_avg: _a,
    reward_sources: _r,
    reward_by_source: _b,
    ...rest
  } = episode(n);
  return rest;
}

/** One agent's world over an in-memory ledger and a temporary folder, without a host. */
export async function makeWorld(env: Record<string, string> = {}) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "datasets-"));
  const clock = new VirtualClock("2026-03-01T12:00:00.000Z");
  const ledger = openSqliteLedger({ file: ":memory:", clock });
  const files = folderFiles(folder);
  const settings: Settings = readSettings(env);
  const service = createDatasetService({ ledger, files, settings, clock });
  const activities = createDatasetActivities({ ledger, files, settings, clock, logger: silentLogger });

  /** What the orchestration does, step by step. */
  async function run(dataset: Dataset): Promise<Dataset> {
    const ref = { agent_id: dataset.agent_id, id: dataset.id };
    await activities.claimDataset({ ...ref, instance_id: dataset.id });
    const { shards } = await activities.planDatasetShards(ref);
    for (const shard of shards) await activities.buildDatasetShard({ ...ref, shard });
    const end = await activities.assembleDataset({ ...ref, shards: shards.length });
    if (end.kind === "rejected")
      await activities.failDataset({ ...ref, code: end.code, message: end.message });
    return await service.get(dataset.agent_id, dataset.id);
  }

  return {
    folder,
    clock,
    ledger,
    files,
    settings,
    service,
    activities,
    run,
    store: async (...episodes: Episode[]) => {
      const results = await ledger.bulk("episodes", "upsert", episodes);
      for (const result of results) if (!result.ok) throw result.error;
    },
    build: async (input: Record<string, unknown> = {}) => {
      const parsed = buildDatasetInputSchema.parse({ agent_id: AGENT, name: "v1", ...input });
      return await run((await service.prepare(parsed)).dataset);
    },
    golden: async (content: string, input: Record<string, unknown> = {}) => {
      const parsed = buildGoldenInputSchema.parse({ agent_id: AGENT, name: "golden", content, ...input });
      return await run((await service.prepareGolden(parsed)).dataset);
    },
    linesOf: async (dataset: Dataset, split: Split): Promise<string[]> => {
      const key = dataset.files?.[split]?.key;
      if (key === undefined) return [];
      let text = "";
      for await (const piece of files.read(key)) text += Buffer.from(piece).toString("utf8");
      return text.split("\n").slice(0, -1);
    },
    close: async () => {
      await ledger.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
export type World = Awaited<ReturnType<typeof makeWorld>>;

export const chat = (question: string, answer: string): string =>
  JSON.stringify({
    messages: [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ],
  });
