import type { Clock } from "../kernel/clock.ts";
import { readWatermark } from "../ledger/feed-watermarks.ts";
import type { Ledger, Stored } from "../ledger/ledger.ts";
import type { Dataset } from "./contract.ts";
import { type DatasetStore, unlessChanged } from "./store.ts";

interface Deps {
  readonly ledger: Ledger;
  readonly store: DatasetStore;
  readonly clock: Clock;
}

/** How long rewards that keep coming can hold up a build whose last episodes share an instant. */
const SETTLING_MS = 30_000;

/**
 * Whether all that the dataset's watermark covers has been scored, and the scores summed up. Scoring gives further
 * rewards: the newest of them at that moment is awaited too, but none that comes after.
 */
export async function haveFeedsCaughtUp(deps: Deps, dataset: Stored<Dataset>): Promise<boolean> {
  const { ledger, store } = deps;
  if ((await readWatermark(ledger, "episodes")) < dataset.watermark.episodes) return false;
  const halfway = await mayBeHalfway(deps, dataset);
  let awaited = dataset.awaited_rewards;
  if (awaited === undefined || halfway) {
    const newest = await store.newestReward(dataset.agent_id);
    if (newest !== awaited) await unlessChanged(store.update(dataset, { awaited_rewards: newest }));
    if (halfway && newest !== awaited) return false;
    awaited = newest;
  }
  return (await readWatermark(ledger, "rewards")) >= awaited;
}

/**
 * Episodes recorded together share their instant, and the feed may have handled only some of them: then its watermark
 * says the same as if it had handled all. Such a build waits until a further look finds no further reward.
 */
async function mayBeHalfway({ store, clock }: Deps, dataset: Dataset): Promise<boolean> {
  if (clock.now() - Date.parse(dataset.created_at) > SETTLING_MS) return false;
  const last = { field: "recorded_at", op: "eq", value: dataset.watermark.episodes } as const;
  return (await store.countEpisodes(dataset.agent_id, [last])) > 1;
}
