import { toIso } from "../../kernel/clock.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import type { Dataset, Shard } from "../contract.ts";
import { type DatasetStore, inRange } from "../store.ts";

/** Bytes of episodes in a shard: a second or less of work, so that a crash costs little, and the disk's syncs, too. */
const SHARD_BYTES = 16_000_000;
const FEWEST_EPISODES = 50;
const MOST_EPISODES = 8000;
/** A plan is a durable payload and stays under 16 KB: some 13 bytes a shard that goes by its number. */
const MOST_SHARDS = 1000;
/** Episodes whose size is looked at, at either end of the range. */
const SAMPLED = 20;
/** Parts into which a stretch of time with too many episodes is cut. */
const PARTS = 64;

/** Milliseconds, `from` exclusive, `to` inclusive. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly episodes: number;
}

/**
 * Cuts the agent's episodes into ranges of time of about equal size by counting and by a sample's bytes: a stretch with too many is cut
 * into parts, which are counted again. Episodes of one instant stay together.
 */
export async function planEpisodeShards(store: DatasetStore, dataset: Dataset): Promise<Shard[]> {
  const where = inRange(dataset);
  const first = await store.edge(dataset.agent_id, where, "asc");
  const last = await store.edge(dataset.agent_id, where, "desc");
  if (first === undefined || last === undefined) return [{ index: 0 }];
  const count = (from: number, to: number) =>
    store.countEpisodes(dataset.agent_id, inRange(dataset, { from: toIso(from), to: toIso(to) }));
  const whole = { from: Date.parse(first) - 1, to: Date.parse(last) };

  const parts = await cut(whole, count);
  const total = parts.reduce((sum, part) => sum + part.episodes, 0);
  const bytes = await store.usualBytes(dataset.agent_id, where, SAMPLED);
  const fitting = Math.min(MOST_EPISODES, Math.floor(SHARD_BYTES / bytes));
  const size = Math.max(FEWEST_EPISODES, fitting, Math.ceil(total / MOST_SHARDS));
  const fine: Stretch[] = [];
  for (const part of parts) fine.push(...(await small(part, size, count)));
  return joined(fine, size);
}

type Count = (from: number, to: number) => Promise<number>;

async function cut({ from, to }: Pick<Stretch, "from" | "to">, count: Count): Promise<Stretch[]> {
  const step = Math.max(1, Math.ceil((to - from) / PARTS));
  const parts: Stretch[] = [];
  for (let at = from; at < to; at += step) {
    const end = Math.min(to, at + step);
    parts.push({ from: at, to: end, episodes: await count(at, end) });
    await letOthersRun();
  }
  return parts;
}

async function small(stretch: Stretch, size: number, count: Count): Promise<Stretch[]> {
  if (stretch.episodes <= size || stretch.to - stretch.from <= 1) return [stretch];
  const parts: Stretch[] = [];
  for (const part of await cut(stretch, count)) parts.push(...(await small(part, size, count)));
  return parts;
}

/** Neighbours together until they make a shard; the edges of time stay open. */
function joined(stretches: readonly Stretch[], size: number): Shard[] {
  const shards: Shard[] = [];
  let from: string | undefined;
  let episodes = 0;
  for (const [index, stretch] of stretches.entries()) {
    episodes += stretch.episodes;
    const isLast = index === stretches.length - 1;
    if (episodes < size && !isLast) continue;
    const to = isLast ? undefined : toIso(stretch.to);
    shards.push({
      index: shards.length,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
    from = to;
    episodes = 0;
  }
  return shards;
}
