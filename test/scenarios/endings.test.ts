import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { EpisodeInput } from "../../src/episodes/contract.ts";
import { ENDINGS } from "../../src/episodes/endings.ts";
import { cliAgainst } from "../surfaces/cli-harness.ts";
import { openWorld, type World } from "./world.ts";

const AGENT = "mcp-agents";
const answered = (id: string, over: Partial<EpisodeInput>): EpisodeInput => ({
  id,
  agent_id: AGENT,
  user_input: `What is ${id}?`,
  assistant_output: `It is ${id}.`,
  request_latency_ms: 60_000,
  first_token_ms: 250,
  ...over,
});
const EPISODES: readonly EpisodeInput[] = [
  ...ENDINGS.map((ending) => answered(`ep-${ending}`, { ending, request_latency_ms: 10 })),
  answered("ep-older", { metadata: { finish_reason: "length" }, request_latency_ms: 10 }),
  ...(["caller", "network", "provider", "model"] as const).map((by) =>
    answered(`ep-of-${by}`, { error: "it failed", error_by: by, ending: "failed" }),
  ),
];

let world: World;
beforeAll(async () => {
  world = await openWorld();
  const recorded = await world.call("POST", "/episodes", { episodes: EPISODES });
  if (recorded.body.recorded !== EPISODES.length) throw new Error(JSON.stringify(recorded.body));
  await world.settle();
});
afterAll(() => world.close());

const mcp = async (name: string, args: object) => {
  const response = await world.fetch("/api/mcp", {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
  });
  const { result } = (await response.json()) as { result: { content: [{ text: string }] } };
  return JSON.parse(result.content[0].text) as Record<string, unknown>;
};
const cli = async (...argv: string[]) => {
  const run = await cliAgainst(world.app.operations, world.host.baseUrl)(...argv, "--json");
  return JSON.parse(run.out) as Record<string, unknown>;
};
const sorted = (all: readonly (string | undefined)[]) => all.map(String).toSorted((a, b) => (a < b ? -1 : 1));
type Listed = { episodes: { id: string }[] };
const ids = (body: unknown) => sorted((body as Listed).episodes.map(({ id }) => id));

describe("endings and faults at every door", () => {
  test.each(ENDINGS)("lists the episodes whose answer is %s", async (ending) => {
    const expected = sorted(EPISODES.filter((one) => one.ending === ending).map(({ id }) => id));
    expect(ids((await world.call("GET", `/episodes?ending=${ending}`)).body)).toEqual(expected);
    expect(ids(await mcp("lightning_list_episodes", { ending }))).toEqual(expected);
    expect(ids(await cli("list-episodes", "--ending", ending))).toEqual(expected);
  });

  test("lists the episodes whose error was the network's", async () => {
    expect(ids((await world.call("GET", "/episodes?error_by=network")).body)).toEqual(["ep-of-network"]);
    expect(ids(await cli("list-episodes", "--error-by", "network"))).toEqual(["ep-of-network"]);
    const { status, body } = await world.call("GET", "/episodes?error_by=nobody");
    expect([status, body.error.field]).toEqual([422, "error_by"]);
  });

  test("tells the ending of an earlier version's episode in its list, and all of it in the episode", async () => {
    const { body } = await world.call("GET", "/episodes?limit=50");
    const older = body.episodes.find(({ id }: { id: string }) => id === "ep-older");
    expect(older).toMatchObject({ ending: "cut", error_by: null, first_token_ms: 250 });
    const { body: one } = await world.call("GET", "/episodes/ep-of-network");
    expect(one).toMatchObject({ ending: "failed", error_by: "network", first_token_ms: 250 });
  });

  test("judges the model by its own faults alone, and counts the others", async () => {
    const judged = async (by: string) => {
      const { body } = await world.call("GET", `/rewards?episode_id=ep-of-${by}`);
      return sorted(body.rewards.map(({ source }: { source: string }) => source));
    };
    expect(await judged("model")).toEqual(["latency_penalty", "test_result"]);
    for (const by of ["caller", "network", "provider"]) expect(await judged(by)).toEqual([]);
    const statistics = {
      answers_not_finished: { cut: 1, filtered: 1, unfinished: 1, unread: 1, failed: 5 },
      faults_by: { caller: 1, network: 1, provider: 1, model: 1 },
    };
    expect((await world.call("GET", "/stats")).body).toMatchObject({ statistics });
    expect(await mcp("lightning_get_stats", {})).toMatchObject({ statistics });
    expect(await cli("stats")).toMatchObject({ statistics });
  });

  test("builds without what the model did not finish, and with it where that is asked for", async () => {
    for (const { id } of EPISODES)
      await world.call("POST", "/rewards", { episode_id: id, source: "human_approval", value: 1 });
    await world.settle();
    const build = async (more: object) =>
      (await world.call("POST", "/datasets", { name: "v1", min_reward: -1, ...more })).body;
    const plain = await build({});
    expect(plain).toMatchObject({
      kept: 1,
      dropped: { cut: 2, filtered: 1, unfinished: 1, unread: 1, failed: 5 },
    });
    expect(plain.notices[0]).toContain("failed 5, cut 2");
    const whole = await mcp("lightning_build_dataset", {
      name: "v2",
      min_reward: -1,
      include_endings: ["cut", "unread"],
    });
    expect(whole).toMatchObject({ kept: 4, dropped: { filtered: 1, unfinished: 1, failed: 5 } });
  });
});
