import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "desk";
const RULE = { name: "Customer number", pattern: "\\bK-\\d{6}\\b", pseudonym: true };
const number = (n: number) => `K-${String(100_000 + n)}`;
const episode = (n: number) => ({
  id: `ep-${n}`,
  agent_id: AGENT,
  user_input: `Where is the order of ${number(n)}?`,
  assistant_output: `It was sent to ${number(n)} today, parcel ${n}.`,
  system_prompt: "Answer shortly.",
  tool_calls: [{ tool_name: "find_order", arguments: { customer: number(n) }, result: `sent ${n}` }],
  metadata: { test_results: [{ name: `order of ${number(n)}`, passed: true }] },
  request_latency_ms: 12345,
});

describe("a re-scan by rules that were not there before", () => {
  let world: World;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every shape
  let rescan: any;
  let before: { dataset_id: string; rewards: number };
  const COUNT = 60;
  const post = async (address: string, body: object, headers = {}) =>
    (await world.call("POST", address, { agent_id: AGENT, ...body }, headers)).body;
  const get = async (address: string) => (await world.call("GET", `${address}agent_id=${AGENT}`)).body;
  const stored = (n: number) => get(`/episodes/ep-${n}?`);

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT, LIGHTNING_RETRAIN_MIN_EPISODES: "1" });
    await post("/episodes", { episodes: Array.from({ length: COUNT }, (_, n) => episode(n)) });
    await post("/rewards", { episode_id: "ep-0", value: 1, comments: `right for ${number(0)}` });
    await post("/rewards", {
      response_id: "chatcmpl-late",
      source: "human_approval",
      value: 1,
      comments: `waits for ${number(7)}`,
    });
    await world.settle();
    const built = await post(
      "/datasets",
      { name: "before", description: `of ${number(3)}` },
      { prefer: "wait=600" },
    );
    const { rewards_found } = await get("/rewards?limit=1000&");
    before = { dataset_id: built.dataset_id, rewards: rewards_found };
    await post("/redaction/rules", { rules: [RULE] });
  });
  afterAll(() => world.close());

  it("is needed first: a build leaves out what today's rules still find, and says how many", async () => {
    const built = await post("/datasets", { name: "between" }, { prefer: "wait=600" });
    expect(built.error).toMatchObject({ code: "dataset_empty" });
    expect(JSON.stringify(built)).toMatch(/today's redaction rules still find/);
  });

  it("changes every episode once, with its counts, and tells how far it came", async () => {
    rescan = await post("/redaction/rescans", {}, { prefer: "wait=3600" });
    expect(rescan).toMatchObject({
      status: "finished",
      redaction_version: expect.stringMatching(/\+custom-1$/),
      tallies: {
        episodes: { of: COUNT, read: COUNT, changed: COUNT, failed: 0 },
        datasets: { changed: 1, failed: 0 },
        waiting_rewards: { read: 1, changed: 1, failed: 0 },
      },
      failures: [],
    });
    const one = await stored(5);
    expect(JSON.stringify(one)).not.toContain(number(5));
    expect(one.redaction).toMatchObject({
      version: rescan.redaction_version,
      rescan: rescan.rescan_id,
      counts: { customer_number: 4 },
    });
    expect(one.request_latency_ms).toBe(12345);
    const token = /\[REDACTED:customer_number#[a-z2-7]{12}\]/.exec(one.user_input)?.[0];
    expect(token).toBeDefined();
    expect(one.tool_calls[0].arguments.customer).toBe(token);
    expect(await get(`/redaction/rescans/${rescan.rescan_id}?`)).toMatchObject({ status: "finished" });
  });

  it("leaves nothing of it in rewards, in what waits, or in a dataset's description", async () => {
    const { rewards } = await get("/rewards?limit=1000&");
    const said = rewards.map(({ comments, metadata }: Record<string, unknown>) => ({ comments, metadata }));
    expect(JSON.stringify(said)).not.toMatch(/K-1/);
    expect(rewards.find((one: { comments?: string }) => one.comments !== undefined)).toMatchObject({
      comments: expect.stringMatching(/^right for \[REDACTED:customer_number#/),
    });
    await post("/episodes", {
      ...episode(900),
      id: "ep-late",
      response_id: "chatcmpl-late",
      user_input: "Hello",
    });
    await world.settle();
    const late = (await get("/rewards?episode_id=ep-late&")).rewards;
    expect(late.map((one: { comments?: string }) => one.comments)).toContainEqual(
      expect.stringMatching(/^waits for \[REDACTED/),
    );
    expect((await get(`/datasets/${before.dataset_id}?`)).description).toMatch(/^of \[REDACTED/);
  });

  it("makes nothing new of what it changes: no reward, no episode to be trained on", async () => {
    await world.settle();
    const { rewards } = await get("/rewards?limit=1000&");
    const others = rewards.filter((one: { episode_id: string }) => one.episode_id !== "ep-late");
    expect(others).toHaveLength(before.rewards);
  });

  it("names the datasets whose files hold it, and nothing is trained on them", async () => {
    expect(rescan.stale_datasets).toEqual([before.dataset_id]);
    const dataset = await get(`/datasets/${before.dataset_id}?`);
    expect(dataset.unresolved).toMatchObject({ counts: { customer_number: expect.any(Number) } });
    expect(dataset.notices[0]).toMatch(/Build it anew/);
    const refused = await world.call("POST", "/training", { agent_id: AGENT, dataset_id: before.dataset_id });
    expect(refused).toMatchObject({ status: 422, body: { error: { code: "dataset_unresolved" } } });
  });

  it("lets builds take the episodes again, and finds nothing when it runs again", async () => {
    const built = await post("/datasets", { name: "after" }, { prefer: "wait=600" });
    expect(built).toMatchObject({ status: "ready" });
    // Most of some fifty, whichever side each falls on.
    expect(built.training_count).toBeGreaterThan(30);
    const again = await post("/redaction/rescans", {}, { prefer: "wait=3600" });
    expect(again).toMatchObject({
      status: "finished",
      tallies: { episodes: { changed: 0 }, rewards: { changed: 0 } },
    });
    // The dataset of before is still what it was.
    expect(again.stale_datasets).toEqual([before.dataset_id]);
  });

  it("is started by rules that stand already, where an earlier try did not come to it, and once", async () => {
    const rules = [RULE, { name: "Order", pattern: "\\border \\d+" }];
    await post("/redaction/rules", { rules });
    const again = await post("/redaction/rules", { rules, rescan: true });
    expect(again).toMatchObject({ changed: false, rescan_id: expect.any(String) });
    await world.until(
      async () => (await get(`/redaction/rescans/${again.rescan_id}?`)).status === "finished",
    );
    const { rescan_id } = await post("/redaction/rules", { rules, rescan: true });
    expect(rescan_id).toBe(again.rescan_id);
  });

  it("goes on where it was when the app is stopped in the middle", async () => {
    const { rescan_id } = await post("/redaction/rules", {
      rules: [RULE, { name: "Parcel", pattern: "parcel \\d+" }],
      rescan: true,
    });
    await world.restart();
    await world.until(async () => (await get(`/redaction/rescans/${rescan_id}?`)).status === "finished");
    expect(await get(`/redaction/rescans/${rescan_id}?`)).toMatchObject({
      tallies: { episodes: { changed: COUNT + 1, failed: 0 } },
      counts: { parcel: COUNT + 1 },
    });
  });
});
