import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("the model that serves", () => {
  let world: World;
  let down = false;
  const models: string[] = [];

  beforeAll(async () => {
    world = await openWorld(
      { LIGHTNING_AGENT_ID: "storm-desk", USE_TUNED_MODEL: "true" },
      { ledgerIsDown: () => down },
    );
  });
  afterAll(() => world.close());

  const serving = async () => (await world.call("GET", "/model")).body;
  const rollback = () => world.call("POST", "/deployments/rollback", { reason: "it got worse" });

  it("may be promoted by hand without an evaluation, with a warning", async () => {
    const lessons = await world.call("POST", "/datasets/golden", {
      name: "lessons",
      content: golden(0, 40),
      test_split: 0,
    });
    for (const n_epochs of [1, 2, 3]) {
      const { body } = await world.call(
        "POST",
        "/training",
        { dataset_id: lessons.body.dataset_id, n_epochs },
        { prefer: "wait=200" },
      );
      expect(body.status).toBe("succeeded");
      const promoted = await world.call("POST", "/deployments", { run_id: body.run_id });
      // Nobody has shown that it is better: allowed by hand, and said.
      expect(promoted.body.warnings).toEqual(["No finished evaluation of this run shows that it is better."]);
      models.push(body.tuned_model);
    }
  });

  it("outlives the ledger: the last known good answer, marked stale (defect 9.16)", async () => {
    expect(await serving()).toMatchObject({ model: models[2], source: "registry", stale: false });
    world.clock.advance(61_000);
    down = true;
    expect(await serving()).toMatchObject({ model: models[2], source: "registry", stale: true });
    down = false;
    world.clock.advance(6_000);
    expect(await serving()).toMatchObject({ model: models[2], stale: false });
  });

  it("walks back along what really served, 3 → 2 → 1 → base, and never to and fro (defect 9.4)", async () => {
    expect((await rollback()).body).toMatchObject({ tuned_model: models[1], is_active: true });
    expect(await serving()).toMatchObject({ model: models[1] });
    expect((await rollback()).body).toMatchObject({ tuned_model: models[0], is_active: true });
    expect(await serving()).toMatchObject({ model: models[0] });
    expect((await rollback()).body).toMatchObject({ tuned_model: null, is_active: false });
    expect(await serving()).toMatchObject({ model: world.app.settings.baseModel, source: "base" });
    const further = await rollback();
    expect(further).toMatchObject({ status: 409, body: { error: { code: "nothing_to_roll_back_to" } } });
    const { body } = await world.call("GET", "/deployments");
    expect(body.deployments.filter((one: { is_active: boolean }) => one.is_active)).toEqual([]);
  });
});
