import { expect } from "@jest/globals";
import { type Condition, each, type Ledger, type Query } from "../../../src/ledger/ledger.ts";
import type { Promised } from "../ledger.ts";
import { allPages, episode, expectRefusal, reward, run, type Sample, second, someAgent } from "./samples.ts";

const ids = async (ledger: Ledger, agent: string, ...where: Condition[]) => {
  const { items } = await ledger.query("episodes", { pk: [agent], where, limit: 1000 });
  expect(await ledger.count("episodes", { pk: [agent], where })).toBe(items.length);
  return items.map(({ id }) => id);
};

/** Values of every kind in a field that is a number, a string, a boolean or a list of strings in the registry. */
const KINDS: Record<string, unknown>[] = [
  { reward_avg: 5, session_id: "5", reward_vetoed: true, tool_names: ["a", "b"] },
  { reward_avg: "abc", session_id: 5, reward_vetoed: 1, tool_names: "a" },
  { reward_avg: true, session_id: true, reward_vetoed: "true", tool_names: { k: "a" } },
  { reward_avg: null, session_id: null, reward_vetoed: null, tool_names: null },
  {},
  { reward_avg: 1, session_id: "1", reward_vetoed: false, tool_names: [] },
  { reward_avg: -0.5, session_id: "", reward_vetoed: 0, tool_names: [1, true, "b", ["a"]] },
];

async function storeKinds(ledger: Ledger): Promise<string> {
  const agent = someAgent();
  await ledger.bulk(
    "episodes",
    "create",
    KINDS.map((more, n) => episode(agent, `k${n}`, more)),
  );
  return agent;
}

