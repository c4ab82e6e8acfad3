import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { loseAnswers } from "./idempotent-posts.ts";
import { episode, golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

/** What was found at the doors: keys that were promised and not kept. */
describe("a client that sends an Idempotency-Key", () => {
  let world: World;
  const runs: string[] = [];
  let keys = 0;

  beforeAll(async () => {
    world = await openWorld({ LIGHTNING_AGENT_ID: "storm-desk", USE_TUNED_MODEL: "true" });
    const lessons = await post("/datasets/golden", {
      name: "lessons",
      content: golden(0, 40),
      test_split: 0,
    });
    for (const n_epochs of [1, 2, 3]) {
      const { body } = await post("/training", { dataset_id: lessons.body.dataset_id, n_epochs });
      runs.push(body.run_id);
    }
  });
  afterAll(() => world.close());

  const post = (path: string, body: unknown, key?: string, headers: Record<string, string> = {}) =>
    world.call("POST", path, body, {
      prefer: "wait=200",
      ...headers,
      ...(key === undefined ? {} : { "idempotency-key": key }),
    });
  const newKey = () => `job-${++keys}`;
  const active = async () => (await world.call("GET", "/deployments/active")).body;
  const count = (c: "episodes" | "rewards") => world.app.ledger.count(c, {});
  const refusal = { status: 409, body: { error: { code: "idempotency_conflict" } } };

  it("that was lost stores its episode once, though it has no id", async () => {
    const key = newKey();
    const one = { user_input: "How is the sky?", assistant_output: "Clear." };
    const first = await post("/episodes", one, key);
    expect(first.status).toBe(201);
    expect(await post("/episodes", one, key)).toEqual(first);
    expect(await post("/episodes", { ...one, assistant_output: "Grey." }, key)).toMatchObject(refusal);
    expect(await count("episodes")).toBe(1);
  });

  it("stores a batch of lines once as a whole, and refuses one line more", async () => {
    const key = newKey();
    const lines = (many: number) =>
      Array.from({ length: many }, (_one, i) =>
        JSON.stringify({ user_input: `Line ${i}`, assistant_output: "Yes." }),
      ).join("\n");
    const type = { "content-type": "application/x-ndjson" };
    const before = await count("episodes");
    const first = await post("/episodes", lines(3), key, type);
    expect(first).toMatchObject({ status: 207, body: { recorded: 3 } });
    expect(await post("/episodes", lines(3), key, type)).toEqual(first);
    expect(await post("/episodes", lines(4), key, type)).toMatchObject(refusal);
    expect((await count("episodes")) - before).toBe(3);
  });

  it("takes back one label with one undo, sent twice", async () => {
    const reviewer = "ann";
    for (const n of [1, 2, 3]) {
      const { body } = await post("/episodes", episode("storm-desk", n));
      await post(`/review/${body.id}/label`, { reviewer, value: 1 });
    }
    const labels = async () => (await world.app.services.review.queue("storm-desk")).reviewers;
    const key = newKey();
    const first = await post("/review/undo", { reviewer }, key);
    const after = await labels();
    const again = await post("/review/undo", { reviewer }, key);
    expect(again).toEqual(first);
    expect(await labels()).toEqual(after);
  });

  it("does not promote another run under the key of a first one", async () => {
    const key = newKey();
    const asked = { run_id: runs[0], promoted_by: "ann" };
    const first = await post("/deployments", asked, key);
    expect(first).toMatchObject({ status: 200, body: { is_active: true } });
    expect(await post("/deployments", { ...asked, run_id: runs[1] }, key)).toMatchObject(refusal);
    expect(await post("/deployments", { ...asked, promoted_by: "bob" }, key)).toMatchObject(refusal);
    expect((await active()).deployment_id).toBe(first.body.deployment_id);
    expect(await post("/deployments", asked, key)).toEqual(first);
  });

  it("is not told that a rollback was done which moved nothing", async () => {
    for (const run_id of [runs[1], runs[2]]) await post("/deployments", { run_id });
    const key = newKey();
    const first = await post("/deployments/rollback", { reason: "worse" }, key);
    expect(first.body).toMatchObject({ success: true, rollback_reason: "worse" });
    await post("/deployments", { run_id: runs[2], override_reason: "better after all" });
    const serving = await active();
    // Another target and reason under the key: refused, and nothing moves.
    const other = { target_id: first.body.deployment_id, reason: "worse again" };
    expect(await post("/deployments/rollback", other, key)).toMatchObject(refusal);
    expect(await active()).toEqual(serving);
    // The same request: its own answer, not one that mixes today's pointer with that day's event.
    expect(await post("/deployments/rollback", { reason: "worse" }, key)).toEqual(first);
    expect(await active()).toEqual(serving);
  });

  it("that died after its reward was stored does not store it again over a later judgement", async () => {
    const { body } = await post("/episodes", episode("storm-desk", 50));
    const asked = { episode_id: body.id, value: 1, evaluator: "ann" };
    const key = newKey();
    const heal = loseAnswers(world.app.ledger);
    const first = await post("/rewards", asked, key);
    heal();
    await post("/rewards", { ...asked, value: -1 });
    const before = await count("rewards");
    world.clock.advance(31_000);
    expect(await post("/rewards", asked, key)).toEqual(first);
    expect(await count("rewards")).toBe(before);
    await world.settle();
    expect((await world.call("GET", `/episodes/${body.id}`)).body.reward_avg).toBe(-1);
  });

  it("that died after its undo does not take back what was skipped again since", async () => {
    const reviewer = "zoe";
    const { body } = await post("/review/next", { reviewer });
    const skip = () => post(`/review/${body.item.episode_id}/skip`, { reviewer });
    const done = async () => (await world.app.services.review.queue("storm-desk")).reviewers;
    await skip();
    const key = newKey();
    const heal = loseAnswers(world.app.ledger);
    const first = await post("/review/undo", { reviewer }, key);
    heal();
    expect(first.body.item.episode_id).toBe(body.item.episode_id);
    world.clock.advance(1000);
    expect((await skip()).status).toBe(200);
    world.clock.advance(31_000);
    const before = await done();
    await post("/review/undo", { reviewer }, key);
    expect(await done()).toEqual(before);
    // The skip stands: one undo more takes it back.
    expect((await post("/review/undo", { reviewer })).body.item.episode_id).toBe(body.item.episode_id);
  });
});
