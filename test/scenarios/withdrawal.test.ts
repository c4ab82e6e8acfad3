import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { RetrainingResult } from "../../src/pipelines/contract.ts";
import { LEDGERS } from "./ledgers.ts";
import { episode, golden } from "./storm-desk.ts";
import type { World } from "./world.ts";

const agent_id = "storm-desk";
const NIGHTS = 5;
const AT_ONCE = 20;
// The emulated account is asked over HTTP: hundreds of episodes take their time on a busy machine.
jest.setTimeout(300_000);

describe.each(LEDGERS)("a model that a person has rolled back, on %s", (_ledger, open) => {
  let world: World;
  let episodes = 0;
  let run_id: string;
  let evaluation_id: string;

  beforeAll(async () => {
    world = await open({
      LIGHTNING_AGENT_ID: agent_id,
      USE_TUNED_MODEL: "true",
      LIGHTNING_RETRAIN_CRON: "0 0 3 * * *",
      LIGHTNING_RETRAIN_MIN_EPISODES: "10",
    });
  });
  afterAll(() => world.close());

  async function record(count: number, value: number) {
    const numbers = Array.from({ length: count }, () => episodes++);
    const lines = numbers.map((n) => JSON.stringify(episode(agent_id, n))).join("\n");
    await world.call("POST", "/episodes", lines, { "content-type": "application/x-ndjson" });
    const reward = (n: number) =>
      world.call("POST", "/rewards", {
        agent_id,
        episode_id: `ep-${agent_id}-${n}`,
        source: "test_result",
        value,
        evaluator: "checks",
      });
    for (let at = 0; at < count; at += AT_ONCE)
      await Promise.all(numbers.slice(at, at + AT_ONCE).map(reward));
    await world.settle();
  }

  interface Shown {
    instanceId: string;
    runtimeStatus: string;
    output: RetrainingResult;
  }
  const rounds = async () =>
    (
      (await (
        await world.fetch("/runtime/webhooks/durabletask/instances?instanceIdPrefix=retraining-")
      ).json()) as Shown[]
    ).toSorted((a, b) => a.instanceId.localeCompare(b.instanceId));
  const night = async (number: number) => {
    await world.until(async () => (await rounds())[number]?.runtimeStatus === "Completed");
    return (await rounds())[number]?.output;
  };
  const model = async () => (await world.call("GET", "/model")).body.source;
  const pipelineInput = { agent_id, dataset: {}, name: "by hand" };

  it("was put into service by a first night, and served", async () => {
    await record(400, 1);
    const first = await night(0);
    expect(first?.started).toMatchObject([{ agent_id, outcome: "promoted" }]);
    const active = (await world.call("GET", "/deployments/active")).body;
    ({ run_id, evaluation_id } = active);
    expect(active.verdict).toBe("pass");
    const back = await world.call("POST", "/deployments/rollback", {
      agent_id,
      reason: "users complain",
      rolled_back_by: "ada",
    });
    expect(back.status).toBe(200);
    expect(await model()).toBe("base");
  });

  it("stays out through five nights of retraining on the bad ratings that it brought", async () => {
    for (let number = 1; number <= NIGHTS; number++) {
      await record(15, -1);
      const output = await night(number);
      expect(output?.started).toMatchObject([{ agent_id, outcome: "nothing_new" }]);
      expect(await model()).toBe("base");
    }
    const { pipelines } = (await world.call("GET", `/pipelines?agent_id=${agent_id}`)).body;
    expect(pipelines[0]).toMatchObject({ outcome: "nothing_new", retraining: true, run_id });
    expect(pipelines[0].evaluation_id).toBeUndefined();
  });

  it("stays out of a pipeline that meets the same training, which says so before it pays for an evaluation", async () => {
    const { pipeline_id } = (await world.call("POST", "/pipelines", pipelineInput, { prefer: "wait=0" }))
      .body;
    await world.until(
      async () => (await world.app.services.pipelines.get(agent_id, pipeline_id)).status === "failed",
    );
    const ended = (await world.call("GET", `/pipelines/${pipeline_id}?agent_id=${agent_id}`)).body;
    expect(ended).toMatchObject({ outcome: "failed", stage: "training", run_id });
    expect(ended.error).toMatch(/^model_withdrawn: .*users complain/);
    expect(ended.evaluation_id).toBeUndefined();
    expect(await model()).toBe("base");
  });

  it("stays out of an equal request, also with its old verdict, until an owner answers for it", async () => {
    for (const more of [{}, { evaluation_id }]) {
      const refused = await world.call("POST", "/deployments", { agent_id, run_id, ...more });
      expect(refused).toMatchObject({ status: 409, body: { error: { code: "override_required" } } });
      expect(refused.body.error.details.doubts).toEqual([
        expect.stringMatching(/was rolled back by ada at .*: users complain\.$/),
      ]);
    }
    expect(await model()).toBe("base");
    const promoted = await world.call("POST", "/deployments", {
      agent_id,
      run_id,
      override_reason: "the complaints were about the tool, not the model",
      promoted_by: "owner",
    });
    expect(promoted).toMatchObject({ status: 200, body: { is_active: true } });
    expect(promoted.body.warnings).toEqual([
      expect.stringContaining("was rolled back by ada"),
      expect.stringContaining("The gate was overridden"),
    ]);
    expect(await model()).toBe("registry");
  });

  it("may come back after a deactivation by an owner's word alone, too", async () => {
    await world.call("POST", "/deployments/deactivate", { agent_id, reason: "harmful answers" });
    const { body } = await world.call("POST", "/pipelines", pipelineInput, { prefer: "wait=0" });
    await world.until(
      async () => (await world.app.services.pipelines.get(agent_id, body.pipeline_id)).status === "failed",
    );
    expect((await world.app.services.pipelines.get(agent_id, body.pipeline_id)).error).toContain(
      "harmful answers",
    );
    expect(await model()).toBe("base");
  });

  it("two pipelines at once end with one promotion by its first verdict, and one fresh verdict (loop D3)", async () => {
    const desk = "two-desks";
    const lessons = async (name: string, content: string, test_split: number) =>
      (await world.call("POST", "/datasets/golden", { agent_id: desk, name, content, test_split })).body
        .dataset_id as string;
    const evaluation = { dataset_id: await lessons("held out", golden(1000, 60), 1), split: "test" };
    const inputs = [await lessons("one", golden(0, 40), 0), await lessons("two", golden(40, 40), 0)];
    const ids = await Promise.all(
      inputs.map(
        async (dataset_id) =>
          (
            await world.call(
              "POST",
              "/pipelines",
              { agent_id: desk, dataset_id, evaluation },
              { prefer: "wait=0" },
            )
          ).body.pipeline_id as string,
      ),
    );
    const look = (id: string) => world.app.services.pipelines.get(desk, id);
    await world.until(async () =>
      (await Promise.all(ids.map(look))).every((one) => one.outcome !== undefined),
    );
    const ends = await Promise.all(ids.map(look));
    const winner = ends.find((one) => one.outcome === "promoted");
    const loser = ends.find((one) => one.outcome !== "promoted");
    expect([winner?.outcome, loser?.outcome]).toEqual(["promoted", expect.stringMatching(/^gate_/)]);
    const active = (await world.call("GET", `/deployments/active?agent_id=${desk}`)).body;
    expect(active.deployment_id).toBe(winner?.deployment_id);
    const fresh = await world.app.services.evaluations.get(desk, loser?.evaluation_id ?? "");
    expect(fresh).toMatchObject({ baseline: active.deployment_name, baseline_asked: "active" });
    expect(await world.app.services.deployments.historyOf(desk)).toHaveLength(1);
  });

  it("three equal pipelines at once make one job, one deployment record and one promotion", async () => {
    const desk = "three-desks";
    const lessons = async (name: string, content: string, test_split: number) =>
      (await world.call("POST", "/datasets/golden", { agent_id: desk, name, content, test_split })).body
        .dataset_id as string;
    const dataset_id = await lessons("lessons", golden(0, 40), 0);
    const evaluation = { dataset_id: await lessons("held out", golden(1000, 60), 1), split: "test" };
    const ids = await Promise.all(
      ["one", "two", "three"].map(
        async (name) =>
          (
            await world.call(
              "POST",
              "/pipelines",
              { agent_id: desk, name, dataset_id, evaluation },
              { prefer: "wait=0" },
            )
          ).body.pipeline_id as string,
      ),
    );
    const look = (id: string) => world.app.services.pipelines.get(desk, id);
    await world.until(async () =>
      (await Promise.all(ids.map(look))).every((one) => one.outcome !== undefined),
    );
    const ends = await Promise.all(ids.map(look));
    expect(ends.map(({ outcome, error }) => [outcome, error])).toEqual(
      ids.map(() => ["promoted", undefined]),
    );
    expect(new Set(ends.map((one) => one.deployment_id)).size).toBe(1);
    const { deployments } = (await world.call("GET", `/deployments?agent_id=${desk}`)).body;
    expect(deployments).toHaveLength(1);
    expect(await world.app.services.deployments.historyOf(desk)).toMatchObject([{ what: "promoted" }]);
    const { training_runs } = (await world.call("GET", `/training?agent_id=${desk}`)).body;
    expect(training_runs).toHaveLength(1);
  });
});
