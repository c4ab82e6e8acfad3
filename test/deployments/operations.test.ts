import { describe, expect, test } from "@jest/globals";
import { createDeploymentActivities } from "../../src/deployments/activities.ts";
import { deploymentOperations } from "../../src/deployments/operations.ts";
import { createModelSelector } from "../../src/deployments/selection.ts";
import { type CallContext, type Operation, parseInput } from "../../src/doors/operation.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { invalid, isLightningError, notFound, unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { OperationName } from "../../src/operations.ts";
import { AGENT, callContext, chatProvider, deploymentWorld, evaluationRecord, settings } from "./world.ts";

async function doors() {
  const forget: (agentId: string) => void = (agentId) => selector.invalidate(agentId);
  const world = await deploymentWorld({ onPointerChange: forget });
  const selector = createModelSelector({
    readActive: (agentId) => world.service.readActive(agentId),
    settings,
    clock: world.clock,
    logger: silentLogger,
  });
  const table: readonly Operation[] = deploymentOperations({
    service: world.service,
    selector,
    settings,
    clock: systemClock,
  });
  const orchestrate = async (name: string, id: string, input: unknown) => {
    expect(name).toBe("promoteModel");
    expect(input).toEqual({ agent_id: AGENT, id });
    const ref = { agent_id: AGENT, id };
    await world.activities.claimDeployment({ ...ref, instance_id: id });
    await world.activities.probeDeployment(ref);
    await world.activities.switchPointer(ref);
  };
  /** Calls an operation as a door does: input checked, output held to its schema. */
  async function call(
    name: OperationName,
    raw: Record<string, unknown> = {},
    context: Partial<CallContext> = {},
  ) {
    const operation = table.find((one) => one.name === name);
    if (operation === undefined) throw new Error(`no operation ${name}`);
    const reply = await operation.run(parseInput(operation, raw), {
      ...callContext(orchestrate),
      ...context,
    });
    const body = operation.output.parse(reply.body) as Record<string, unknown>;
    // The schema leaves nothing out that is answered.
    expect(body).toEqual(reply.body);
    return { status: reply.status ?? 200, body };
  }
  return { ...world, selector, call };
}

describe("the doors of deployments", () => {
  test("promote answers with the keys of the design and of the original", async () => {
    const { call } = await doors();
    const { status, body } = await call("promote", {
      training_run_id: "run-1",
      promoted_by: "admin@example.com",
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      is_active: true,
      tuned_model: "ft:run-1",
      tuned_model_name: "ft:run-1",
      run_id: "run-1",
      promoted_by: "admin@example.com",
    });
    expect(body.deployment_id).toBe(body.id);
    expect(body.warnings).toHaveLength(1);
  });

  test("promote answers 202 with addresses when the orchestration outlasts the wait", async () => {
    const { call } = await doors();
    const idle = callContext(async () => {}, 0);
    const { status, body } = await call("promote", { run_id: "run-1" }, idle);
    expect(status).toBe(202);
    expect(body).toMatchObject({
      is_active: false,
      state: "requested",
      urls: { statusQueryGetUri: expect.any(String) },
    });
  });

  test("promote says why when the deployment cannot be called, and what served still serves (defect 10: promoted name cannot be called)", async () => {
    const { call, activities, activeModel } = await doors();
    await call("promote", { run_id: "run-1" });
    const failing = callContext(async (_name, id) => {
      await activities.failDeployment({ agent_id: AGENT, id, code: "no_answer", message: "no answer" });
    });
    await expect(call("promote", { run_id: "run-2" }, failing)).rejects.toMatchObject({
      code: "promotion_failed",
      message: expect.stringContaining("no answer"),
    });
    expect(await activeModel()).toBe("ft:run-1");
  });

  test("deactivate works through the door, and tells the base model (defect 9.1)", async () => {
    const { call } = await doors();
    const { body: promoted } = await call("promote", { run_id: "run-1" });
    expect((await call("deactivate", { reason: "Testing base model" })).body).toMatchObject({
      success: true,
      base_model: "base-model",
      reason: "Testing base model",
      deactivated: promoted.deployment_id,
      is_active: false,
      message: expect.any(String),
    });
    expect((await call("deactivate")).body).toMatchObject({ success: true, deactivated: null });
    expect((await call("getActiveDeployment")).body).toMatchObject({
      has_active_deployment: false,
      base_model: "base-model",
      message: expect.any(String),
    });
  });

  test("rollback tells where it came from, and the selected model follows at once", async () => {
    const { call, selector } = await doors();
    const { body: first } = await call("promote", { run_id: "run-1" });
    const { body: second } = await call("promote", { run_id: "run-2" });
    expect(await selector.getModelDeployment()).toBe("ft:run-2");
    expect((await call("rollback", { reason: "worse", rolled_back_by: "me" })).body).toMatchObject({
      success: true,
      deployment_id: first.deployment_id,
      tuned_model_name: "ft:run-1",
      is_active: true,
      rollback_from: second.deployment_id,
      rollback_reason: "worse",
      rolled_back_by: "me",
    });
    expect((await call("selectModel")).body).toMatchObject({
      model: "ft:run-1",
      source: "registry",
      stale: false,
      use_tuned_model: true,
    });
    const { body } = await call("listDeployments");
    expect(body).toMatchObject({
      deployments_found: 2,
      deployments: [
        { id: second.deployment_id, is_active: false, state: "superseded", withdrawn: { reason: "worse" } },
        { id: first.deployment_id, is_active: true, rollback_from: second.deployment_id },
      ],
    });
    expect((await call("rollback", { target_deployment_id: second.deployment_id })).body).toMatchObject({
      deployment_id: second.deployment_id,
    });
  });

  test("lists page by page", async () => {
    const { call } = await doors();
    for (const run of ["run-1", "run-2", "run-3"]) await call("promote", { run_id: run });
    const { body: one } = await call("listDeployments", { limit: 2 });
    expect(one.deployments_found).toBe(2);
    const { body: two } = await call("listDeployments", { limit: 2, continuation: one.continuation });
    expect(two).toMatchObject({ deployments_found: 1, deployments: [{ run_id: "run-1" }] });
  });
});

