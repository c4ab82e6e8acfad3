import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openWorld, type World } from "./world.ts";

const AGENT = "mcp-agents";
const BETTER = "Order 17 was shipped on Monday.";

describe("feedback at the doors", () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_REWARD_WAIT_DAYS: "1" });
  });
  afterAll(() => world.close());

  const post = (address: string, body: object) => world.call("POST", address, body);
  const get = async (address: string) => (await world.call("GET", address)).body;
  const record = (id: string, more: object) =>
    post("/episodes", { id, user_input: "Where is order 17?", assistant_output: "No idea.", ...more });
  const statistics = async () => (await get("/stats")).statistics;
  const lines = async (format: string) => {
    const reply = await world.fetch(`/api/lightning/review/corrections/${format}`);
    return (await reply.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };

  it("that comes first waits, is counted, and is given when its episode is recorded", async () => {
    const said = { response_id: "chatcmpl-1", thumbs: "down", better_answer: BETTER, comment: "Look it up." };
    const { status, body } = await post("/feedback", said);
    expect([status, body.waiting, body.state]).toEqual([202, true, "waiting"]);
    expect(await statistics()).toMatchObject({ rewards_waiting: 1, total_rewards: 0 });

    await record("ep-1", { response_id: "chatcmpl-1" });
    await world.settle();
    expect(await get("/episodes/ep-1")).toMatchObject({ reward_count: 1, reward_avg: -1 });
    expect(await statistics()).toMatchObject({ rewards_waiting: 0, total_rewards: 1 });
    expect((await get("/rewards/waiting")).waiting).toMatchObject([
      { waiting_id: body.waiting_id, state: "given", episode_id: "ep-1" },
    ]);
  });

  it("with a better answer is a golden conversation and a preference pair, like a reviewer's", async () => {
    const list = await get("/review/corrections");
    expect(list.corrections).toMatchObject([
      { episode_id: "ep-1", original: "No idea.", correction: BETTER },
    ]);
    expect([list.formats.golden.lines, list.formats.dpo.lines]).toEqual([1, 1]);
    expect((await get("/review")).corrections).toBe(1);
    expect((await lines("golden"))[0].messages.at(-1)).toMatchObject({ role: "assistant", content: BETTER });
    expect((await lines("dpo"))[0]).toMatchObject({
      preferred_output: [{ role: "assistant", content: BETTER }],
      non_preferred_output: [{ role: "assistant", content: "No idea." }],
    });
  });

  it("that was thought over is in no file: the later judgement has no better answer", async () => {
    await record("ep-2", { response_id: "chatcmpl-2" });
    for (const more of [{ better_answer: BETTER }, { thumbs: "up" }])
      await post("/feedback", { response_id: "chatcmpl-2", ...more });
    expect((await get("/review/corrections")).corrections).toHaveLength(1);
  });

  it("is listed page by page beside what reviewers correct", async () => {
    await record("ep-3", {});
    await post("/review/ep-3/label", { reviewer: "ann", value: -1, correction: "Ask the depot." });
    const pages = async () => {
      const first = await get("/review/corrections?limit=1");
      const after = encodeURIComponent(first.continuation);
      const second = await get(`/review/corrections?limit=1&continuation=${after}`);
      return [first, second].map(({ corrections }) => corrections[0].episode_id);
    };
    expect(new Set(await pages())).toEqual(new Set(["ep-1", "ep-3"]));

    // As an earlier release left it, without the mark by which it is found: its review item leads to it.
    const { ledger } = world.app;
    const { items } = await ledger.query("rewards", { pk: [AGENT, "ep-3"], limit: 1 });
    const unmark = [{ op: "remove", field: "corrected" }] as const;
    await ledger.patch("rewards", [AGENT, "ep-3"], items[0]?.id ?? "", unmark);
    expect(await pages()).toEqual(["ep-1", "ep-3"]);
    expect((await get("/review/corrections")).formats.golden.lines).toBe(2);
  });

  it("whose episode never comes expires by the hourly timer, with the reason", async () => {
    await post("/feedback", { trace_id: "t", thumbs: "up" });
    await world.until(async () => (await statistics()).rewards_not_given === 1);
    expect((await get("/rewards/waiting?state=expired")).waiting).toMatchObject([
      { named: { trace_id: "t" }, reason: expect.stringContaining("trace_id t") },
    ]);
  });

  it("over MCP is the same tool, which tells that it waits", async () => {
    const reply = await world.fetch("/api/mcp", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "lightning_record_feedback", arguments: { response_id: "chatcmpl-9", thumbs: "up" } },
      }),
    });
    expect(await reply.text()).toContain("wait-");
    expect((await world.app.services.giving.listWaiting(AGENT, "waiting", 10)).items).toHaveLength(1);
  });
});
