import type { Settings } from "../config/settings.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { invalid } from "../kernel/errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { RewardService } from "../rewards/service.ts";
import { createChangePair } from "./change-pair.ts";
import type { ReviewRules } from "./contract.ts";
import { createCorrections } from "./corrections.ts";
import { createDraw } from "./draw.ts";
import { createJudgements } from "./judgements.ts";
import { createOffers } from "./offers.ts";
import { aliveLeases } from "./rules.ts";
import { createReviewStore } from "./store.ts";

export interface ReviewDeps {
  readonly ledger: Ledger;
  readonly rewards: Pick<RewardService, "assign" | "withdraw" | "isTakenBack">;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
  /** Draws rules by weight and episodes; Math.random unless a test gives its own. */
  readonly random?: (() => number) | undefined;
}

/** Rules to change; what is left out stays as it is, in the sampling weights too. */
export type RulesChange = Partial<Omit<ReviewRules, "sampling">> & {
  readonly sampling?: Partial<ReviewRules["sampling"]>;
};

export type ReviewService = ReturnType<typeof createReviewService>;

export function createReviewService({ ledger, rewards, clock, random = Math.random }: ReviewDeps) {
  const store = createReviewStore(ledger, clock);
  const episodes = createEpisodeStore(ledger);
  const change = createChangePair(store, clock);
  const judgements = createJudgements({ store, episodes, rewards, change, clock });
  const draw = createDraw(store, clock, random);
  const now = () => toIso(clock.now());

  return {
    next: createOffers({ store, episodes, draw, change, release: judgements.release, clock }),
    ...judgements,
    corrections: createCorrections({ ledger, store }),

    /** @throws invalid `no_sampling` when every weight is 0 */
    async changeRules(agentId: string, asked: RulesChange, by: string | undefined): Promise<ReviewRules> {
      return store.changeRules(agentId, by, now(), (before) => {
        const rules = { ...before, ...asked, sampling: { ...before.sampling, ...asked.sampling } };
        if (Object.values(rules.sampling).every((weight) => weight === 0))
          throw invalid("no_sampling", "At least one sampling rule needs a weight above 0.", {
            field: "sampling",
          });
        return rules;
      });
    },

    rules: (agentId: string): Promise<ReviewRules> => store.rules(agentId),

    /** What waits, who has what in hand, and who has done how much. */
    async queue(agentId: string) {
      const at = now();
      const rules = await store.rules(agentId);
      const [counts, leased, people] = await Promise.all([
        store.counts(agentId, rules),
        store.leased(agentId, at),
        store.reviewers(agentId),
      ]);
      return {
        ...counts,
        waiting: Math.max(0, counts.episodes - counts.done),
        reserved: leased.length,
        rules,
        reservations: leased
          .flatMap((item) => aliveLeases(item, at).map((one) => ({ episode_id: item.episode_id, ...one })))
          .toSorted((a, b) => (a.until < b.until ? -1 : 1)),
        reviewers: people.map(({ reviewer, labelled }) => ({ reviewer, labelled })),
      };
    },
  };
}