describe("lineage", () => {
  test("traces a deployment to evaluation, run and dataset, and shows ancestors that are gone as missing", async () => {
    const { call, plain } = await doors();
    await plain.create(
      "evaluations",
      evaluationRecord("eval-1", "run-1", "pass", "2026-01-01T00:00:01.000Z"),
    );
    const { body: promoted } = await call("promote", { run_id: "run-1", promoted_by: "me" });
    await call("promote", { run_id: "run-2" });
    const { body } = await call("getLineage");
    expect(body).toMatchObject({
      deployments_found: 2,
      lineage: [
        { is_active: true, evaluation: null, warnings: [expect.any(String)] },
        {
          deployment_id: promoted.deployment_id,
          tuned_model: "ft:run-1",
          is_active: false,
          promoted_by: "me",
          training_run: {
            id: "run-1",
            base_model: "gpt-4o-mini",
            dataset_id: "dataset-1",
            status: "succeeded",
          },
          dataset: { id: "dataset-1", missing: true },
          evaluation: { id: "eval-1", verdict: "pass" },
        },
      ],
      events: [
        { what: "promoted", version: 1 },
        { what: "promoted", version: 2 },
      ],
    });
  });

  test("starts from any record: run, dataset, evaluation or deployment", async () => {
    const { call, plain } = await doors();
    await plain.create("datasets", datasetRecord("dataset-1"));
    await plain.create(
      "evaluations",
      evaluationRecord("eval-1", "run-1", "pass", "2026-01-01T00:00:01.000Z"),
    );
    const { body: promoted } = await call("promote", { run_id: "run-1" });
    const of = async (kind: string, id: unknown) => (await call("getLineageOf", { kind, id })).body;
    const lineage = [{ deployment_id: promoted.deployment_id, dataset: { reward_threshold: 0.5 } }];
    expect(await of("deployments", promoted.deployment_id)).toMatchObject({ lineage });
    expect(await of("runs", "run-1")).toMatchObject({ lineage, evaluations: [{ id: "eval-1" }] });
    expect(await of("datasets", "dataset-1")).toMatchObject({
      lineage,
      dataset: { training_count: 8, validation_count: 2 },
      evaluations: [{ verdict: "pass" }],
    });
    expect(await of("evaluations", "eval-1")).toMatchObject({ lineage, training_run: { id: "run-1" } });
    expect((await call("getLineage", { id: "run-1" })).body).toMatchObject({ kind: "runs", lineage });
    await expect(of("evaluations", "eval-none")).rejects.toMatchObject({ code: "evaluation_not_found" });
    await expect(of("runs", "run-none")).rejects.toMatchObject({
      status: 404,
      code: "run_not_found",
      formerly: "record_not_found",
      field: "id",
    });
  });
});

const datasetRecord = (id: string) =>
  ({
    id,
    type: "dataset",
    agent_id: AGENT,
    name: "v1",
    status: "ready",
    recipe: {
      kind: "episodes",
      min_reward: 0.5,
      max_examples: 10,
      include_tools: true,
      train_split: 0.8,
      test_split: 0,
    },
    watermark: { episodes: "", rewards: "" },
    training_count: 8,
    validation_count: 2,
    created_at: "2026-01-01T00:00:00.000Z",
  }) as never;

