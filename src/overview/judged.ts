import { latestBelievable } from "../episodes/contract.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** So many judged episodes at most, the newest, a page of a ledger: it costs the same with any number of them. */
export const MOST_READ = 1000;

/** What an overview reads of an episode that was judged; `reward_avg` is the mean by the rules of rewards. */
export interface Judged {
  readonly id: string;
  readonly created_at: string;
  readonly reward_avg: number;
  readonly model_deployment?: string;
}

/** An average is there exactly when there are judgements, and it is indexed. */
export const IS_JUDGED = { field: "reward_avg", op: "gte", value: -1 } as const;

/**
 * The agent's judged episodes, newest first, `MOST_READ` at most. Those that a sender's clock set further ahead than is
 * believed would be the newest for ever: earlier versions stored such, and they are left out.
 */
export async function newestJudged(ledger: Ledger, agentId: string, now: number): Promise<Judged[]> {
  const judged: Judged[] = [];
  let after: string | undefined;
  do {
    const page = await ledger.query<Judged>("episodes", {
      pk: [agentId],
      where: [IS_JUDGED, { field: "created_at", op: "lte", value: latestBelievable(now) }],
      orderBy: { field: "created_at", direction: "desc" },
      select: ["created_at", "reward_avg", "model_deployment"],
      limit: MOST_READ,
      after,
    });
    judged.push(...page.items);
    after = page.continuation;
  } while (after !== undefined && judged.length < MOST_READ);
  return judged;
}

/** A mean of episodes' averages, to three decimals. */
export class Mean {
  #sum = 0;
  #count = 0;
  add(value: number): void {
    this.#sum += value;
    this.#count++;
  }
  get facts() {
    return { episodes: this.#count, mean: Math.round((this.#sum / this.#count) * 1000) / 1000 };
  }
}
