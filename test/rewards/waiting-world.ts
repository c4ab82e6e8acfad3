import { readSettings, type Settings } from "../../src/config/settings.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import type { Episode } from "../../src/episodes/contract.ts";
import { createEpisodeService } from "../../src/episodes/service.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openCosmosLedger } from "../../src/ledger/cosmos/open.ts";
import { provisionCosmos } from "../../src/ledger/cosmos/provision.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import type { Reward } from "../../src/rewards/contract.ts";
import { createRewardFeed } from "../../src/rewards/feed.ts";
import { createRewardGiving } from "../../src/rewards/giving.ts";
import { rewardOperations } from "../../src/rewards/operations.ts";
import { createRewardService } from "../../src/rewards/service.ts";
import type { WaitingReward } from "../../src/rewards/waiting-contract.ts";
import { redactedRow } from "../doors/redacted-row.ts";
import { startFakeCosmos } from "../fakes/cosmos/server.ts";
import { settingsFor } from "../ledger/cosmos/world.ts";

export const AGENT = "mcp-agents";

export const LEDGERS = {
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

/** A ledger that runs `before` ahead of each of its calls. */
export function watched(ledger: Ledger, before: (call: string) => Promise<void>): Ledger {
  return new Proxy(ledger, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return async (...parameters: unknown[]): Promise<unknown> => {
        await before(String(name));
        return Reflect.apply(member as (...p: unknown[]) => unknown, target, parameters);
      };
    },
  });
}

export type World = Awaited<ReturnType<typeof openWorld>>;

/** Rewards and episodes over one ledger, with the feed of episodes in the test's hand. */
export async function openWorld(kind: keyof typeof LEDGERS = "SQLite", env: Record<string, string> = {}) {
  const clock = new VirtualClock();
  const { ledger, close } = await LEDGERS[kind](clock);
  const settings: Settings = readSettings(env);
  let place: string | undefined;

  /** A process over this ledger: what it knew is gone with it. */
  function processOn(on: Ledger) {
    const ports = { ledger: on, settings, clock, logger: silentLogger };
    const rewards = createRewardService(ports);
    const giving = createRewardGiving({ ...ports, rewards });
    const rows = new Map<string, Operation>(
      rewardOperations({ service: rewards, giving, settings }).map((row) => [row.name, redactedRow(row)]),
    );
    return {
      giving,
      feed: createRewardFeed({ ...ports, waiting: giving }),
      async call(name: string, raw: Record<string, unknown>, context: Partial<CallContext> = {}) {
        const row = rows.get(name);
        if (row === undefined) throw new Error(name);
        const reply = await row.run(parseInput(row, raw), {
          waitMs: 0,
          door: "rest",
          ...context,
        } as CallContext);
        // biome-ignore lint/suspicious/noExplicitAny: bodies are read as a client would read them.
        return { status: reply.status ?? 200, body: row.output.parse(reply.body) as any };
      },
    };
  }
  const main = processOn(ledger);

  const world = {
    ...main,
    clock,
    ledger,
    close,
    processOn,
    async record(...episodes: readonly object[]): Promise<void> {
      const service = createEpisodeService({ ledger, settings, clock, logger: silentLogger });
      const whole = episodes.map((one) => ({ user_input: "q", assistant_output: "a", ...one }));
      for (const result of await service.record(whole)) if (result.status === "error") throw result.error;
    },
    /** What the ledger's feed of episodes has since the last time, as the host delivers it. */
    async deliver(feed = main.feed) {
      for (;;) {
        const page = await ledger.changes<Episode>("episodes", { after: place, limit: 100 });
        await feed.handleEpisodeChanges(page.items);
        place = page.continuation;
        if (page.drained) return;
      }
    },
    async rewards(): Promise<Reward[]> {
      const query = { orderBy: { field: "created_at", direction: "asc" }, limit: 100 } as const;
      return (await ledger.query<Reward>("rewards", query)).items;
    },
    async waiting(): Promise<WaitingReward[]> {
      return (await ledger.query<WaitingReward>("waitingRewards", { limit: 100 })).items;
    },
    states: async () => (await world.waiting()).map(({ state }) => state),
  };
  return world;
}
