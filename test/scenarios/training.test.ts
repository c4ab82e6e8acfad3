import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { openStore } from "../../src/local-provider/store.ts";
import { golden } from "./storm-desk.ts";
import { openWorld, type World } from "./world.ts";

describe("a training run", () => {
  let world: World;
  let dataset_id: string;
  const agent_id = "storm-desk";

  beforeAll(async () => {
    // An epoch takes a minute: time to step in.
    world = await openWorld({ LIGHTNING_AGENT_ID: agent_id }, { pace: { epochMs: 60_000 } });
    dataset_id = (
      await world.call("POST", "/datasets/golden", { name: "lessons", content: golden(0, 14), test_split: 0 })
    ).body.dataset_id;
  });
  afterAll(() => world.close());

  const jobs = (runId: string) => {
    const store = openStore(path.join(world.home, "provider", "provider.sqlite"));
    try {
      return store.listJobs().filter((job) => job.metadata.run_id === runId);
    } finally {
      store.close();
    }
  };
  const run = (id: string) => world.app.services.training.get(agent_id, id);
  const train = async (input: Record<string, unknown>) =>
    (await world.call("POST", "/training", { dataset_id, ...input })).body;
  const durable = async (id: string, verb: string) =>
    world.fetch(`/runtime/webhooks/durabletask/instances/${id}/${verb}?reason=test`, { method: "POST" });
  const instance = async (id: string) =>
    (await (await world.fetch(`/runtime/webhooks/durabletask/instances/${id}`)).json()) as {
      runtimeStatus: string;
    };

  it("is one run with one job, however often it is asked for (defect 9.5)", async () => {
    const replies = await Promise.all([train({}), train({}), train({})]);
    expect(new Set(replies.map((reply) => reply.run_id)).size).toBe(1);
    expect(replies.map((reply) => reply.status)).toEqual(["running", "running", "running"]);
    const { run_id } = replies[0];
    await world.until(async () => (await run(run_id)).status === "succeeded");
    expect(jobs(run_id)).toHaveLength(1);
    expect(await train({})).toMatchObject({ run_id, status: "succeeded", deduplicated: true });
    expect(jobs(run_id)).toHaveLength(1);
  });

  it("that is cancelled ends cancelled, its job at the provider too, and can be asked for anew", async () => {
    const { run_id } = await train({ n_epochs: 5 });
    await world.until(async () => (await run(run_id)).state === "running");
    await world.call("POST", `/training/${run_id}/cancel`, {});
    await world.until(async () => (await run(run_id)).status === "cancelled");
    expect(jobs(run_id).map((job) => job.status)).toEqual(["cancelled"]);
    expect(await train({ n_epochs: 5 })).toMatchObject({ run_id, status: "cancelled" });
    const again = await train({ n_epochs: 5, force_new: true });
    expect(again.run_id).not.toBe(run_id);
    await world.until(async () => (await run(again.run_id)).status === "succeeded");
    const late = await world.call("POST", `/training/${again.run_id}/cancel`, {});
    expect(late).toMatchObject({ status: 409, body: { error: { code: "run_finished" } } });
  });

  it("stands still while its orchestration is suspended, and goes on when it is resumed", async () => {
    const { run_id } = await train({ n_epochs: 2 });
    await world.until(async () => (await run(run_id)).aoai_job_id !== undefined);
    expect((await durable(run_id, "suspend")).status).toBe(202);
    await world.until(async () => (await instance(run_id)).runtimeStatus === "Suspended");
    await world.until(() => jobs(run_id)[0]?.status === "succeeded");
    const dayIsOver = Promise.withResolvers<void>();
    world.clock.after(24 * 3_600_000, dayIsOver.resolve);
    await world.host.until(dayIsOver.promise);
    expect((await run(run_id)).status).toBe("running");
    expect((await durable(run_id, "resume")).status).toBe(202);
    await world.until(async () => (await run(run_id)).status === "succeeded");
    expect(jobs(run_id)).toHaveLength(1);
  });

  it("whose orchestration was terminated is taken up again by the same request, with the same job", async () => {
    const { run_id } = await train({ n_epochs: 4 });
    await world.until(async () => (await run(run_id)).aoai_job_id !== undefined);
    expect((await durable(run_id, "terminate")).status).toBe(202);
    await world.until(async () => (await instance(run_id)).runtimeStatus === "Terminated");
    expect((await run(run_id)).status).toBe("running");
    expect(await train({ n_epochs: 4 })).toMatchObject({ run_id, deduplicated: true });
    await world.until(async () => (await run(run_id)).status === "succeeded");
    expect(jobs(run_id)).toHaveLength(1);
  });

  it("goes on after a restart of the app, with the same job", async () => {
    const { run_id } = await train({ n_epochs: 6 });
    await world.until(async () => (await run(run_id)).aoai_job_id !== undefined);
    await world.restart();
    expect((await world.call("GET", `/training/${run_id}`)).body.status).toBe("running");
    await world.until(async () => (await run(run_id)).status === "succeeded");
    expect(jobs(run_id)).toHaveLength(1);
  });
});