/** Filters, orders, pages. */
export function queryTests(promised: Promised): void {
  promised("compares numbers with numbers only", async ({ ledger }) => {
    const agent = await storeKinds(ledger);
    const field = "reward_avg";
    expect(await ids(ledger, agent, { field, op: "gt", value: -1 })).toEqual(["k0", "k5", "k6"]);
    expect(await ids(ledger, agent, { field, op: "eq", value: 1 })).toEqual(["k5"]);
    expect(await ids(ledger, agent, { field, op: "ne", value: 1 })).toEqual(["k0", "k6"]);
    expect(await ids(ledger, agent, { field, op: "lte", value: 1 })).toEqual(["k5", "k6"]);
    expect(await ids(ledger, agent, { field, op: "in", value: [5, -0.5, 7] })).toEqual(["k0", "k6"]);
  });

  promised("compares strings with strings only", async ({ ledger }) => {
    const agent = await storeKinds(ledger);
    const field = "session_id";
    expect(await ids(ledger, agent, { field, op: "eq", value: "5" })).toEqual(["k0"]);
    expect(await ids(ledger, agent, { field, op: "ne", value: "5" })).toEqual(["k5", "k6"]);
    expect(await ids(ledger, agent, { field, op: "gte", value: "" })).toEqual(["k0", "k5", "k6"]);
    expect(await ids(ledger, agent, { field, op: "in", value: ["1", ""] })).toEqual(["k5", "k6"]);
    expect(await ids(ledger, agent, { field, op: "in", value: [] })).toEqual([]);
  });

  promised("takes true for true and not for 1", async ({ ledger }) => {
    const agent = await storeKinds(ledger);
    const field = "reward_vetoed";
    expect(await ids(ledger, agent, { field, op: "eq", value: true })).toEqual(["k0"]);
    expect(await ids(ledger, agent, { field, op: "eq", value: false })).toEqual(["k5"]);
    expect(await ids(ledger, agent, { field, op: "ne", value: true })).toEqual(["k5"]);
  });

  promised("finds a string in a list, and not in what only looks like one", async ({ ledger }) => {
    const agent = await storeKinds(ledger);
    const field = "tool_names";
    expect(await ids(ledger, agent, { field, op: "contains", value: "a" })).toEqual(["k0"]);
    expect(await ids(ledger, agent, { field, op: "contains", value: "b" })).toEqual(["k0", "k6"]);
    expect(await ids(ledger, agent, { field, op: "contains", value: "1" })).toEqual([]);
  });

  promised("tells a field that is absent from one that is null", async ({ ledger }) => {
    const agent = await storeKinds(ledger);
    for (const field of ["reward_avg", "session_id", "reward_vetoed", "tool_names"]) {
      expect(await ids(ledger, agent, { field, op: "defined", value: false })).toEqual(["k4"]);
      expect(await ids(ledger, agent, { field, op: "defined", value: true })).toHaveLength(6);
    }
    expect(await ids(ledger, agent, { field: "id", op: "defined", value: false })).toEqual([]);
  });

  promised("asks for all conditions at once", async ({ ledger }) => {
    const agent = await storeKinds(ledger);
    const found = await ids(
      ledger,
      agent,
      { field: "reward_avg", op: "gte", value: 0 },
      { field: "reward_avg", op: "lt", value: 5 },
      { field: "id", op: "gt", value: "k0" },
    );
    expect(found).toEqual(["k5"]);
  });

  promised("answers by id when no order is asked", async ({ ledger }) => {
    const agent = someAgent();
    for (const id of ["b", "A", "a", "ä", "Z", "10", "9"]) await ledger.create("runs", run(agent, id));
    const { items } = await ledger.query("runs", { pk: [agent], limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["10", "9", "A", "Z", "a", "b", "ä"]);
  });

  promised("orders by a field and then by id, in one direction", async ({ ledger }) => {
    const agent = someAgent();
    const documents = [3, 1, 2, 1, 3, 2].map((n, at) => episode(agent, `e${at}`, { created_at: second(n) }));
    await ledger.bulk("episodes", "create", documents);
    const page = async (direction: "asc" | "desc", limit: number) =>
      (
        await allPages((after) =>
          ledger.query("episodes", {
            pk: [agent],
            orderBy: { field: "created_at", direction },
            limit,
            after,
          }),
        )
      ).map(({ id }) => id);
    const ascending = ["e1", "e3", "e2", "e5", "e0", "e4"];
    for (const limit of [1, 2, 5, 6, 1000]) {
      expect(await page("asc", limit)).toEqual(ascending);
      expect(await page("desc", limit)).toEqual(ascending.toReversed());
    }
  });

  promised("pages through ids that repeat across partition keys", async ({ ledger }) => {
    const agent = someAgent();
    const keys = Array.from({ length: 7 }, (_, n) => `e${n}`);
    for (const key of keys) await ledger.create("rewards", reward(agent, key, "same"));
    for (const orderBy of [undefined, { field: "value", direction: "desc" }] as const) {
      const query: Query = { pk: [agent], limit: 2, ...(orderBy === undefined ? {} : { orderBy }) };
      const found = await allPages((after) => ledger.query<Sample>("rewards", { ...query, after }));
      expect(found.map((item) => String(item.episode_id)).toSorted()).toEqual(keys);
    }
  });

  promised("neither repeats nor skips while documents come and go between pages", async ({ ledger }) => {
    const agent = someAgent();
    const original = Array.from({ length: 30 }, (_, n) =>
      episode(agent, `e${n + 10}`, { created_at: second(n) }),
    );
    await ledger.bulk("episodes", "create", original);
    const seen: string[] = [];
    let turn = 0;
    await allPages(async (after) => {
      const orderBy = { field: "created_at", direction: "asc" } as const;
      const page = await ledger.query("episodes", { pk: [agent], orderBy, limit: 4, after });
      seen.push(...page.items.map(({ id }) => id));
      turn += 1;
      // One before the place where the page ended, one gone behind it, and the last one seen gone too.
      await ledger.create("episodes", episode(agent, `new${turn}`, { created_at: second(-turn) }));
      await ledger.delete("episodes", [agent, seen[0] ?? ""], seen[0] ?? "").catch(() => undefined);
      const last = seen.at(-1) ?? "";
      await ledger.delete("episodes", [agent, last], last).catch(() => undefined);
      return page;
    });
    expect(seen).toEqual(original.map(({ id }) => id));
  });

  promised("binds a continuation to its query", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.bulk(
      "episodes",
      "create",
      [1, 2, 3].map((n) => episode(agent, `e${n}`)),
    );
    const query: Query = { pk: [agent], limit: 1 };
    const { continuation: after } = await ledger.query("episodes", query);
    const refused = ["invalid", "bad_continuation"] as const;
    const others: Query[] = [
      { ...query, pk: [someAgent()] },
      { ...query, where: [{ field: "id", op: "gt", value: "a" }] },
      { ...query, orderBy: { field: "created_at", direction: "asc" } },
      { ...query, select: ["created_at"] },
    ];
    for (const other of others)
      await expectRefusal(ledger.query("episodes", { ...other, after }), ...refused);
    await expectRefusal(ledger.query("rewards", { ...query, after }), ...refused);
    for (const token of ["", "x", "[]", `${after}x`, "bnVsbA", "eyJhIjoxfQ"])
      await expectRefusal(ledger.query("episodes", { ...query, after: token }), ...refused);
    expect((await ledger.query("episodes", { ...query, limit: 5, after })).items.map(({ id }) => id)).toEqual(
      ["e2", "e3"],
    );
  });

  promised("returns the fields that were asked for", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("episodes", episode(agent, "e1", { reward_avg: 1, messages: ["long"] }));
    const { items } = await ledger.query("episodes", {
      pk: [agent],
      select: ["reward_avg", "absent"],
      limit: 1,
    });
    expect(items).toEqual([{ id: "e1", reward_avg: 1, _etag: expect.any(String), _ts: expect.any(Number) }]);
  });

  promised("stays within the partition key, or the part of one, that is given", async ({ ledger }) => {
    const [agent, other] = [someAgent(), someAgent()];
    await ledger.create("rewards", reward(agent, "e1", "r1"));
    await ledger.create("rewards", reward(agent, "e2", "r2"));
    await ledger.create("rewards", reward(other, "e1", "r3"));
    const found = async (...pk: string[]) =>
      (await ledger.query("rewards", { pk, limit: 10 })).items.map(({ id }) => id);
    expect(await found(agent)).toEqual(["r1", "r2"]);
    expect(await found(agent, "e2")).toEqual(["r2"]);
    expect(await found(other)).toEqual(["r3"]);
    const everywhere: string[] = [];
    for await (const { id } of each(ledger, "rewards", { limit: 1 })) everywhere.push(id);
    expect(everywhere).toEqual(expect.arrayContaining(["r1", "r2", "r3"]));
  });

  promised("knows only the fields of the registry, whatever a name tries", async ({ ledger }) => {
    const agent = someAgent();
    await ledger.create("episodes", episode(agent, "e1"));
    const names = [
      "nope",
      "x') OR 1=1 --",
      "created_at' OR ''='",
      "__proto__",
      "constructor",
      "doc",
      "lsn",
      "pk1",
      "c.id",
      "",
    ];
    for (const field of names) {
      const where: Condition[] = [{ field, op: "eq", value: "x" }];
      await expectRefusal(
        ledger.query("episodes", { pk: [agent], where, limit: 1 }),
        "invalid",
        "unknown_field",
      );
      await expectRefusal(ledger.count("episodes", { pk: [agent], where }), "invalid", "unknown_field");
      const orderBy = { field, direction: "asc" } as const;
      await expectRefusal(
        ledger.query("episodes", { pk: [agent], orderBy, limit: 1 }),
        "invalid",
        "unknown_field",
      );
    }
    for (const select of ["x') --", "a.b", "", "a b"])
      await expectRefusal(
        ledger.query("episodes", { select: [select], limit: 1 }),
        "invalid",
        "unknown_field",
      );
    const container = "episodes; DROP TABLE x" as "episodes";
    await expectRefusal(ledger.query(container, { limit: 1 }), "invalid", "unknown_container");
  });

  promised("takes a hostile value for the text it is", async ({ ledger }) => {
    const agent = someAgent();
    const session = `'; DROP TABLE c_episodes; -- " \\ \u0000 %_`;
    await ledger.create("episodes", episode(agent, "e1", { session_id: session, tool_names: [session] }));
    expect(await ids(ledger, agent, { field: "session_id", op: "eq", value: session })).toEqual(["e1"]);
    expect(await ids(ledger, agent, { field: "tool_names", op: "contains", value: session })).toEqual(["e1"]);
  });

  promised("refuses conditions, orders and limits that cannot be meant", async ({ ledger }) => {
    const query = (more: object) => ledger.query("episodes", { pk: ["a"], limit: 1, ...more });
    const where = (field: string, op: string, value: unknown) => query({ where: [{ field, op, value }] });
    const wrong: [string, string, unknown][] = [
      ["reward_avg", "gt", "5"],
      ["reward_avg", "eq", Number.NaN],
      ["reward_avg", "contains", "5"],
      ["session_id", "eq", null],
      ["session_id", "like", "a"],
      ["session_id", "in", ["a", 1]],
      ["session_id", "in", Array.from({ length: 101 }, (_, n) => `${n}`)],
      ["session_id", "defined", "yes"],
      ["reward_vetoed", "gt", true],
      ["reward_vetoed", "eq", 1],
      ["tool_names", "eq", "a"],
      ["tool_names", "contains", 1],
    ];
    for (const [field, op, value] of wrong)
      await expectRefusal(where(field, op, value), "invalid", "bad_condition");
    for (const limit of [0, -1, 1.5, 1001, Number.NaN, "10"])
      await expectRefusal(query({ limit }), "invalid", "bad_limit");
    for (const orderBy of [
      { field: "reward_avg", direction: "asc" },
      { field: "tool_names", direction: "asc" },
      { field: "created_at", direction: "asc; --" },
    ])
      await expectRefusal(query({ orderBy }), "invalid", "bad_order");
    for (const pk of [[], ["a", "b", "c"], [""], [1]])
      await expectRefusal(query({ pk }), "invalid", "bad_partition_key");
  });
}
