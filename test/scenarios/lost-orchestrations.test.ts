import { rm } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { homeFiles } from "../../src/local-host/home.ts";
import { openStore } from "../../src/local-provider/store.ts";
import { runPipelineInputSchema } from "../../src/pipelines/contract.ts";
import { randomOf } from "./kill-run.ts";
import { LEDGERS } from "./ledgers.ts";
import { golden } from "./storm-desk.ts";
import type { World } from "./world.ts";

jest.setTimeout(180_000);
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const FAILED = 3;

describe.each(LEDGERS)("a record whose orchestration is gone, on %s", (ledger, open) => {
  let world: World;
  let agents = 0;

  beforeAll(async () => {
    // An epoch takes a minute: time to step in.
    world = await open({ USE_TUNED_MODEL: "true" }, { pace: { epochMs: MINUTE_MS } });
  });
  afterAll(() => world.close());

  async function lessonsFor(agent_id: string, name: string, content: string, test_split: number) {
    const { body } = await world.call("POST", "/datasets/golden", { agent_id, name, content, test_split });
    return body.dataset_id as string;
  }
  async function agent() {
    const agent_id = `desk-${++agents}`;
    return {
      agent_id,
      dataset_id: await lessonsFor(agent_id, "lessons", golden(0, 40), 0),
      evaluation: {
        dataset_id: await lessonsFor(agent_id, "held out", golden(1000, 60), 1),
        split: "test",
      },
    };
  }
  type Input = Awaited<ReturnType<typeof agent>> & Record<string, unknown>;

  const begin = async (input: Record<string, unknown>) =>
    (await world.call("POST", "/pipelines", input, { prefer: "wait=0" })).body.pipeline_id as string;
  const pipeline = (input: Input, id: string) => world.app.services.pipelines.get(input.agent_id, id);
  const reaches = (input: Input, id: string, ...statuses: string[]) =>
    world.until(async () => statuses.includes((await pipeline(input, id)).status));
  const run = async (input: Input, id: string) =>
    world.app.services.training.get(input.agent_id, (await pipeline(input, id)).run_id ?? "");
  const hasJob = (input: Input, id: string) =>
    world.until(async () => {
      const { run_id } = await pipeline(input, id);
      return run_id !== undefined && (await run(input, id)).aoai_job_id !== undefined;
    });

  const jobs = (agentId: string) => {
    const store = openStore(path.join(world.home, "provider", "provider.sqlite"));
    try {
      return store.listJobs().filter((job) => job.metadata.agent_id === agentId);
    } finally {
      store.close();
    }
  };
  const management = (id: string, method: string, verb = "") =>
    world.fetch(`/runtime/webhooks/durabletask/instances/${id}${verb}`, { method });
  async function runtimeStatus(id: string): Promise<string | undefined> {
    const answer = await management(id, "GET");
    if (answer.status === 404) return undefined;
    return ((await answer.json()) as { runtimeStatus: string }).runtimeStatus;
  }
  async function terminate(id: string) {
    await management(id, "POST", "/terminate?reason=op");
    await world.until(async () => !["Running", "Pending"].includes((await runtimeStatus(id)) ?? "gone"));
  }
  async function purge(id: string) {
    await terminate(id);
    await management(id, "DELETE");
  }
  async function loseTheHub() {
    await world.host.stop();
    const file = homeFiles(world.home).durableStore;
    for (const end of ["", "-wal", "-shm"]) await rm(`${file}${end}`, { force: true });
    await world.restart();
  }
  /** What Microsoft's engine does to an instance whose worker dies under it. */
  async function fail(...ids: string[]) {
    await world.host.stop();
    const store = new DatabaseSync(homeFiles(world.home).durableStore);
    for (const id of ids)
      store
        .prepare("UPDATE instances SET status = ?, output = ? WHERE id = ?")
        .run(FAILED, JSON.stringify("node exited with code 137"), id);
    store.close();
    await world.restart();
  }
  async function pass(ms: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    world.clock.after(ms, resolve);
    await world.host.until(promise);
  }
  const decide = (input: Input, id: string) =>
    world.call("POST", `/pipelines/${id}/approval`, {
      agent_id: input.agent_id,
      approved: true,
      decided_by: "the board",
    });

  it("takes no approval once a pipeline was terminated, and the pipeline ends with the reason within the hour", async () => {
    const input = { ...(await agent()), approval: { required: true } };
    const id = await begin(input);
    await reaches(input, id, "waiting_for_approval");
    await terminate(id);
    expect(await decide(input, id)).toMatchObject({
      status: 409,
      body: { error: { code: "pipeline_not_running", message: expect.stringContaining("op") } },
    });
    await pass(HOUR_MS);
    const ended = (await world.call("GET", `/pipelines/${id}?agent_id=${input.agent_id}`)).body;
    expect(ended).toMatchObject({ status: "failed", stage: "approval" });
    expect(ended.error).toContain("orchestration_terminated");
    expect(ended.error).toContain("op");
    expect(ended.decision).toBeUndefined();
  });

  it("is taken up again when a waiting pipeline's task hub was lost: the decision is refused once, then counts", async () => {
    const input = { ...(await agent()), approval: { required: true } };
    const id = await begin(input);
    await reaches(input, id, "waiting_for_approval");
    await loseTheHub();
    const first = await decide(input, id);
    expect(first).toMatchObject({ status: 409, body: { error: { code: "pipeline_not_running" } } });
    expect((await decide(input, id)).status).toBe(200);
    await reaches(input, id, "finished");
    expect(await pipeline(input, id)).toMatchObject({ outcome: "promoted" });
    expect(jobs(input.agent_id)).toHaveLength(1);
  });

  it.each([
    ["purged", async (id: string) => purge(`${id}-training`)],
    ["terminated", async (id: string) => terminate(`${id}-training`)],
    ["failed by its engine with the pipeline's", async (id: string) => fail(id, `${id}-training`)],
    ["lost with its task hub", async () => loseTheHub()],
  ])(
    "is followed on when the training's was %s: one job, and the pipeline promotes its model",
    async (_how, strike) => {
      const input = await agent();
      const id = await begin(input);
      await hasJob(input, id);
      const from = world.clock.now();
      await strike(id);
      await reaches(input, id, "finished", "failed");
      expect(await pipeline(input, id)).toMatchObject({ status: "finished", outcome: "promoted" });
      expect(jobs(input.agent_id)).toHaveLength(1);
      expect(world.clock.now() - from).toBeLessThan(2 * HOUR_MS);
      expect((await run(input, id)).taken_up).toMatchObject({ times: 1 });
    },
    120_000,
  );

  it("names the stage and its record where an operator ended the stage's orchestration twice", async () => {
    const input = await agent();
    const id = await begin(input);
    await hasJob(input, id);
    const { run_id = "" } = await pipeline(input, id);
    await terminate(`${id}-training`);
    await world.until(async () => (await runtimeStatus(`${id}-training-again`)) === "Running");
    await terminate(`${id}-training-again`);
    await reaches(input, id, "failed");
    expect(await pipeline(input, id)).toMatchObject({
      stage: "training",
      run_id,
      error: expect.stringMatching(new RegExp(`^the training \\(${run_id}\\) was interrupted: .*op`)),
    });
    // The job is paid for: the sweep follows its run on.
    await pass(1.5 * HOUR_MS);
    expect((await run(input, id)).status).toBe("succeeded");
    expect(jobs(input.agent_id)).toHaveLength(1);
  });

  it("is put right without anybody asking when its run was given up while the paid job went on", async () => {
    const input = await agent();
    const id = await begin(input);
    await hasJob(input, id);
    const { run_id = "" } = await pipeline(input, id);
    await world.app.runActivity("failRun", {
      agent_id: input.agent_id,
      id: run_id,
      code: "orchestration_lost",
      message: "It was lost 6 times within a day.",
    });
    const swept = () => world.call("POST", "/records/take-up", {});
    expect((await swept()).body).toMatchObject({ success: true, settled: [] });
    expect(await run(input, id)).toMatchObject({ status: "failed", failed_in: "tracking" });
    await pass(1.5 * HOUR_MS);
    const settled = await run(input, id);
    expect(settled).toMatchObject({ status: "succeeded", tuned_model_name: expect.any(String) });
    expect(settled).not.toHaveProperty("error");
    expect(jobs(input.agent_id)).toHaveLength(1);
    // An equal request gets what was paid for.
    const again = await begin({ ...input, name: "again" });
    await reaches(input, again, "finished", "failed");
    expect(await pipeline(input, again)).toMatchObject({ run_id, outcome: "promoted" });
    expect(jobs(input.agent_id)).toHaveLength(1);
  });

  it("is taken up at once on an operator's word, who is told what was taken up, what failed and what was left", async () => {
    const waits = async () => ({ ...(await agent()), approval: { required: true } });
    const [taken, ended, alive] = [await waits(), await waits(), await waits()];
    const [lost, terminated, waiting] = [await begin(taken), await begin(ended), await begin(alive)];
    await reaches(taken, lost, "waiting_for_approval");
    await reaches(ended, terminated, "waiting_for_approval");
    await reaches(alive, waiting, "waiting_for_approval");
    await fail(lost);
    await terminate(terminated);
    const health = async () => (await world.call("GET", "/health")).body;
    expect(await health()).toMatchObject({
      status: "degraded",
      records: { lost: { Failed: 1, Terminated: 1 } },
      checks: { orchestrations: { ok: false, code: "orchestrations_lost" } },
    });
    const swept = await world.call("POST", "/records/take-up", {});
    expect(swept).toMatchObject({
      status: 200,
      body: {
        success: true,
        taken_up: [
          { type: "pipeline", agent_id: taken.agent_id, id: lost, because: expect.stringContaining("137") },
        ],
        failed: [
          { type: "pipeline", agent_id: ended.agent_id, id: terminated, code: "orchestration_terminated" },
        ],
        not_looked_after: [],
      },
    });
    expect(swept.body.left.alive).toBeGreaterThanOrEqual(1);
    expect(swept.body.looked_at).toBe(2 + swept.body.left.alive);
    const { taken_up: before } = (await health()).records as { taken_up: number };
    expect(await health()).toMatchObject({ records: { lost: {} }, checks: { orchestrations: { ok: true } } });
    expect(before).toBeGreaterThanOrEqual(1);
    const shown = await world.call("GET", `/pipelines/${lost}?agent_id=${taken.agent_id}`);
    expect(shown.body.taken_up).toMatchObject({ times: 1, because: expect.stringContaining("137") });
    expect((await pipeline(ended, terminated)).status).toBe("failed");
    for (const [input, id] of [
      [taken, lost],
      [alive, waiting],
    ] as const) {
      expect((await decide(input, id)).status).toBe(200);
      await reaches(input, id, "finished");
      expect(jobs(input.agent_id)).toHaveLength(1);
    }
  });

  it("is worked on again by the same request when an evaluation's was terminated", async () => {
    const input = await agent();
    const trained = await begin({ ...input, promote: false });
    await reaches(input, trained, "finished");
    const { run_id } = await pipeline(input, trained);
    const request = {
      agent_id: input.agent_id,
      run_id,
      dataset_id: input.evaluation.dataset_id,
      split: "test",
      metric: "exact",
    };
    const made = await world.app.services.evaluations.prepare({ ...request, baseline: "active" } as never);
    const ref = { agent_id: input.agent_id, id: made.evaluation.id };
    await world.app.runActivity("claimEvaluation", { ...ref, instance_id: "pipeline-0-evaluation" });
    const { body } = await world.call("POST", "/evaluations", request, { prefer: "wait=60" });
    expect(body).toMatchObject({ evaluation_id: ref.id, status: "finished" });
  });

  it("ends within the hour for every kind of record, and is nobody's business afterwards", async () => {
    const input = await agent();
    const { agent_id } = input;
    const trained = await begin({ ...input, promote: false });
    await reaches(input, trained, "finished");
    const { run_id = "" } = await pipeline(input, trained);
    const { services, runActivity } = world.app;
    const lost = (id: string) => ({ agent_id, id, instance_id: `lost-${id}` });

    const { dataset } = await services.datasets.prepareGolden({
      agent_id,
      name: "more lessons",
      content: golden(2000, 20),
    });
    await runActivity("claimDataset", lost(dataset.id));
    const { run: second } = await services.training.prepare({
      agent_id,
      dataset_id: input.dataset_id,
      n_epochs: 1,
      force_new: true,
    });
    await runActivity("claimRun", lost(second.id));
    const { evaluation } = await services.evaluations.prepare({
      agent_id,
      run_id,
      dataset_id: input.evaluation.dataset_id,
      split: "test",
      baseline: "base",
      metric: "exact",
    } as never);
    await runActivity("claimEvaluation", lost(evaluation.id));
    const { deployment } = await services.deployments.prepare({ agent_id, run_id });
    await runActivity("claimDeployment", lost(deployment.id));
    await pass(1.5 * HOUR_MS);
    expect({
      dataset: (await services.datasets.get(agent_id, dataset.id)).status,
      run: (await services.training.get(agent_id, second.id)).status,
      evaluation: (await services.evaluations.get(agent_id, evaluation.id)).status,
      deployment: (await services.deployments.get(agent_id, deployment.id)).state,
    }).toEqual({ dataset: "ready", run: "succeeded", evaluation: "finished", deployment: "active" });
    expect(jobs(agent_id)).toHaveLength(2);
  });

  it("fails a pipeline at once whose dataset was there when it was asked for, with the text of a 404", async () => {
    const input = await agent();
    const { services } = world.app;
    const { pipeline: made } = await services.pipelines.prepare(
      runPipelineInputSchema.parse({ agent_id: input.agent_id, dataset_id: input.dataset_id }),
    );
    await world.app.ledger.delete("datasets", [input.agent_id], input.dataset_id);
    const from = world.clock.now();
    await world.fetch(`/runtime/webhooks/durabletask/orchestrators/runPipeline/${made.id}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ agent_id: input.agent_id, id: made.id }),
    });
    await reaches(input, made.id, "failed");
    expect(world.clock.now() - from).toBeLessThan(MINUTE_MS);
    expect((await pipeline(input, made.id)).error).toBe(
      `dataset_not_found: Agent ${input.agent_id} has no dataset ${input.dataset_id}.`,
    );
  });

  it("does not keep its agent from being retrained: the timer looks after it first", async () => {
    const { agent_id } = await agent();
    const { services, runActivity } = world.app;
    const { pipeline: made } = await services.pipelines.prepare(
      runPipelineInputSchema.parse({ agent_id, name: "lost" }),
    );
    await runActivity("claimPipeline", { agent_id, id: made.id, instance_id: made.id });
    const started: string[] = [];
    await world.app.startRetraining({
      status: async () => ({ runtimeStatus: "Terminated", customStatus: null, output: "op" }),
      start: async ({ name }) => void started.push(name),
      raise: async () => undefined,
      terminate: async () => undefined,
      urls: () => ({}),
    });
    expect(started).toEqual(["retrainAgents"]);
    expect(await services.pipelines.get(agent_id, made.id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("orchestration_terminated"),
    });
  });

  it("ends right whatever strikes it and when, with one job and one active model, for every seed", async () => {
    for (let seed = 1; seed <= (ledger === "SQLite" ? 6 : 2); seed++) {
      const random = randomOf(seed);
      const input = await agent();
      const id = await begin(input);
      const children = ["-dataset", "-training", "-evaluation", "-promotion"].map((end) => `${id}${end}`);
      for (let strike = 0; strike < 1 + (seed % 3); strike++) {
        await pass(Math.floor(random() * 4 * MINUTE_MS));
        const victim = [id, ...children][Math.floor(random() * 5)] ?? id;
        const how = Math.floor(random() * 4);
        if (how === 0) await loseTheHub();
        else if (how === 1) await fail(id);
        else if (how === 2) await fail(id, ...children);
        else if (victim !== id) await purge(victim);
      }
      await reaches(input, id, "finished", "failed");
      await pass(3 * HOUR_MS);
      const { status, outcome, error } = await pipeline(input, id);
      const { run_id } = await pipeline(input, id);
      const trained = run_id === undefined ? undefined : await run(input, id);
      expect({ seed, jobs: jobs(input.agent_id).length }).toEqual({
        seed,
        jobs: trained?.aoai_job_id === undefined ? 0 : 1,
      });
      expect({ seed, status, outcome, error, run: trained?.status }).toMatchObject({
        seed,
        run: "succeeded",
      });
      const serving = await world.app.services.deployments.readActive(input.agent_id);
      expect({ seed, active: serving !== null }).toEqual({ seed, active: outcome === "promoted" });
    }
  }, 300_000);
});
