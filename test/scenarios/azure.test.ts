import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Clock } from "../../src/kernel/clock.ts";
import { type FakeAzure, startFakeAzure } from "../fakes/azure/server.ts";
import { episode, golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

/** The app by its settings alone on the wire-level fake: Entra tokens, Azure OpenAI's paths, Azure Resource Manager. */
describe("on Azure, as far as a fake of its wire can tell", () => {
  const agent_id = "storm-desk";
  let world: World | undefined;
  let azure: FakeAzure;
  let dataset_id: string;
  const before: Record<string, string | undefined> = {};

  beforeAll(async () => {
    // The app's clock is made with its world, a moment later.
    const clock: Clock = {
      now: () => world?.clock.now() ?? 0,
      after: (ms, callback) => (world as World).clock.after(ms, callback),
    };
    azure = await startFakeAzure({ clock, deployments: { base: "gpt-4o-mini-2024-07-18" } });
    // @azure/identity reads these itself, as on App Service.
    for (const [name, value] of Object.entries(azure.identityEnv)) {
      before[name] = process.env[name];
      process.env[name] = value;
    }
    world = await openWorld({
      LIGHTNING_AGENT_ID: agent_id,
      USE_TUNED_MODEL: "true",
      FOUNDRY_MODEL_DEPLOYMENT_NAME: "base",
      ...azure.env,
    });
    const lessons = await call("POST", "/datasets/golden", {
      name: "lessons",
      content: golden(0, 40),
      test_split: 0,
    });
    dataset_id = lessons.body.dataset_id;
  });
  afterAll(async () => {
    await world?.close();
    await azure.close();
    for (const [name, value] of Object.entries(before))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const call: World["call"] = (...request) => (world as World).call(...request);
  const until: World["until"] = (condition) => (world as World).until(condition);
  const deployments = async () => (await call("GET", "/deployments")).body.deployments;
  const shown = async (id: string) =>
    (await deployments()).find((one: { deployment_id: string }) => one.deployment_id === id);
  const trained = async (n_epochs: number) => {
    const { body } = await call("POST", "/training", { dataset_id, n_epochs }, { prefer: "wait=200" });
    expect(body.status).toBe("succeeded");
    return body as { run_id: string; tuned_model: string };
  };
  /** Asks for a promotion and lets time pass until it has ended. */
  const ended = async (input: object) => {
    const { body } = await call("POST", "/deployments", input, { prefer: "wait=0" });
    let record = body;
    await until(async () => {
      record = await shown(body.deployment_id);
      return record.state === "active" || record.state === "failed";
    });
    return record as {
      deployment_id: string;
      deployment_name: string;
      state: string;
      failure?: { code: string };
      is_active: boolean;
    };
  };
  const promoted = async (run_id: string) => {
    const record = await ended({ run_id });
    expect(record).toMatchObject({ state: "active", is_active: true });
    return record;
  };
  const model = async () => (await call("GET", "/model")).body.model as string;

  it("a pipeline trains, evaluates and promotes a model that can be called, with the identity's tokens", async () => {
    const lines = Array.from({ length: 40 }, (_, n) => JSON.stringify(episode(agent_id, n))).join("\n");
    await call("POST", "/episodes", lines, { "content-type": "application/x-ndjson" });
    for (let n = 0; n < 40; n++)
      await call("POST", "/rewards", {
        episode_id: `ep-${agent_id}-${n}`,
        source: "test_result",
        value: 1,
        evaluator: "checks",
      });
    const held = await call("POST", "/datasets/golden", {
      name: "held out",
      content: golden(1000, 80),
      test_split: 1,
    });
    const { body } = await call("POST", "/pipelines", {
      dataset: { min_reward: 0.5 },
      evaluation: { dataset_id: held.body.dataset_id, split: "test" },
    });
    let pipeline = body;
    await until(async () => {
      pipeline = (await call("GET", `/pipelines/${body.pipeline_id}`)).body;
      return ["finished", "failed"].includes(pipeline.status);
    });
    expect(pipeline).toMatchObject({ outcome: "promoted" });
    const active = (await call("GET", "/deployments/active")).body;
    expect(active.deployment_name).toMatch(/^storm-desk-[0-9a-f]{16}$/);
    expect(active.tuned_model_name).toMatch(/^gpt-4o-mini-2024-07-18\.ft-[0-9a-f]{32}$/);
    expect(await model()).toBe(active.deployment_name);
    expect(azure.data.jobs).toHaveLength(1);
    expect(azure.data.jobRequests[0]).toMatchObject({ trainingType: "GlobalStandard" });
    // One deployment, made for the evaluation and then promoted.
    expect(azure.arm.made).toEqual([active.deployment_name]);
    expect(new Set(azure.tokens)).toEqual(new Set(["https://ai.azure.com", "https://management.azure.com"]));
  });

  it("a pipeline against a baseline that is no deployment pays for nothing and says what to set", async () => {
    const held = await call("POST", "/datasets/golden", {
      name: "held out",
      content: golden(1000, 80),
      test_split: 1,
    });
    const jobs = azure.data.jobs.length;
    const { body } = await call("POST", "/pipelines", {
      dataset_id,
      training: { n_epochs: 5 },
      evaluation: {
        dataset_id: held.body.dataset_id,
        split: "test",
        baseline: "gpt-4o-mini-2024-07-18",
      },
    });
    let pipeline = body;
    await until(async () => {
      pipeline = (await call("GET", `/pipelines/${body.pipeline_id}`)).body;
      return pipeline.status === "failed";
    });
    expect(pipeline.error).toMatch(/^baseline_uncallable: .*gpt-4o-mini-2024-07-18.* Name a baseline/);
    expect(azure.data.jobs).toHaveLength(jobs);
  });

  it("a pipeline on preference pairs that names no examples to judge by is refused before it pays", async () => {
    const pair = (n: number) =>
      JSON.stringify({
        input: { messages: [{ role: "user", content: `Which storm is number ${n}?` }] },
        preferred_output: [{ role: "assistant", content: `Storm ${n}.` }],
        non_preferred_output: [{ role: "assistant", content: "No idea." }],
      });
    const content = Array.from({ length: 300 }, (_, n) => pair(n)).join("\n");
    const pairs = await call("POST", "/datasets/golden", { name: "pairs", content, format: "dpo" });
    const jobs = azure.data.jobs.length;
    const { body } = await call("POST", "/pipelines", {
      dataset_id: pairs.body.dataset_id,
      training: { base_model: "gpt-4.1-2025-04-14" },
    });
    let pipeline = body;
    await until(async () => {
      pipeline = (await call("GET", `/pipelines/${body.pipeline_id}`)).body;
      return pipeline.status === "failed";
    });
    expect(pipeline.error).toMatch(/^no_held_out_examples: .*format dpo.* of format sft/);
    expect(azure.data.jobs).toHaveLength(jobs);
  });

  it("a promotion answers 202, shows how far it is, and serves only when the model answers", async () => {
    const served = await model();
    const run = await trained(1);
    const started = await call("POST", "/deployments", { run_id: run.run_id }, { prefer: "wait=5" });
    expect(started).toMatchObject({ status: 202, body: { is_active: false } });
    const id = started.body.deployment_id;
    const seen = new Set<string>();
    await until(async () => {
      const { state } = await shown(id);
      seen.add(state);
      if (state !== "active") expect(await model()).toBe(served);
      return state === "active";
    });
    expect([...seen]).toEqual(expect.arrayContaining(["provisioning", "probing", "active"]));
    (world as World).clock.advance(61_000);
    expect(await model()).toBe(started.body.deployment_name);
  });

  it("asked for twice, or again after it serves, makes one deployment", async () => {
    const run = await trained(2);
    const made = azure.arm.made.length;
    const [one, two] = await Promise.all([promoted(run.run_id), promoted(run.run_id)]);
    expect(one.deployment_id).toBe(two.deployment_id);
    expect(await promoted(run.run_id)).toMatchObject({ deployment_id: one.deployment_id });
    expect(azure.arm.made.slice(made)).toEqual([one.deployment_name]);
  });

  it("a rollback to a model that Azure has removed makes it callable again, then it serves (202)", async () => {
    const [three, two] = (await deployments()).map((one: { deployment_name: string }) => one.deployment_name);
    azure.arm.vanish(two);
    const asked = await call("POST", "/deployments/rollback", { reason: "worse" }, { prefer: "wait=1" });
    expect(asked).toMatchObject({
      status: 202,
      body: { deployment_name: three, warnings: [expect.stringContaining("removed")] },
    });
    expect(
      (await call("POST", "/deployments/rollback", { reason: "worse" }, { prefer: "wait=1" })).body.restoring,
    ).toBe(asked.body.restoring);
    await until(async () => (await call("GET", "/deployments/active")).body.deployment_name === two);
    const { lineage, events } = (await call("GET", "/lineage")).body;
    expect(events.at(-1)).toMatchObject({ what: "rolled_back", to: asked.body.restoring, reason: "worse" });
    expect(lineage.filter((one: { is_active: boolean }) => one.is_active)).toHaveLength(1);
  });

  it("asked for at once, the nearest callable model serves and the reply says so", async () => {
    const all = await deployments();
    const active = (await call("GET", "/deployments/active")).body;
    const run = await trained(4);
    const four = await promoted(run.run_id);
    azure.arm.vanish(active.deployment_name);
    const { status, body } = await call("POST", "/deployments/rollback", { at_once: true });
    expect(status).toBe(200);
    const oldest = all.at(-1).deployment_name;
    expect(body).toMatchObject({ deployment_name: oldest, rollback_from: four.deployment_id });
    expect(body.warnings[0]).toContain(`${oldest} serves instead`);
  });

  it("the daily look keeps what serves awake, tells what Azure removed, and brings the active one back", async () => {
    const active = (await call("GET", "/deployments/active")).body;
    azure.arm.add("made-by-hand", `gpt-4.1-2025-04-14.ft-${"0".repeat(32)}`);
    const quiet = await call("POST", "/deployments/reconcile", {});
    expect(quiet.body).toMatchObject({ compared: true, returning: [], kept_awake: [active.deployment_name] });
    expect(quiet.body.unknown).toEqual(["made-by-hand"]);
    azure.arm.vanish(active.deployment_name);
    const { body } = await call("POST", "/deployments/reconcile", {});
    expect(body.lost).toEqual([active.deployment_name]);
    expect(body.returning).toMatchObject([{ deployment_name: active.deployment_name }]);
    expect(await shown(active.deployment_id)).toMatchObject({ state: "lost", is_active: true });
    await until(async () => (await shown(body.returning[0].id)).state === "active");
    const again = (await call("GET", "/deployments/active")).body;
    expect(again.deployment_name).toBe(active.deployment_name);
    expect((await call("POST", "/deployments/reconcile", {})).body).toMatchObject({
      lost: [],
      returning: [],
    });
  });

  it("without room names the idle deployments; asked to prune it removes the oldest, never the one before", async () => {
    const run = await trained(5);
    azure.arm.knobs.most = azure.arm.names().length - 1;
    const full = await call("POST", "/deployments", { run_id: run.run_id }, { prefer: "wait=200" });
    expect(full).toMatchObject({
      status: 409,
      body: { error: { code: "deployment_quota", field: "prune" } },
    });
    const { candidates } = full.body.error.details;
    expect(candidates.length).toBeGreaterThan(0);
    const active = (await call("GET", "/deployments/active")).body.deployment_name;
    expect(candidates).not.toContain(active);
    const removed = azure.arm.removed.length;
    const { body } = await call(
      "POST",
      "/deployments",
      { run_id: run.run_id, prune: "oldest_inactive" },
      { prefer: "wait=200" },
    );
    expect(body).toMatchObject({ success: true, is_active: true });
    expect(azure.arm.removed.slice(removed)).toEqual([candidates[0]]);
    expect(azure.arm.names()).toContain("made-by-hand");
    azure.arm.knobs.most = 10;
  });

  it("without the right to make deployments says which role it takes, and takes one that an operator made", async () => {
    const run = await trained(6);
    azure.arm.knobs.readOnly = true;
    const refused = await call("POST", "/deployments", { run_id: run.run_id }, { prefer: "wait=200" });
    expect(refused).toMatchObject({ status: 403, body: { error: { code: "permission_missing" } } });
    expect(refused.body.error.message).toContain("Cognitive Services Contributor");
    azure.arm.knobs.readOnly = false;
    azure.arm.add("by-operator", run.tuned_model);
    const { body } = await call("POST", "/deployments", {
      run_id: run.run_id,
      deployment_name: "by-operator",
    });
    expect(body).toMatchObject({ success: true, deployment_name: "by-operator" });
  });

  it("a deployment that never answers is made anew once, then the promotion fails and nothing is left of it", async () => {
    const served = (await call("GET", "/deployments/active")).body.deployment_name;
    const run = await trained(7);
    const made = azure.arm.made.length;
    azure.arm.knobs.deaf = 1;
    const one = await promoted(run.run_id);
    expect(azure.arm.made.slice(made)).toEqual([one.deployment_name, one.deployment_name]);
    const other = await trained(8);
    azure.arm.knobs.deaf = 2;
    const failed = await ended({ run_id: other.run_id });
    expect(failed).toMatchObject({ state: "failed", failure: { code: "deployment_not_ready" } });
    const name = failed.deployment_name;
    (world as World).clock.advance(60_000);
    expect(azure.arm.names()).not.toContain(name);
    expect((await call("GET", "/deployments/active")).body.deployment_name).toBe(one.deployment_name);
    expect(served).not.toBe(one.deployment_name);
  });

  it("a clean-up lists first, then removes what nothing needs; what serves and what served before stay", async () => {
    (world as World).clock.advance(20 * 86_400_000);
    const listed = await call("POST", "/deployments/clean-up", { older_than_days: 7 });
    expect(listed.body).toMatchObject({ dry_run: true, not_removed: [] });
    expect(listed.body.removed[0]).toMatchObject({ usd_an_hour: 1.7 });
    const names = listed.body.removed.map((one: { deployment_name: string }) => one.deployment_name);
    expect(azure.arm.names()).toEqual(expect.arrayContaining(names));
    const done = await call("POST", "/deployments/clean-up", { older_than_days: 7, dry_run: false });
    expect(done.body.removed).toEqual(listed.body.removed);
    const draining = (await deployments()).filter((one: { state: string }) => one.state === "draining");
    expect(draining.length).toBeGreaterThan(0);
    (world as World).clock.advance(60_000);
    await call("POST", "/deployments/reconcile", {});
    for (const name of names) expect(azure.arm.names()).not.toContain(name);
    const pointer = await (world as World).app.services.deployments.pointerOf(agent_id);
    const kept = [pointer.deployment_name, pointer.stack.at(-1)?.deployment_name];
    expect(azure.arm.names()).toEqual(expect.arrayContaining(kept));
    const states = (await deployments()).map((one: { state: string }) => one.state);
    expect(states).toContain("deleted");
    expect(states).not.toContain("draining");
  });

  it("a candidate that did not pass is taken down a day after its verdict, and its model stays", async () => {
    const run = await trained(11);
    const few = await call("POST", "/datasets/golden", {
      name: "few",
      content: golden(3000, 12),
      test_split: 1,
    });
    const asked = { run_id: run.run_id, dataset_id: few.body.dataset_id };
    const { body } = await call("POST", "/evaluations", asked, { prefer: "wait=600" });
    expect(body).toMatchObject({ verdict: "inconclusive" });
    const name = body.candidate_deployment ?? azure.arm.made.at(-1);
    const idle = async () =>
      (await call("POST", "/deployments/clean-up", { older_than_days: 0 })).body.removed.map(
        (one: { deployment_name: string }) => one.deployment_name,
      );
    const hourly = async () => {
      (world as World).host.trigger("removeRejectedCandidates", "");
      await (world as World).settle();
    };
    (world as World).clock.advance(20 * 3_600_000);
    await hourly();
    expect(azure.arm.names()).toContain(name);
    expect(await idle()).not.toContain(name);
    const serving = (await call("GET", "/deployments/active")).body.deployment_name;
    (world as World).clock.advance(4.5 * 3_600_000);
    await hourly();
    (world as World).clock.advance(60_000);
    expect(azure.arm.names()).not.toContain(name);
    expect(azure.arm.names()).toContain(serving);
    expect((await call("GET", `/training/${run.run_id}`)).body.tuned_model).toBe(run.tuned_model);
  });

  it("Resource Manager that asks for ten minutes is left alone for so long, in a durable wait, and makes the deployment then", async () => {
    const run = await trained(12);
    const puts = () => azure.requests.filter((line) => /^PUT .*\/deployments\//i.test(line)).length;
    azure.arm.knobs.most = 100;
    const busy = { on: /^PUT .*\/deployments\//, with: 429, retryAfterSeconds: 600 } as const;
    azure.faults.push(busy);
    const putsBefore = puts();
    const { body } = await call("POST", "/deployments", { run_id: run.run_id }, { prefer: "wait=0" });
    await until(async () => ["active", "failed"].includes((await shown(body.deployment_id)).state));
    const made = await shown(body.deployment_id);
    expect(made).toMatchObject({ state: "active", is_active: true });
    expect(Date.parse(made.promoted_at) - Date.parse(made.created_at)).toBeGreaterThanOrEqual(590_000);
    expect(puts() - putsBefore).toBe(2);
    expect(azure.arm.made.filter((name) => name === body.deployment_name)).toHaveLength(1);
  });

  it("training on a base past its date is refused with alternatives, and the calendar says so", async () => {
    const { body } = await call("GET", "/retirements");
    expect(body.bases).toMatchObject([
      { model: "gpt-4o-mini-2024-07-18", training_retires: "2027-04-01", configured: true },
    ]);
    expect(body.plan[0]).toMatchObject({ request: { agent_id }, estimated_usd: expect.anything() });
    (world as World).clock.advance(Date.parse("2027-05-01") - (world as World).clock.now());
    const refused = await call("POST", "/training", { dataset_id, n_epochs: 9 });
    expect(refused).toMatchObject({
      status: 422,
      body: { error: { code: "base_model_retired", field: "base_model" } },
    });
    expect(refused.body.error.details.alternatives.length).toBeGreaterThan(0);
    const { days_until_training_ends } = (await call("GET", "/retirements")).body.bases[0];
    expect(days_until_training_ends).toBeLessThan(0);
  });
});
