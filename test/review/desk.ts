import { readSettings } from "../../src/config/settings.ts";
import { type CallContext, type Caller, type Operation, parseInput } from "../../src/doors/operation.ts";
import { episodeOperations } from "../../src/episodes/operations.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { ReviewOperationDeps } from "../../src/review/operation-deps.ts";
import { reviewOperations } from "../../src/review/operations.ts";
import { createReviewService } from "../../src/review/service.ts";
import { createRewardFeed } from "../../src/rewards/feed.ts";
import { createRewardGiving } from "../../src/rewards/giving.ts";
import { rewardOperations } from "../../src/rewards/operations.ts";
import { createRewardService } from "../../src/rewards/service.ts";
import { redactedRow } from "../doors/redacted-row.ts";
import { startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";

export const AGENT = "desk";
const settings = readSettings({ LIGHTNING_AGENT_ID: AGENT });

/** Each ledger opened anew, and the way to close it. */
const LEDGERS = {
  SQLite: async (clock: VirtualClock) => {
    const ledger: Ledger = openSqliteLedger({ file: ":memory:", clock, logger: silentLogger });
    return { ledger, close: () => ledger.close() };
  },
  "Cosmos DB, emulated": async (clock: VirtualClock) => {
    const cosmos = await startFakeCosmos({ clock });
    const account = settingsFor(cosmos.endpoint, cosmos.key);
    await provisionCosmos(account);
    const ledger: Ledger = openCosmosLedger({ settings: account, clock });
    return { ledger, close: () => ledger.close().then(cosmos.close) };
  },
} as const;

/** Numbers in [0, 1) that look random and are the same in every run (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const person = (name: string, ...roles: readonly string[]): Partial<CallContext> => ({
  principal: name,
  caller: {
    kind: "person",
    person: name,
    roles,
    may: (role) => roles.includes(role),
    mayAnywhere: (role) => roles.includes(role),
  } satisfies Caller,
});

// biome-ignore lint/suspicious/noExplicitAny: bodies are read as a client would read them.
export type Body = any;
export type Desk = Awaited<ReturnType<typeof openDesk>>;

/** The rows of episodes, rewards and reviews over one ledger, called as every door calls them. */
export async function openDesk({
  ledger: kind = "SQLite",
  random = seeded(1),
  wrap = (row) => row,
}: {
  readonly ledger?: keyof typeof LEDGERS;
  readonly random?: () => number;
  readonly wrap?: (row: Operation, review: ReturnType<typeof createReviewService>) => Operation;
} = {}) {
  const clock = new VirtualClock();
  const { ledger, close } = await LEDGERS[kind](clock);
  const ports = { ledger, settings, clock, logger: silentLogger };
  const rewards = createRewardService(ports);
  const review = createReviewService({ ...ports, rewards, random });
  const deps = { service: review, settings, clock, datasets: {} } as unknown as ReviewOperationDeps;
  const rows = [
    ...episodeOperations({ settings, clock, service: createEpisodeService(ports) } as never),
    ...rewardOperations({ service: rewards, giving: createRewardGiving({ ...ports, rewards }), settings }),
    ...reviewOperations(deps),
  ].map((row: Operation) => redactedRow(wrap(row, review)));
  const feed = createRewardFeed(ports);

  async function call(name: string, raw: Record<string, unknown> = {}, as: Partial<CallContext> = {}) {
    const row = rows.find((one) => one.name === name);
    if (row === undefined) throw new Error(`no operation ${name}`);
    const context = { waitMs: 0, door: "rest", ...as } as CallContext;
    const { body } = await row.run(parseInput(row, raw), context);
    return row.output.parse(body) as Body;
  }

  return {
    clock,
    ledger,
    close,
    call,
    /** `count` episodes, `ep-0` and on, a second apart unless told otherwise. */
    async record(count: number, more: (n: number) => Record<string, unknown> = () => ({})) {
      const from = clock.now() - count * 1000;
      for (let at = 0; at < count; at += 1000) {
        const episodes = Array.from({ length: Math.min(1000, count - at) }, (_, i) => ({
          id: `ep-${at + i}`,
          user_input: `Question ${at + i}`,
          assistant_output: `Answer ${at + i}`,
          created_at: new Date(from + (at + i) * 1000).toISOString(),
          ...more(at + i),
        }));
        const { recorded } = (await call("recordEpisodes", { episodes })) as { recorded: number };
        if (recorded !== episodes.length) throw new Error("Not every episode was recorded.");
      }
    },
    /** What the feed does after changes. */
    async feed() {
      let after: string | undefined;
      for (;;) {
        const page = await ledger.changes("rewards", { limit: 1000, after });
        await feed.handleRewardChanges(page.items);
        after = page.continuation;
        if (page.drained) return;
      }
    },
    next: async (reviewer: string, as?: Partial<CallContext>) =>
      (await call("nextReview", { reviewer }, as)).item,
    label: (reviewer: string, episode_id: string, value = 1, as?: Partial<CallContext>) =>
      call("submitReview", { reviewer, episode_id, value }, as),
    queue: () => call("getReviewQueue"),
  };
}
