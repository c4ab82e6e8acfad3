import { expect } from "@jest/globals";
import type { ContainerKey } from "../../../src/ledger/containers.ts";
import type { Ledger, Stored } from "../../../src/ledger/ledger.ts";
import type { Promised } from "../ledger.ts";
import { expectRefusal, reward, run, type Sample, someAgent } from "./samples.ts";

interface Drained {
  readonly items: Stored<Sample>[];
  readonly continuation: string;
}

/** Everything after a place, page by page until the feed says it is drained. */
async function drain(ledger: Ledger, c: ContainerKey, after?: string, limit = 1000): Promise<Drained> {
  const items: Stored<Sample>[] = [];
  let continuation = after;
  for (;;) {
    const page = await ledger.changes<Sample>(c, { after: continuation, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    continuation = page.continuation;
    if (page.drained) return { items, continuation };
  }
}

/** The change feed: the weaker promise of the two, order within one partition key and delivery at least once. */
export function changeTests(promised: Promised): void {
  promised("begins the feed with everything there is", async ({ ledger }) => {
    const agent = someAgent();
    const stored = await ledger.create("evaluations", run(agent, "v1"));
    const { items } = await drain(ledger, "evaluations");
    expect(items).toContainEqual(stored);
  });

  promised(
    "shows after a continuation what changed since, in the order of each partition key",
    async ({ ledger }) => {
      const agents = [someAgent(), someAgent()] as const;
      const { continuation } = await drain(ledger, "runs");
      for (let n = 9; n > 3; n--) await ledger.create("runs", run(agents[n % 2 === 1 ? 0 : 1], `r${n}`));
      for (const limit of [1, 2, 100]) {
        const { items } = await drain(ledger, "runs", continuation, limit);
        const of = (agent: string) => items.filter((item) => item.agent_id === agent).map(({ id }) => id);
        expect(of(agents[0])).toEqual(["r9", "r7", "r5"]);
        expect(of(agents[1])).toEqual(["r8", "r6", "r4"]);
        expect(items).toHaveLength(6);
      }
    },
  );

  promised("shows the latest version of a document that changed, after the others", async ({ ledger }) => {
    const agent = someAgent();
    const { continuation } = await drain(ledger, "runs");
    await ledger.create("runs", run(agent, "a", { n: 1 }));
    await ledger.create("runs", run(agent, "b"));
    await ledger.patch("runs", [agent], "a", [{ op: "set", field: "n", value: 2 }]);
    const latest = await ledger.replace("runs", run(agent, "a", { n: 3 }));
    const { items } = await drain(ledger, "runs", continuation);
    expect(items.at(-1)).toEqual(latest);
    const last = items.findLastIndex(({ id }) => id === "a");
    expect(items.findIndex(({ id }) => id === "b")).toBeLessThan(last);
  });

  promised("delivers a page again when the continuation before it is used again", async ({ ledger }) => {
    const agent = someAgent();
    const { continuation } = await drain(ledger, "rewards");
    await ledger.bulk(
      "rewards",
      "create",
      [1, 2, 3].map((n) => reward(agent, "e1", `r${n}`)),
    );
    const first = await ledger.changes("rewards", { after: continuation, limit: 2 });
    expect(first.drained).toBe(false);
    expect(await ledger.changes("rewards", { after: continuation, limit: 2 })).toEqual(first);
    const rest = await drain(ledger, "rewards", first.continuation);
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(["r1", "r2", "r3"]);
  });

  promised("keeps the same place when nothing has changed", async ({ ledger }) => {
    const { continuation } = await drain(ledger, "datasets");
    const still = await ledger.changes("datasets", { after: continuation, limit: 10 });
    expect(still).toMatchObject({ items: [], drained: true });
    await ledger.create("datasets", run(someAgent(), "d1"));
    const { items } = await drain(ledger, "datasets", still.continuation);
    expect(items.map(({ id }) => id)).toEqual(["d1"]);
  });

  promised("misses no change when the newest document is deleted and another follows", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("datasets", run(agent, "d1"));
    const { continuation } = await drain(ledger, "datasets");
    await ledger.delete("datasets", [agent], "d1");
    await ledger.create("datasets", run(agent, "d2"));
    const { items } = await drain(ledger, "datasets", continuation);
    expect(items.map(({ id }) => id)).toEqual(["d2"]);
  });

  promised("shows every document that is written while the feed is being read", async ({ ledger }) => {
    const agent = someAgent();
    let { continuation } = await drain(ledger, "pipelines");
    const seen = new Set<string>();
    for (let turn = 0; turn < 10; turn++) {
      const writing = ledger.bulk(
        "pipelines",
        "create",
        Array.from({ length: 20 }, (_, n) => run(agent, `p${turn}-${n}`)),
      );
      const page = await ledger.changes("pipelines", { after: continuation, limit: 15 });
      for (const { id } of page.items) seen.add(id);
      continuation = page.continuation;
      await writing;
    }
    for (const { id } of (await drain(ledger, "pipelines", continuation, 15)).items) seen.add(id);
    expect(seen.size).toBe(200);
  });

  promised(
    "shows what a consumer has yet to handle, the oldest of each part of the feed, until it is done",
    async ({ ledger }) => {
      const { continuation } = await drain(ledger, "evaluations");
      expect(await ledger.pending("evaluations", continuation)).toEqual([]);
      const agents = Array.from({ length: 12 }, someAgent);
      for (const agent of agents) await ledger.create("evaluations", run(agent, `v-${agent}`));
      let after = continuation;
      const handled = new Set<string>();
      for (let left = agents.length; left > 0; left--) {
        const pending = await ledger.pending<Sample>("evaluations", after);
        expect(pending.length).toBeGreaterThan(0);
        for (const { id } of pending) expect(handled).not.toContain(id);
        // Whatever the page brings next was shown before it: nothing of an older part hides behind it.
        const page = await ledger.changes<Sample>("evaluations", { after, limit: 1 });
        expect(pending.map(({ id }) => id)).toContain(page.items[0]?.id);
        for (const { id } of page.items) handled.add(id);
        after = page.continuation;
      }
      expect(await ledger.pending("evaluations", after)).toEqual([]);
      const beginning = await ledger.pending<Sample>("evaluations", undefined);
      expect(beginning.length).toBeGreaterThan(0);
    },
  );

  promised(
    "knows by the places alone whether a consumer has handled what was written before one",
    async ({ ledger }) => {
      const { continuation } = await drain(ledger, "evaluations");
      expect(await ledger.hasPassed("evaluations", continuation, await ledger.feedEnd("evaluations"))).toBe(
        true,
      );
      const agents = Array.from({ length: 12 }, someAgent);
      const written = new Set(agents.map((agent) => `v-${agent}`));
      for (const agent of agents) await ledger.create("evaluations", run(agent, `v-${agent}`));
      const place = await ledger.feedEnd("evaluations");
      // Changed since, it stands behind the place, as do others that never stood before it.
      const [moved = ""] = agents;
      await ledger.upsert("evaluations", run(moved, `v-${moved}`));
      written.delete(`v-${moved}`);
      for (const agent of agents) await ledger.create("evaluations", run(agent, `w-${agent}`));
      let after = continuation;
      for (let turn = 0; turn < 24; turn++) {
        const hasPassed = await ledger.hasPassed("evaluations", after, place);
        // Never too soon; in a part of the feed it may be told as late as that part's next change.
        if (written.size > 0) expect(hasPassed).toBe(false);
        const page = await ledger.changes<Sample>("evaluations", { after, limit: 1 });
        for (const { id } of page.items) written.delete(id);
        after = page.continuation;
      }
      expect(await ledger.hasPassed("evaluations", after, place)).toBe(true);
      // A deletion behind the place is no change that anybody handles.
      await ledger.delete("evaluations", [moved], `v-${moved}`);
      expect(await ledger.hasPassed("evaluations", after, await ledger.feedEnd("evaluations"))).toBe(true);
      expect(await ledger.hasPassed("evaluations", undefined, place)).toBe(false);
      for (const refused of [
        ledger.hasPassed("evaluations", "x", place),
        ledger.hasPassed("evaluations", after, "WzEsMl0"),
      ])
        await expectRefusal(refused, "invalid", "bad_continuation");
    },
  );

  promised("refuses a place in the feed that it did not give", async ({ ledger }) => {
    for (const after of ["", "x", "bnVsbA", "WzEsMl0"])
      for (const refused of [ledger.changes("runs", { after, limit: 1 }), ledger.pending("runs", after)])
        await expectRefusal(refused, "invalid", "bad_continuation");
    await expectRefusal(ledger.changes("runs", { limit: 0 }), "invalid", "bad_limit");
  });
}