describe("lineage by the id of a record that is gone", () => {
  type Kind = "runs" | "datasets" | "evaluations";
  const cases: readonly Kind[][] = [
    ["runs"],
    ["datasets"],
    ["evaluations"],
    ["runs", "datasets"],
    ["runs", "datasets", "evaluations"],
  ];
  test.each(cases.map((gone) => [gone] as const))(
    "is answered while a deployment names it: %j",
    async (gone) => {
      const { call, plain } = await doors();
      const evaluation = evaluationRecord("eval-1", "run-1", "pass", "2026-01-01T00:00:01.000Z");
      await plain.create("datasets", datasetRecord("dataset-1"));
      await plain.create("evaluations", evaluation);
      const { body: promoted } = await call("promote", { run_id: "run-1" });
      const ids = { runs: "run-1", datasets: "dataset-1", evaluations: "eval-1" };
      for (const kind of gone) await plain.delete(kind, [AGENT], ids[kind]);
      for (const [kind, own] of [
        ["runs", "training_run"],
        ["datasets", "dataset"],
        ["evaluations", "evaluation"],
      ] as const) {
        const { status, body } = await call("getLineageOf", { kind, id: ids[kind] });
        expect([status ?? 200, body.deployments_found]).toEqual([200, 1]);
        expect(body.lineage).toMatchObject([{ deployment_id: promoted.deployment_id }]);
        const isGone = gone.includes(kind);
        expect(body[own]).toMatchObject(isGone ? { id: ids[kind], missing: true } : { id: ids[kind] });
        const guessed = (await call("getLineage", { id: ids[kind] })).body;
        expect(guessed).toMatchObject({ kind, deployments_found: 1 });
      }
    },
  );
});

async function twice<T>(act: () => Promise<T>): Promise<T> {
  const first = await act();
  expect(await act()).toEqual(first);
  return first;
}

describe("the durable steps", () => {
  test("each may run twice: claim, probe, switch, fail", async () => {
    const { service, activities, activeModel } = await deploymentWorld();
    const { deployment } = await service.prepare({ agent_id: AGENT, run_id: "run-1" });
    const ref = { agent_id: AGENT, id: deployment.id };
    expect(await twice(() => activities.claimDeployment({ ...ref, instance_id: "one" }))).toEqual({
      kind: "claimed",
    });
    expect(await activities.claimDeployment({ ...ref, instance_id: "two" })).toEqual({ kind: "elsewhere" });
    expect(await twice(() => activities.probeDeployment(ref))).toEqual({ kind: "ready" });
    expect(await activities.readDeploymentStatus(ref)).toEqual({ state: "ready" });
    await twice(() => activities.switchPointer(ref));
    await twice(() => activities.failDeployment({ ...ref, code: "late", message: "too late" }));
    expect(await activities.readDeploymentStatus(ref)).toEqual({ state: "active" });
    expect(await activities.claimDeployment({ ...ref, instance_id: "two" })).toEqual({ kind: "finished" });
    expect(await activeModel()).toBe("ft:run-1");
  });

  test("a probe waits for what passes and fails on what does not", async () => {
    const { service, ledger, clock } = await deploymentWorld();
    const { deployment } = await service.prepare({ agent_id: AGENT, run_id: "run-1" });
    const probe = (thrown: Error) =>
      createDeploymentActivities({
        service,
        ledger,
        clock,
        logger: silentLogger,
        provider: chatProvider(() => {
          throw thrown;
        }),
      }).probeDeployment({ agent_id: AGENT, id: deployment.id });
    expect(await probe(unavailable("provider_busy", "429"))).toEqual({ kind: "not_ready" });
    expect(await probe(notFound("provider_missing", "DeploymentNotFound"))).toEqual({ kind: "not_ready" });
    expect(
      await probe(invalid("provider_rejected", "no", { details: { code: "DeploymentNotReady" } })),
    ).toEqual({ kind: "not_ready" });
    expect(await probe(invalid("provider_rejected", "no such model"))).toMatchObject({
      kind: "failed",
      code: "provider_rejected",
    });
    expect(
      await probe(notFound("provider_missing", "no", { details: { code: "model_not_found" } })),
    ).toMatchObject({ kind: "failed", code: "provider_missing" });
    expect(isLightningError(await probe(new Error("bug")).catch((thrown: unknown) => thrown))).toBe(false);
  });
});
