import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { systemClock } from "../../../src/kernel/clock.ts";
import { openCosmosLedger } from "../../../src/ledger/cosmos/open.ts";
import { each, type Ledger, type LedgerDocument } from "../../../src/ledger/ledger.ts";
import { episode, reward, run, type Sample, second, someAgent } from "../../contracts/ledger/samples.ts";
import { type FakeCosmos, startFakeCosmos } from "../../fakes/cosmos/server.ts";
import { makeContainers, settingsFor } from "./world.ts";

jest.setTimeout(60_000);

let cosmos: FakeCosmos;
let ledger: Ledger;
const agent = someAgent();

beforeEach(async () => {
  cosmos = await startFakeCosmos();
  const settings = settingsFor(cosmos.endpoint, cosmos.key, { LIGHTNING_LEDGER_TIMEOUT_SECONDS: "10" });
  await makeContainers(cosmos.endpoint, cosmos.key, settings);
  ledger = openCosmosLedger({ settings, clock: systemClock });
  const documents = Array.from({ length: 30 }, (_, n) =>
    episode(agent, `e${String(n).padStart(2, "0")}`, { created_at: second(n) }),
  );
  await ledger.bulk("episodes", "create", documents);
  await ledger.bulk("episodes", "create", [episode(someAgent(), "other")]);
  await ledger.bulk("rewards", "create", [reward(agent, "e01", "r1"), reward(agent, "e02", "r2")]);
  for (const n of [0, 1, 2]) await ledger.create("runs", run(agent, `r${n}`, { created_at: second(n) }));
});
afterEach(async () => {
  await ledger.close();
  await cosmos.close();
});

const ids = (items: readonly LedgerDocument[]) => items.map(({ id }) => id);
async function all(c: "episodes" | "runs", query: Omit<Parameters<Ledger["query"]>[1], "limit">) {
  const found: Sample[] = [];
  for await (const one of each<Sample>(ledger, c, { ...query, limit: 7 })) found.push(one);
  return ids(found);
}
/** Every change of a feed from a place on, and the place behind them. */
async function drain(after?: string) {
  const found = new Set<string>();
  let place = after;
  for (;;) {
    const page = await ledger.changes("episodes", { after: place, limit: 7 });
    for (const { id } of page.items) found.add(id);
    place = page.continuation;
    if (page.drained) return { found: [...found].toSorted(), place };
  }
}

/** Each operation of the port: what it answers has to be the same before and after. */
const OPERATIONS: Record<string, () => Promise<unknown>> = {
  "a page of an agent's documents in their order": async () =>
    ids(
      (
        await ledger.query("episodes", {
          pk: [agent],
          orderBy: { field: "created_at", direction: "desc" },
          limit: 10,
        })
      ).items,
    ),
  "every document of an agent, page by page": () => all("episodes", { pk: [agent] }),
  "every document of a container": () => all("episodes", {}),
  "the documents of one partition": () => all("runs", { pk: [agent] }),
  "a count within a prefix of the key": () => ledger.count("episodes", { pk: [agent] }),
  "a count of a container": () => ledger.count("episodes", {}),
  "a count of one partition": () => ledger.count("runs", { pk: [agent] }),
  "the change feed from its beginning": async () => (await drain()).found,
  "what is pending": async () => (await ledger.pending("episodes", undefined)).length > 0,
  "whether the end of the feed is passed": async () =>
    ledger.hasPassed("episodes", (await drain()).place, await ledger.feedEnd("episodes")),
  "a read": async () => (await ledger.read("episodes", [agent, "e03"], "e03"))?.id,
  "a write": async () => (await ledger.upsert("episodes", episode(agent, "e03"))).id,
  "a batch": () =>
    ledger.batch("runs", [agent], [{ op: "upsert", document: run(agent, "r0", { created_at: second(0) }) }]),
  "a bulk write": async () =>
    (await ledger.bulk("rewards", "upsert", [reward(agent, "e01", "r1"), reward(agent, "e02", "r2")])).map(
      ({ ok }) => ok,
    ),
};
const MOVES: Record<string, () => void> = {
  "a split": () => cosmos.split(),
  "two splits": () => {
    cosmos.split();
    cosmos.split();
  },
  "a merge": () => cosmos.merge(),
};

