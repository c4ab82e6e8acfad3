import type { Ledger, Page } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import { standingCorrections, standingRewards } from "../rewards/standing.ts";
import { createRewardStore } from "../rewards/store.ts";
import type { ReviewItem } from "./contract.ts";

/** A correction that stands, beside all rewards of its episode that do. */
export interface FoundCorrection {
  readonly reward: Reward;
  readonly standing: readonly Reward[];
}
/** Review items that bear a correction, newest first. */
export interface CorrectedItems {
  corrected(agentId: string, limit: number, after?: string): Promise<Page<ReviewItem>>;
}
interface FoundPage {
  readonly found: readonly FoundCorrection[];
  readonly continuation?: string | undefined;
}

/** Of a continuation: behind the rewards that bear the mark come those of earlier versions. */
const OLDER = "older:";

/**
 * The corrections of an agent that stand, whichever door they came by, newest first. A reward that corrects bears a mark;
 * those of earlier versions have none and are found by the review items of their episodes, after the others.
 */
export function createCorrectionFinder(ledger: Ledger, store: CorrectedItems) {
  const rewards = createRewardStore(ledger);

  const ofEpisode = async (agentId: string, episodeId: string): Promise<FoundCorrection[]> => {
    const judgements = await rewards.ofEpisode(agentId, episodeId);
    const standing = standingRewards(judgements);
    return standingCorrections(judgements).map((reward) => ({ reward, standing }));
  };

  async function marked(agentId: string, limit: number, after?: string): Promise<FoundPage> {
    const some = await rewards.corrections(agentId, limit, after);
    const known = new Map<string, Promise<FoundCorrection[]>>();
    const found: FoundCorrection[] = [];
    for (const { id, episode_id } of some.items) {
      const standing = known.get(episode_id) ?? ofEpisode(agentId, episode_id);
      known.set(episode_id, standing);
      found.push(...(await standing).filter(({ reward }) => reward.id === id));
    }
    return { found, continuation: some.continuation ?? OLDER };
  }

  async function older(agentId: string, limit: number, after?: string): Promise<FoundPage> {
    const some = await store.corrected(agentId, limit, after);
    const found = (await Promise.all(some.items.map((item) => ofEpisode(agentId, item.episode_id)))).flat();
    return {
      found: found.filter(({ reward }) => reward.corrected !== true),
      continuation: some.continuation === undefined ? undefined : `${OLDER}${some.continuation}`,
    };
  }

  const onePage = (agentId: string, limit: number, after?: string): Promise<FoundPage> =>
    after?.startsWith(OLDER) === true
      ? older(agentId, limit, after.slice(OLDER.length) || undefined)
      : marked(agentId, limit, after);

  /** One page; never an empty one with another behind it. */
  async function page(agentId: string, limit: number, after?: string): Promise<FoundPage> {
    let next = await onePage(agentId, limit, after);
    while (next.found.length === 0 && next.continuation !== undefined)
      next = await onePage(agentId, limit, next.continuation);
    return next;
  }

  async function* all(agentId: string): AsyncGenerator<FoundCorrection> {
    let after: string | undefined;
    do {
      const next = await page(agentId, 100, after);
      yield* next.found;
      after = next.continuation;
    } while (after !== undefined);
  }

  return { page, all };
}
