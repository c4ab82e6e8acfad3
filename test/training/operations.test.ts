import { afterEach, describe, expect, it } from "@jest/globals";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import type { OperationName } from "../../src/operations.ts";
import { trainingOperations } from "../../src/training/operations.ts";
import { AGENT, makeWorld, type World, type WorldOptions } from "./world.ts";

const worlds: World[] = [];
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});

type Body = Record<string, unknown>;

/** The rows of training, called as a door calls them, with an orchestration service that only writes down. */
async function door(options?: WorldOptions) {
  const w = await makeWorld(options);
  worlds.push(w);
  const rows = trainingOperations({ ...w, settings: { agentId: AGENT } });
  const started: unknown[][] = [];
  const raised: unknown[][] = [];
  let runtimeStatus: string | undefined;
  const context: CallContext = {
    door: "rest",
    waitMs: 10_000,
    orchestrations: {
      start: async ({ name, instanceId }, input) => void started.push([name, instanceId(input), input]),
      raise: async (...call) => void raised.push(call),
      terminate: async () => {},
      status: async () =>
        runtimeStatus === undefined ? undefined : { runtimeStatus, customStatus: null, output: null },
      urls: (id) => ({ statusQueryGetUri: `http://x/${id}` }),
    },
  };
  return {
    ...w,
    rows,
    started,
    raised,
    setRuntimeStatus: (status: string | undefined) => {
      runtimeStatus = status;
    },
    call: async (name: OperationName, input: Body, over: Partial<CallContext> = {}) => {
      const row = rows.find((one) => one.name === name) as Operation;
      const reply = await row.run(parseInput(row, input), { ...context, ...over });
      // Every reply keeps to the row's own output schema.
      row.output.parse(reply.body);
      return { ...reply, body: reply.body as Body };
    },
  };
}

describe("POST /training", () => {
  it("answers at once that the run is running, as the design shows", async () => {
    const { call, started } = await door();
    const { status, body } = await call("startTraining", { agent_id: AGENT, dataset_id: "dataset-1" });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      run_id: expect.stringMatching(/^run-[0-9a-f]{24}$/),
      status: "running",
      state: "pending",
      deduplicated: false,
      urls: { statusQueryGetUri: expect.any(String) },
      success: true,
      dataset_id: "dataset-1",
      base_model: "gpt-4o-mini-2024-07-18",
      aoai_job_id: null,
    });
    expect(body.training_run_id).toBe(body.run_id);
    expect(started).toEqual([["trainModel", body.run_id, { agent_id: AGENT, id: body.run_id }]]);
  });

  it("waits when the caller asks for it", async () => {
    const w = await door();
    const call = w.call(
      "startTraining",
      { dataset_id: "dataset-1" },
      { explicitWait: true, waitMs: 3_600_000 },
    );
    const { run } = await w.prepare();
    await w.train(run);
    await w.pass(2000);
    const { status, body } = await call;
    expect(status).toBeUndefined();
    expect(body).toMatchObject({ status: "succeeded", tuned_model: expect.stringContaining("local-ft") });
  });

  it("answers a finished equal run without starting anything", async () => {
    const w = await door();
    await w.train((await w.prepare()).run);
    const { status, body } = await w.call("startTraining", { dataset_id: "dataset-1" });
    expect(status).toBeUndefined();
    expect(body).toMatchObject({ status: "succeeded", deduplicated: true });
    expect(w.started).toEqual([]);
  });

  it("refuses fields it does not know, naming them", async () => {
    const { call } = await door();
    await expect(call("startTraining", { dataset_id: "dataset-1", epcohs: 3 })).rejects.toMatchObject({
      code: "invalid_input",
      field: "epcohs",
    });
  });
});

describe("the other doors of training", () => {
  it("show a run under both names, with the keys of the design and the original", async () => {
    const w = await door();
    const { run } = await w.prepare();
    await w.train(run);
    for (const field of ["run_id", "training_run_id", "id"]) {
      const { body } = await w.call("getTrainingRun", { [field]: run.id });
      expect(body).toMatchObject({
        id: run.id,
        run_id: run.id,
        status: "succeeded",
        tuned_model: body.tuned_model_name,
        metrics: { steps: 60 },
        error_message: null,
        started_at: expect.any(String),
        completed_at: expect.any(String),
      });
    }
    await expect(w.call("getTrainingRun", { run_id: "run-none" })).rejects.toMatchObject({ status: 404 });
  });

  it("list runs without their curves", async () => {
    const w = await door();
    await w.train((await w.prepare()).run);
    const { body } = await w.call("listTrainingRuns", { status: "succeeded" });
    expect(body).toMatchObject({ agent_id: AGENT, runs_found: 1 });
    expect((body.training_runs as Body[])[0]).not.toHaveProperty("curve");
  });

  it("cancel a run and wake up whoever follows it", async () => {
    const w = await door();
    const { run } = await w.prepare();
    await w.activities.claimRun({ agent_id: AGENT, id: run.id, instance_id: "pipeline-1-training" });
    const { body } = await w.call("cancelTraining", { run_id: run.id });
    expect(body).toMatchObject({ run_id: run.id, cancel_requested: true });
    expect(w.raised).toEqual([["pipeline-1-training", "cancel", { run_id: run.id }]]);
  });

  it("reconcile a run that was given up, and take one up again that nobody follows", async () => {
    const w = await door({ pace: { queuedMs: 60_000 } });
    const { run } = await w.prepare();
    await w.submit(run);
    await w.activities.failRun({ agent_id: AGENT, id: run.id, code: "training_fault", message: "Gave up." });
    const first = await w.call("reconcileTraining", { run_id: run.id });
    expect(first.body).toMatchObject({ corrected: true, status: "running" });
    expect(w.started).toHaveLength(1);
    w.setRuntimeStatus("Running");
    await w.call("reconcileTraining", { run_id: run.id });
    expect(w.started).toHaveLength(1);
    let last: Body = {};
    for (let i = 0; i < 50 && last.status !== "succeeded"; i++) {
      await w.pass(5000);
      last = (await w.call("reconcileTraining", { run_id: run.id })).body;
    }
    expect(last).toMatchObject({ corrected: true, status: "succeeded" });
  });

  it("carry the names that the design and the original gave the tools", async () => {
    const { rows } = await door();
    expect(rows.flatMap((row) => row.mcp ?? [])).toEqual([
      "lightning_train",
      "lightning_start_training",
      "lightning_estimate_training",
      "lightning_training_status",
      "lightning_get_training_status",
      "lightning_list_training_runs",
      "lightning_cancel_training",
      "lightning_reconcile_training",
      "lightning_clean_up_training",
    ]);
  });
});
