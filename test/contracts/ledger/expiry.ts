import { expect } from "@jest/globals";
import type { Promised } from "../ledger.ts";
import { allPages, episode, expectRefusal, reward, run, someAgent } from "./samples.ts";

/** Documents that live for a time. */
export function expiryTests(promised: Promised): void {
  promised("hides a document everywhere once its seconds are over", async ({ ledger, clock }) => {
    const agent = someAgent();
    const key = [agent, "e1"] as const;
    const document = episode(agent, "e1", { ttl: 10 });
    await ledger.create("episodes", document);
    clock.advance(8_000);
    expect(await ledger.read("episodes", key, "e1")).toBeDefined();
    clock.advance(3_000);
    expect(await ledger.read("episodes", key, "e1")).toBeUndefined();
    expect(await ledger.count("episodes", { pk: [agent] })).toBe(0);
    expect((await ledger.query("episodes", { pk: [agent], limit: 10 })).items).toEqual([]);
    const missing = ["not_found", "document_missing"] as const;
    await expectRefusal(ledger.replace("episodes", document), ...missing);
    await expectRefusal(ledger.delete("episodes", key, "e1"), ...missing);
    const patch = [{ op: "set", field: "reward_count", value: 1 }] as const;
    await expectRefusal(ledger.patch("episodes", key, "e1", patch), ...missing);
    let after: string | undefined;
    const feed = await allPages(async () => {
      const page = await ledger.changes("episodes", { after, limit: 1000 });
      after = page.continuation;
      return { items: page.items, continuation: page.drained ? undefined : page.continuation };
    });
    expect(feed.filter((item) => "agent_id" in item && item.agent_id === agent)).toEqual([]);
  });

  promised("counts the living among the expired", async ({ ledger, clock }) => {
    const agent = someAgent();
    for (const [id, ttl, average] of [
      ["e1", 10, 1],
      ["e2", 10, -1],
      ["e3", -1, 1],
      ["e4", 100, 1],
    ] as const)
      await ledger.create("episodes", episode(agent, id, { ttl, reward_avg: average }));
    const good = { pk: [agent], where: [{ field: "reward_avg", op: "gt", value: 0 }] } as const;
    expect([await ledger.count("episodes", { pk: [agent] }), await ledger.count("episodes", good)]).toEqual([
      4, 3,
    ]);
    clock.advance(11_000);
    expect([await ledger.count("episodes", { pk: [agent] }), await ledger.count("episodes", good)]).toEqual([
      2, 2,
    ]);
  });

  promised("lets an id be used again after its document has expired", async ({ ledger, clock }) => {
    const agent = someAgent();
    await ledger.create("episodes", episode(agent, "e1", { ttl: 1, life: 1 }));
    clock.advance(2_000);
    await ledger.create("episodes", episode(agent, "e1", { life: 2 }));
    clock.advance(100_000);
    expect(await ledger.read("episodes", [agent, "e1"], "e1")).toMatchObject({ life: 2 });
  });

  promised("counts the seconds from the last write", async ({ ledger, clock }) => {
    const agent = someAgent();
    const key = [agent, "e1"] as const;
    await ledger.create("rewards", reward(agent, "e1", "r1", { ttl: 10 }));
    clock.advance(8_000);
    await ledger.patch("rewards", key, "r1", [{ op: "set", field: "value", value: 1 }]);
    clock.advance(8_000);
    expect(await ledger.read("rewards", key, "r1")).toBeDefined();
    await ledger.patch("rewards", key, "r1", [{ op: "set", field: "ttl", value: -1 }]);
    clock.advance(100_000);
    expect(await ledger.read("rewards", key, "r1")).toBeDefined();
    await ledger.patch("rewards", key, "r1", [{ op: "set", field: "ttl", value: 1 }]);
    clock.advance(2_000);
    expect(await ledger.read("rewards", key, "r1")).toBeUndefined();
  });

  promised("expires nothing in a container without ttl", async ({ ledger, clock }) => {
    const agent = someAgent();
    await ledger.create("runs", run(agent, "r1", { ttl: 1 }));
    clock.advance(100_000);
    expect(await ledger.read("runs", [agent], "r1")).toMatchObject({ ttl: 1 });
  });

  promised("refuses a ttl that is not -1 or whole seconds", async ({ ledger }) => {
    const agent = someAgent();
    for (const ttl of [0, -2, 1.5, "10", null, 2 ** 31])
      await expectRefusal(
        ledger.create("episodes", { ...episode(agent, "e1"), ttl: ttl as number }),
        "invalid",
        "bad_document",
      );
  });
}