test.each(Object.keys(OPERATIONS).flatMap((what) => Object.keys(MOVES).map((move) => [what, move] as const)))(
  "%s answers the same after %s, in few requests",
  async (what, move) => {
    const ask = OPERATIONS[what] as () => Promise<unknown>;
    const before = await ask();
    const cost = cosmos.requests.length;
    await ask();
    const usual = cosmos.requests.length - cost;
    MOVES[move]?.();
    const from = cosmos.requests.length;
    expect(await ask()).toEqual(before);
    // Four times as many partitions at most, and a new map of them.
    expect(cosmos.requests.length - from).toBeLessThanOrEqual(5 * usual + 15);
    // What was learnt is kept.
    expect(await ask()).toEqual(before);
  },
);

describe("partitions that split", () => {
  test("under many queries at once are found out once", async () => {
    await ledger.count("episodes", { pk: [agent] });
    cosmos.split();
    const from = cosmos.requests.length;
    const counts = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        n % 2 === 0 ? ledger.count("episodes", { pk: [agent] }) : ledger.count("episodes", {}),
      ),
    );
    expect(new Set(counts)).toEqual(new Set([30, 31]));
    const sent = cosmos.requests.slice(from);
    // A client asks for the map once: there was one new client.
    expect(sent.filter((line) => line.endsWith("/pkranges"))).toHaveLength(1);
  });

  test("between the requests of one page, or again before it was answered, lose and repeat nothing", async () => {
    const wanted = await all("episodes", { pk: [agent] });
    let queries = 0;
    cosmos.knobs.onRequest = (line) => {
      if (/^POST .*rl_episodes\/docs/.test(line) && ++queries % 5 === 0 && queries <= 20) cosmos.split();
    };
    expect(await all("episodes", { pk: [agent] })).toEqual(wanted);
    expect(queries).toBeGreaterThan(20);
  });

  test("in the middle of a bulk of 1,000 lose and repeat nothing, and no promise is left alone", async () => {
    const many = someAgent();
    const lost: unknown[] = [];
    const note = (reason: unknown) => lost.push(reason);
    process.on("unhandledRejection", note);
    let creates = 0;
    cosmos.knobs.onRequest = (line) => {
      if (/^POST .*rl_episodes\/docs/.test(line) && ++creates % 400 === 0) cosmos.split();
    };
    cosmos.faults.add({ on: /pkranges/, with: 500, times: 2 }, { on: /^POST .*docs/, with: 410, times: 3 });
    const documents = Array.from({ length: 1000 }, (_, n) => episode(many, `b${n}`));
    const results = await ledger.bulk("episodes", "create", documents);
    expect(results.filter(({ ok }) => ok)).toHaveLength(1000);
    expect(await ledger.count("episodes", { pk: [many] })).toBe(1000);
    process.off("unhandledRejection", note);
    expect(lost).toEqual([]);
  });

  test("in the middle of a feed lose nothing, and its place stays good", async () => {
    const { found: wanted } = await drain();
    let reads = 0;
    cosmos.knobs.onRequest = (line) => {
      if (/^GET .*rl_episodes\/docs/.test(line) && ++reads % 3 === 0 && reads <= 9) cosmos.split();
    };
    const { found, place } = await drain();
    expect(found).toEqual(wanted);
    cosmos.knobs.onRequest = undefined;
    await ledger.create("episodes", episode(agent, "late"));
    cosmos.merge();
    expect((await drain(place)).found).toEqual(["late"]);
  });

  test("each have their first change among what is pending, also from a place before the split", async () => {
    const place = await ledger.feedEnd("episodes");
    cosmos.split();
    cosmos.split();
    await ledger.bulk(
      "episodes",
      "create",
      Array.from({ length: 60 }, () => episode(someAgent(), "new")),
    );
    // 2 partitions became 8: some sixty agents are in all of them.
    expect(await ledger.pending("episodes", place)).toHaveLength(8);
  });
});
