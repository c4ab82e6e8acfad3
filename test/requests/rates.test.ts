import { beforeEach, describe, expect, jest, test } from "@jest/globals";
import { z } from "zod";
import { createApp } from "../../src/app.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type CallContext, type Caller, defineOperation, type Operation } from "../../src/doors/operation.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { isLightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { rateLimited } from "../../src/requests/rate-limited.ts";
import { createRates } from "../../src/requests/rates.ts";
import { noOrchestrations } from "../surfaces/fake-operations.ts";
import { azureRequest, loopback } from "../surfaces/loopback.ts";

let clock: VirtualClock;
beforeEach(() => {
  clock = new VirtualClock();
});

const OFF = {
  agentId: "desk",
  websiteSiteName: undefined,
  readsPerMinute: 0,
  writesPerMinute: 0,
  workPerMinute: 0,
};
type Limits = Partial<Parameters<typeof rateLimited>[0]["settings"]>;

/** Rows of every kind behind one set of limits. */
function rows(limits: Limits): Record<"read" | "write" | "work" | "many", Operation> {
  const limit = rateLimited({ clock, settings: { ...OFF, ...limits } });
  const row = (more: Partial<Operation>) =>
    limit({
      ...defineOperation({
        name: "recordEpisodes",
        summary: "Does something.",
        input: z.strictObject({
          agent_id: z.string().default("desk"),
          episodes: z.array(z.any()).optional(),
        }),
        output: z.any(),
        role: "labeller",
        effect: "write",
        idempotent: true,
        rest: { method: "POST", path: "/things" },
        mcp: ["lightning_do"],
        example: {},
        run: async () => ({ body: { done: true } }),
      }),
      ...more,
    });
  return {
    read: row({ effect: "read", rest: { method: "GET", path: "/things" } }),
    write: row({}),
    work: row({ work: { type: "dataset", id: "dataset_id" } }),
    many: row({ rest: { method: "POST", path: "/things", manyAs: "episodes" } }),
  };
}
const person = (name: string, ...agents: string[]): Caller => ({
  kind: "person",
  person: name,
  roles: agents.map((agent) => `labeller:${agent}`),
  may: (_role, agent) => agent !== undefined && agents.includes(agent),
  mayAnywhere: () => agents.length > 0,
});
async function ask(row: Operation, input: object, caller?: Caller): Promise<"done" | number> {
  const context: CallContext = { door: "rest", waitMs: 0, orchestrations: noOrchestrations, caller };
  try {
    await row.run({ agent_id: "desk", ...input }, context);
    return "done";
  } catch (thrown) {
    if (!isLightningError(thrown)) throw thrown;
    expect(thrown).toMatchObject({ kind: "limited", status: 429, code: "rate_limited" });
    return thrown.retryAfterMs ?? 0;
  }
}

describe("the limit of requests", () => {
  test("takes a minute's share at once, then as many as come back, and says when the next is taken", async () => {
    const { write } = rows({ writesPerMinute: 6 });
    for (let n = 0; n < 6; n++) expect(await ask(write, {})).toBe("done");
    expect(await ask(write, {})).toBe(10_000);
    clock.advance(9_999);
    expect(await ask(write, {})).toBe(1);
    clock.advance(1);
    expect(await ask(write, {})).toBe("done");
    expect(await ask(write, {})).toBe(10_000);
    clock.advance(10 * 60_000);
    for (let n = 0; n < 6; n++) expect(await ask(write, {})).toBe("done");
    expect(await ask(write, {})).toBe(10_000);
  });

  test("is one for reading, one for writing and one for what begins work", async () => {
    const { read, write, work } = rows({ readsPerMinute: 1, writesPerMinute: 1, workPerMinute: 1 });
    for (const row of [read, write, work]) {
      expect(await ask(row, {})).toBe("done");
      expect(await ask(row, {})).toBe(60_000);
    }
  });

  test("is the caller's with the agent: neither another agent nor another person finds it used up", async () => {
    const { write } = rows({ writesPerMinute: 1 });
    const [ann, bob] = [person("ann", "a", "b"), person("bob", "a")];
    expect(await ask(write, { agent_id: "a" }, ann)).toBe("done");
    expect(await ask(write, { agent_id: "a" }, ann)).toBe(60_000);
    expect(await ask(write, { agent_id: "b" }, ann)).toBe("done");
    expect(await ask(write, { agent_id: "a" }, bob)).toBe("done");
  });

  test("of a person without a role is one for all agents that they name", async () => {
    const { write } = rows({ writesPerMinute: 2 });
    const stranger = person("eve");
    expect(await ask(write, { agent_id: "a" }, stranger)).toBe("done");
    expect(await ask(write, { agent_id: "b" }, stranger)).toBe("done");
    expect(await ask(write, { agent_id: "c" }, stranger)).toBe(30_000);
    expect(await ask(write, { agent_id: "a" }, person("ann", "a"))).toBe("done");
  });

  test("counts a list as one request of each agent in it, and takes it whole or not at all", async () => {
    const { many } = rows({ writesPerMinute: 2 });
    const list = (...agents: string[]) => ({ episodes: agents.map((agent_id) => ({ agent_id })) });
    expect(await ask(many, list("a", "a", "b"))).toBe("done");
    expect(await ask(many, list("a"))).toBe("done");
    expect(await ask(many, list("a", "b"))).toBe(30_000);
    expect(await ask(many, list("b"))).toBe("done");
  });

  test("is off on a machine of one's own and on in Azure, where nothing is set", async () => {
    const nothing = { readsPerMinute: undefined, writesPerMinute: undefined, workPerMinute: undefined };
    const often = async (row: Operation, times: number) => {
      for (let n = 0; n < times; n++) expect(await ask(row, {})).toBe("done");
    };
    await often(rows(nothing).work, 301);
    const { work } = rows({ ...nothing, websiteSiteName: "app" });
    await often(work, 300);
    expect(await ask(work, {})).toBe(200);
  });

  test("comes over REST as 429 with Retry-After, and over MCP as an error that says when", async () => {
    const app = await loopback([rows({ writesPerMinute: 1 }).write]);
    try {
      const post = (address: string, body: object) =>
        fetch(`${app.url}/api/${address}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
      expect((await post("lightning/things", {})).status).toBe(200);
      const refused = await post("lightning/things", {});
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
      expect(await refused.json()).toMatchObject({
        error: { code: "rate_limited", retry_after_seconds: 60, details: { kind: "write", per_minute: 1 } },
      });
      const params = { name: "lightning_do", arguments: {} };
      const called = await post("mcp", { jsonrpc: "2.0", id: 1, method: "tools/call", params });
      const { result } = (await called.json()) as { result: { isError: boolean; content: object[] } };
      expect(result).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining("Try again after: 60 s") }],
      });
    } finally {
      await app.stop();
    }
  });

  test("holds for the reference agent's tools, which are no rows, and comes before all that is looked up", async () => {
    const ledger = openSqliteLedger({ file: ":memory:", clock });
    const app = createApp({
      settings: readSettings({ LIGHTNING_WRITES_PER_MINUTE: "1" }),
      clock,
      logger: silentLogger,
      ledger,
    });
    try {
      const call = async (name: string, input: object): Promise<string> => {
        const request = azureRequest("POST", "/api/mcp", {
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: 1,
            method: "tools/call",
            params: { name, arguments: input },
          }),
        });
        const { body } = await app.mcp.handle(request, { orchestrations: noOrchestrations });
        return new Response(body as string).text();
      };
      expect(await call("lightning_assign_reward", { episode_id: "e", value: 1 })).not.toContain(
        "rate_limited",
      );
      const read = jest.spyOn(ledger, "read");
      expect(await call("lightning_assign_reward", { episode_id: "e", value: 1 })).toContain("rate_limited");
      for (const [name, field] of [
        ["ask_foundry", "question"],
        ["generate_plan", "task"],
      ] as const)
        expect(await call(name, { [field]: "Who?" })).toContain("rate_limited");
      expect(read.mock.calls).toEqual([]);
    } finally {
      await app.close();
    }
  });

  test("remembers so many accounts and no more, the last used longest", () => {
    const rates = createRates(clock, 2);
    expect([rates.take(["a"], 1), rates.take(["b"], 1), rates.take(["b"], 1)]).toEqual([0, 0, 60_000]);
    expect(rates.take(["c"], 1)).toBe(0);
    // The first was forgotten, and begins anew.
    expect(rates.take(["c"], 1)).toBe(60_000);
    expect(rates.take(["a"], 1)).toBe(0);
  });
});
