import type { Clock } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import { readWatermark } from "../ledger/feed-watermarks.ts";
import { bare, type Ledger, type Stored } from "../ledger/ledger.ts";
import { unlessKind } from "../ledger/races.ts";
import type { Dataset } from "./contract.ts";
import type { DatasetStore } from "./store.ts";

interface Deps {
  readonly ledger: Ledger;
  readonly store: DatasetStore;
  readonly clock: Clock;
  readonly progress?: FeedProgress | undefined;
}

/** How long rewards that keep coming can hold up a build whose last episodes share an instant. */
const SETTLING_MS = 30_000;

/**
 * Whether all that had been recorded when the build was asked for has been scored, and the scores summed up. Scoring
 * gives further rewards: what there is of them at that moment is awaited too, but none that comes after. Both by places
 * in the feeds: no clock has a say.
 */
export async function haveFeedsCaughtUp(deps: Deps, dataset: Stored<Dataset>): Promise<boolean> {
  const { progress } = deps;
  const awaited = dataset.awaited_places ?? {};
  // A request of an earlier version noted no place: then all that is there at this look is awaited.
  const { episodes = await deps.ledger.feedEnd("episodes") } = awaited;
  const scored = (await progress?.hasPassed("episodes", episodes)) ?? "unknown";
  if (scored === "unknown") return saysTheWatermark(deps, dataset);
  const { rewards = scored ? await deps.ledger.feedEnd("rewards") : undefined } = awaited;
  if (episodes !== awaited.episodes || rewards !== awaited.rewards) {
    const reward_count = rewards === undefined ? undefined : await deps.store.countRewards(dataset.agent_id);
    await note(deps, dataset, { awaited_places: defined({ episodes, rewards, reward_count }) });
  }
  if (rewards === undefined) return false;
  const summedUp = (await progress?.hasPassed("rewards", rewards)) ?? "unknown";
  return summedUp === "unknown" ? saysTheWatermark(deps, dataset) : summedUp;
}

/** Kept for the next look, unless somebody changed the manifest meanwhile: that look then notes it anew. */
const note = (
  { store }: Deps,
  dataset: Stored<Dataset>,
  facts: Pick<Dataset, "awaited_places"> | Pick<Dataset, "awaited_rewards">,
) => unlessKind(store.replace(dataset, { ...bare(dataset), ...facts }), "precondition");

/** The same by the newest times that the feeds have handled, where nobody knows the consumers' places. */
async function saysTheWatermark(deps: Deps, dataset: Stored<Dataset>): Promise<boolean> {
  const { ledger, store } = deps;
  if ((await readWatermark(ledger, "episodes")) < dataset.watermark.episodes) return false;
  const halfway = await mayBeHalfway(deps, dataset);
  let awaited = dataset.awaited_rewards;
  if (awaited === undefined || halfway) {
    const newest = await store.newestReward(dataset.agent_id);
    if (newest !== awaited) await note(deps, dataset, { awaited_rewards: newest });
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
