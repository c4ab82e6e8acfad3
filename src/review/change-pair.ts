import { type Clock, toIso } from "../kernel/clock.ts";
import { unavailable } from "../kernel/errors.ts";
import { bare } from "../ledger/ledger.ts";
import { retryRaces } from "../ledger/races.ts";
import type { Reviewer, ReviewItem } from "./contract.ts";
import type { Pair } from "./moves.ts";
import { itemId, type ReviewStore, reviewerId } from "./store.ts";

/** Each lost race is somebody else's change that got through: as many as may review one episode at one moment. */
const ATTEMPTS = 100;

/** Who is asked about which episode. */
interface Subject {
  readonly agentId: string;
  readonly episodeId: string;
  readonly reviewer: string;
}

/**
 * Changes an item and its reviewer in one transaction; reads both again and retries when somebody was faster. `move`
 * answers undefined to leave both as they are; it may be called several times, so it has no side effects that last.
 * @throws unavailable `review_contended`
 */
export type ChangePair = (
  subject: Subject,
  move: (pair: Pair) => Pair | undefined,
) => Promise<Pair | undefined>;

export function createChangePair(store: ReviewStore, clock: Pick<Clock, "now">): ChangePair {
  return async ({ agentId, episodeId, reviewer }, move) => {
    const once = async () => {
      const [item, person] = await Promise.all([
        store.item(agentId, episodeId),
        store.reviewer(agentId, reviewer),
      ]);
      const now = toIso(clock.now());
      const moved = move({
        item: item === undefined ? newItem(agentId, episodeId, now) : bare(item),
        person: person === undefined ? newReviewer(agentId, reviewer, now) : bare(person),
      });
      if (moved === undefined) return undefined;
      const changes = [
        { from: item, to: withLeasedUntil(moved.item) },
        { from: person, to: moved.person },
      ];
      await store.save(agentId, changes);
      return moved;
    };
    return retryRaces(once, {
      attempts: ATTEMPTS,
      contended: () =>
        unavailable("review_contended", "Others are changing this episode's review at the same time.", {
          retryAfterMs: 200,
        }),
    });
  };
}

const newItem = (agentId: string, episodeId: string, now: string): ReviewItem => ({
  id: itemId(episodeId),
  type: "review_item",
  agent_id: agentId,
  episode_id: episodeId,
  labels: [],
  skipped: [],
  leases: [],
  corrected: false,
  created_at: now,
});

const newReviewer = (agentId: string, reviewer: string, now: string): Reviewer => ({
  id: reviewerId(reviewer),
  type: "reviewer",
  agent_id: agentId,
  reviewer,
  done: [],
  labelled: 0,
  created_at: now,
});

/** Sets the field that reservations are queried by, from the leases; earlier versions stored a status as well. */
function withLeasedUntil(item: ReviewItem & { readonly status?: unknown }): ReviewItem {
  const { leased_until: _before, status: _follows, ...rest } = item;
  const last = item.leases
    .map(({ until }) => until)
    .toSorted()
    .at(-1);
  return last === undefined ? rest : { ...rest, leased_until: last };
}
