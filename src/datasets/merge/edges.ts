import { type Files, lines } from "../../files/files.ts";
import { toIso } from "../../kernel/clock.ts";
import { isLightningError } from "../../kernel/errors.ts";
import { each, type Ledger } from "../../ledger/ledger.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import type { Dataset, ExampleOrigin, Split } from "../contract.ts";
import { type Candidates, type Entries, KEYS, Walk } from "../shards/candidates.ts";
import type { Origin } from "../shards/shard-file.ts";
import { type Merged, OUT, sideOfCode } from "./merge.ts";
import { References } from "./references.ts";
import { FATES, type Fate, fateCode } from "./select.ts";

/**
 * Why a line is in a dataset, and what it is from: one row a line, and one for each duplicate that gave way to it, in
 * the order of the episodes, so that an episode's page is found by halving. Compact lists, since there may be millions.
 */
export type EdgeRow = readonly [
  /** First 32 hex digits of the line's SHA-256; of a duplicate: of its content. */
  hash: string,
  side: Split | null,
  fate: Fate,
  score: number,
  tokens: number,
  /** Milliseconds; 0: unknown. */
  at: number,
  episodes: readonly string[],
  rewards: readonly string[],
  /** The line that stands in a duplicate's place. */
  leader?: string,
];

interface EdgePage {
  readonly id: string;
  readonly agent_id: string;
  readonly dataset_id: string;
  readonly created_at: string;
  readonly from_at: number;
  readonly to_at: number;
  readonly rows: readonly EdgeRow[];
}

const ROWS = 500;
/** A document is at most 2 MB; rows of pairs with many rewards are longer. */
const PAGE_CHARACTERS = 400_000;
const PAGES_AT_ONCE = 20;
const READ_AT_ONCE = 256 * 1024;

const pageId = (datasetId: string, page: number): string =>
  `edges-${datasetId}-${String(page).padStart(6, "0")}`;

/** Bytes of a hash that name a line in its edge. */
const HASH_BYTES = 16;

export interface Edges {
  readonly pages: number;
  readonly rows: number;
  /** How many examples call each tool. */
  readonly tools: Record<string, number>;
  /** A near-duplicate and the one that stays in its place. */
  readonly near?: { readonly kept: ExampleOrigin; readonly left_out: ExampleOrigin } | undefined;
}

/**
 * Writes the edges of a build; the same build writes the same pages. Counts the tools on the way, and notes where the
 * first near-duplicate and what stays in its place are from.
 */
export async function writeEdges(
  deps: { readonly ledger: Ledger; readonly files: Files },
  dataset: Pick<Dataset, "id" | "agent_id" | "created_at">,
  candidates: Candidates,
  merged: Omit<Merged, "group">,
  origins: readonly string[],
): Promise<Edges> {
  // Without a prototype: a tool may be called `constructor`.
  const tools = Object.create(null) as Record<string, number>;
  let waiting: EdgePage[] = [];
  let rows: EdgeRow[] = [];
  let size = 0;
  let pages = 0;
  let total = 0;
  const nearCode = fateCode("near_duplicate");
  const leftOut = merged.fates.indexOf(nearCode);
  const kept = leftOut < 0 ? -1 : (merged.leaders[leftOut] ?? -1);
  const near: { kept?: ExampleOrigin; left_out?: ExampleOrigin } = {};
  const flush = async () => {
    const results = await deps.ledger.bulk("lineage", "upsert", waiting);
    for (const result of results) if (!result.ok) throw result.error;
    waiting = [];
    await letOthersRun();
  };
  const close = async () => {
    if (rows.length === 0) return;
    const times = rows.map((row) => row[5]);
    waiting.push({
      id: pageId(dataset.id, pages++),
      agent_id: dataset.agent_id,
      dataset_id: dataset.id,
      created_at: dataset.created_at,
      from_at: Math.min(...times),
      to_at: Math.max(...times),
      rows,
    });
    total += rows.length;
    rows = [];
    size = 0;
    if (waiting.length >= PAGES_AT_ONCE) await flush();
  };

  const hashOf = (page: Entries, entry: number) => {
    const at =
      merged.sides[page.from + entry] === OUT ? page.keyAt(entry, KEYS.content) : page.lineHashAt(entry);
    return [at, at + HASH_BYTES] as const;
  };
  const leaders = new References(
    candidates,
    (i) => merged.leaders[i] ?? -1,
    HASH_BYTES,
    (page, entry, to, at) => page.bytes.copy(to, at, ...hashOf(page, entry)),
  );
  const walk = new Walk(candidates);
  let index = 0;
  const memory = new Uint8Array(READ_AT_ONCE);
  try {
    for (const key of origins)
      for await (const text of lines(deps.files.read(key, memory))) {
        const i = index++;
        await walk.next();
        const fate = merged.fates[i] ?? 0;
        const side = sideOfCode(merged.sides[i] ?? 0) ?? null;
        const leader = merged.leaders[i] ?? -1;
        if (side === null && leader < 0 && i !== kept) continue;
        const [episodes, rewards, called, line] = JSON.parse(text) as Origin;
        if (i === leftOut) near.left_out = originOf(episodes, line);
        if (i === kept) near.kept = originOf(episodes, line);
        if (side === null && leader < 0) continue;
        const { page, entry } = walk;
        if (side !== null) for (const tool of called) tools[tool] = (tools[tool] ?? 0) + 1;
        const row: EdgeRow = [
          page.bytes.toString("hex", ...hashOf(page, entry)),
          side,
          FATES[fate] ?? "kept",
          round(page.score(entry)),
          page.tokens(entry),
          page.at(entry),
          episodes,
          rewards,
          ...(leader < 0 ? ([] as const) : ([await leaders.hexFor(i)] as const)),
        ];
        rows.push(row);
        size += text.length + 150;
        if (rows.length >= ROWS || size >= PAGE_CHARACTERS) await close();
      }
  } finally {
    await walk.end();
  }
  await close();
  await flush();
  const pair = near.kept !== undefined && near.left_out !== undefined;
  return { pages, rows: total, tools, ...(pair ? { near: near as Required<typeof near> } : {}) };
}

