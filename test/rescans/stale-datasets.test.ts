import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openWorld, type World } from "../scenarios/world.ts";

const AGENT = "desk";
const RULE = { name: "Customer number", pattern: "\\bK-\\d{6}\\b" };
const episode = (n: number, of: string) => ({
  id: `ep-${of}-${n}`,
  user_input: `Where is the order of ${of} ${n}?`,
  assistant_output: `It was sent on day ${n}.`,
});
const GOLDEN = Array.from({ length: 20 }, (_, n) =>
  JSON.stringify({
    messages: [
      { role: "user", content: `Is order ${n} of K-${200_000 + n} on its way, the one with ${n * n} parts?` },
      { role: "assistant", content: `Golden answer ${n}: it left on day ${n * 31}.` },
    ],
  }),
).join("\n");

describe("a dataset whose files hold what newer rules replace", () => {
  let world: World;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies of every shape
  let golden: any, plain: any;
  const post = async (address: string, body: object) =>
    (await world.call("POST", address, { agent_id: AGENT, ...body }, { prefer: "wait=3600" })).body;
  const sendGolden = () => post("/datasets/golden", { name: "golden", content: GOLDEN });
  const mix = (id: string, name: string) => post("/datasets", { name, include_golden: [id], train_split: 1 });
  const file = async (id: string) =>
    (await world.fetch(`/api/lightning/datasets/${id}/files/train?agent_id=${AGENT}`)).text();

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: AGENT });
    await post("/episodes", {
      episodes: Array.from({ length: 12 }, (_, n) => episode(n, `K-30000${n % 9}`)),
    });
    for (let n = 0; n < 12; n++) await post("/rewards", { episode_id: `ep-K-30000${n % 9}-${n}`, value: 1 });
    await world.settle();
    golden = await sendGolden();
    plain = await post("/datasets", { name: "plain" });
    if (golden.status !== "ready" || plain.status !== "ready") throw new Error("not built");
    await post("/redaction/rules", { rules: [RULE] });
    for (let n = 0; n < 12; n++) {
      await post("/episodes", episode(n, "item"));
      await post("/rewards", { episode_id: `ep-item-${n}`, value: 1 });
    }
    await world.settle();
  });
  afterAll(() => world.close());

  it("gives no other one a line of what is found, also before a re-scan has named it", async () => {
    const mixed = await mix(golden.dataset_id, "mixed");
    expect(mixed).toMatchObject({ status: "ready" });
    // Those of the episodes that were recorded before, and all that the golden one trains and validates on.
    expect(mixed.dropped.unresolved_redaction).toBe(12 + 20);
    expect(await file(mixed.dataset_id)).not.toMatch(/K-\d{6}/);
  });

  it("joins no other one once it is named", async () => {
    expect(await post("/redaction/rescans", {})).toMatchObject({ status: "finished" });
    expect(await mix(golden.dataset_id, "mixed later")).toMatchObject({
      error: { code: "golden_unresolved", field: "include_golden" },
    });
  });

  it("is as not there for who sends its file again or asks for it anew, once and for all", async () => {
    for (const [again, before] of [
      [sendGolden, golden],
      [() => post("/datasets", { name: "plain" }), plain],
    ] as const) {
      const one = await again();
      expect(one).toMatchObject({ status: "ready" });
      expect(one.dataset_id).not.toBe(before.dataset_id);
      expect(one.unresolved).toBeUndefined();
      expect(await file(one.dataset_id)).not.toMatch(/K-\d{6}/);
      expect((await again()).dataset_id).toBe(one.dataset_id);
    }
    const fresh = (await sendGolden()).dataset_id;
    expect(await mix(fresh, "mixed with the new one")).toMatchObject({ status: "ready" });
  });
});
