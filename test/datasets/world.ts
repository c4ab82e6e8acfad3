import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { readSettings, type Settings } from "../../src/config/settings.ts";
import { createDatasetActivities } from "../../src/datasets/activities.ts";
import type { Dataset, DatasetLine, Split } from "../../src/datasets/contract.ts";
import { buildDatasetInputSchema, buildGoldenInputSchema } from "../../src/datasets/recipe-contract.ts";
import { createDatasetService } from "../../src/datasets/service.ts";
import {
  type Candidate,
  type Candidates,
  ENTRY_BYTES,
  Entries,
} from "../../src/datasets/shards/candidates.ts";
import { IndexWriter } from "../../src/datasets/shards/shard-index.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import type { Files } from "../../src/files/files.ts";
import { folderFiles } from "../../src/files/folder.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { notFound } from "../../src/kernel/errors.ts";
import { sha256 } from "../../src/kernel/hashing.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
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

/** One agent's world over an in-memory ledger, or a given one, and a temporary folder, without a host. */
export async function makeWorld(env: Record<string, string> = {}, given?: Files, kept?: Ledger) {
  const folder = await mkdtemp(path.join(os.tmpdir(), "datasets-"));
  const clock = new VirtualClock("2026-03-01T12:00:00.000Z");
  const ledger = kept ?? openSqliteLedger({ file: ":memory:", clock });
  const files = given ?? folderFiles(folder);
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

/** The value, where a test knows that there is one. */
export function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("there is none");
  return value;
}

/** Examples that are trained on or validated with. */
export const examplesIn = (dataset: Dataset): number =>
  must(dataset.training_count) + must(dataset.validation_count);

/** Candidates that are held in memory, handed out a few at a time, as a build's are read from its files. */
export function heldCandidates(
  given: readonly (Partial<Candidate> & { readonly line?: DatasetLine | undefined })[],
  atOnce = 7,
): Candidates {
  const index = new IndexWriter();
  for (const { line, ...one } of given) {
    const text = JSON.stringify(line ?? one);
    const candidate = {
      contentHash: sha256(text),
      inputKey: sha256(text).slice(0, 16),
      score: 1,
      lineBytes: 1,
    };
    index.add({ ...candidate, tokens: 1, ...one }, createHash("sha256").update(text).digest("binary"));
    if (line !== undefined) index.sign(line);
  }
  const bytes = new Uint8Array(index.bytes);
  async function* pages() {
    for (let from = 0; from < given.length; from += atOnce)
      yield new Entries(from, bytes.slice(from * ENTRY_BYTES, (from + atOnce) * ENTRY_BYTES));
  }
  return { length: given.length, pages };
}

/** Files without a disk, for tests that build hundreds of times. */
export function memoryFiles(): Files {
  const held = new Map<string, Buffer>();
  return {
    async write(key, content) {
      const pieces: Buffer[] = [];
      for await (const piece of content) pieces.push(Buffer.from(piece as Uint8Array));
      const bytes = Buffer.concat(pieces);
      held.set(key, bytes);
      return { key, bytes: bytes.length, sha256: sha256(bytes) };
    },
    async *read(key) {
      const bytes = held.get(key);
      if (bytes === undefined) throw notFound("file_missing", `There is no file "${key}".`);
      // Small pieces, so that lines are cut in the middle.
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
    },
    async readRange(key, from, length) {
      const bytes = held.get(key);
      if (bytes === undefined) throw notFound("file_missing", `There is no file "${key}".`);
      return bytes.subarray(from, from + length);
    },
    async stat(key) {
      const bytes = held.get(key);
      return bytes === undefined ? undefined : { bytes: bytes.length, version: sha256(bytes) };
    },
    list: async (prefix) =>
      [...held.keys()].filter((key) => key.startsWith(prefix)).toSorted((a, b) => a.localeCompare(b)),
    delete: async (key) => void held.delete(key),
    locate: (key) => `memory:${key}`,
  };
}