const originOf = (episodes: readonly string[], line: number | undefined): ExampleOrigin => ({
  ...(line === undefined ? {} : { line }),
  ...(episodes.length === 0 ? {} : { episode_ids: [...episodes] }),
});

const round = (score: number): number => Math.round(score * 1e6) / 1e6;

/** One page of edges; a page that is gone has none. */
export async function edgePage(
  ledger: Ledger,
  dataset: Pick<Dataset, "id" | "agent_id">,
  page: number,
): Promise<readonly EdgeRow[]> {
  const found = await ledger.read<EdgePage>("lineage", [dataset.agent_id], pageId(dataset.id, page));
  return found?.rows ?? [];
}

/** All edges of a dataset, in order. */
export async function* edgesOf(
  ledger: Ledger,
  dataset: Pick<Dataset, "id" | "agent_id" | "lineage">,
): AsyncGenerator<readonly EdgeRow[]> {
  for (let page = 0; page < (dataset.lineage?.pages ?? 0); page++) {
    const found = await ledger.read<EdgePage>("lineage", [dataset.agent_id], pageId(dataset.id, page));
    if (found !== undefined) yield found.rows;
  }
}

/** The rows of one episode: its page is found by the episode's time, by halving; without a time all are read. */
export async function edgesOfEpisode(
  ledger: Ledger,
  dataset: Pick<Dataset, "id" | "agent_id" | "lineage">,
  episodeId: string,
  at: number | undefined,
): Promise<EdgeRow[]> {
  const matching = (rows: readonly EdgeRow[]) => rows.filter((row) => row[6].includes(episodeId));
  const all = async () => {
    const found: EdgeRow[] = [];
    for await (const rows of edgesOf(ledger, dataset)) found.push(...matching(rows));
    return found;
  };
  const pages = dataset.lineage?.pages ?? 0;
  // Pairs stand at the time of one of their episodes, so the other's rows are anywhere.
  if (at === undefined || pages < 4) return await all();
  const read = (page: number) =>
    ledger.read<EdgePage>("lineage", [dataset.agent_id], pageId(dataset.id, page));
  let low = 0;
  let high = pages - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const page = await read(middle);
    if (page === undefined) return await all();
    // Golden rows have no time and stand last.
    if (page.to_at !== 0 && page.to_at < at) low = middle + 1;
    else high = middle;
  }
  const found: EdgeRow[] = [];
  for (let page = low; page < pages; page++) {
    const here = await read(page);
    if (here === undefined || here.from_at > at) break;
    found.push(...matching(here.rows));
  }
  return found;
}

/** Removes what a build that failed wrote. */
export async function removeEdges(ledger: Ledger, agentId: string, datasetId: string): Promise<void> {
  const pages = each<EdgePage>(ledger, "lineage", {
    pk: [agentId],
    where: [
      { field: "id", op: "gte", value: pageId(datasetId, 0) },
      { field: "id", op: "lt", value: `edges-${datasetId}-~` },
    ],
    select: [],
    limit: 100,
  });
  for await (const { id } of pages)
    await ledger.delete("lineage", [agentId], id).catch((thrown: unknown) => {
      if (!isLightningError(thrown) || thrown.kind !== "not_found") throw thrown;
    });
}

/** A row in words. */
export function tellEdge(dataset: Pick<Dataset, "id" | "recipe">, row: EdgeRow) {
  const [hash, side, fate, score, tokens, at, episodes, rewards, leader] = row;
  const least = dataset.recipe.min_reward;
  const isGolden = score === 2;
  const reason =
    fate === "duplicate"
      ? `The same example as ${leader}, which is rewarded as well or better, stands in its place.`
      : fate === "near_duplicate"
        ? `Nearly the same as ${leader}, which is rewarded as well or better and stands in its place.`
        : isGolden
          ? "Somebody wrote it down as right."
          : `Its score ${score} reaches the least one${least === undefined ? "" : ` (${least})`}.`;
  return {
    dataset_id: dataset.id,
    hash,
    split: side,
    fate,
    reason,
    score: isGolden ? null : score,
    tokens,
    ...(at === 0 ? {} : { at: toIso(at) }),
    episode_ids: [...episodes],
    reward_ids: [...rewards],
    ...(leader === undefined ? {} : { stands_for: leader }),
  };
}
export type ToldEdge = ReturnType<typeof tellEdge>;
