import type { Episode } from "../../episodes/contract.ts";
import { PENALTY_SOURCES, type RewardSource } from "../../rewards/contract.ts";

type Judged = Pick<Episode, "reward_avg" | "reward_by_source">;

/**
 * The episode's score: the aggregate's mean of judgements, or the mean over the chosen sources alone. Penalties are no
 * judgement: they count only where nothing but penalties was chosen. Undefined: nobody judged it.
 */
export function scoreOf(episode: Judged, sources: readonly RewardSource[] | undefined): number | undefined {
  if (sources === undefined) return episode.reward_avg;
  return (
    meanOver(
      episode,
      sources.filter((source) => !PENALTY_SOURCES.includes(source)),
    ) ?? meanOver(episode, sources)
  );
}

function meanOver(episode: Judged, sources: readonly RewardSource[]): number | undefined {
  let count = 0;
  let sum = 0;
  for (const source of sources) {
    const of = episode.reward_by_source?.[source];
    count += of?.count ?? 0;
    sum += of?.sum ?? 0;
  }
  return count === 0 ? undefined : sum / count;
}

/** Golden examples stand before every episode: somebody wrote down what is right. */
export const GOLDEN_SCORE = 2;
