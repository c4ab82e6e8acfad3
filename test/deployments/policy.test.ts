import { describe, expect, test } from "@jest/globals";
import { readSettings } from "../../src/config/settings.ts";
import { deploymentOperations } from "../../src/deployments/operations.ts";
import { createModelSelector } from "../../src/deployments/selection.ts";
import { type Operation, parseInput } from "../../src/doors/operation.ts";
import { createAccess } from "../../src/identity/access.ts";
import { isLightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import type { OperationName } from "../../src/operations.ts";
import { AZURE, knock } from "../identity/people.ts";
import { pipelineWorld } from "../pipelines/world.ts";
import { AGENT, callContext, deploymentWorld, evaluationRecord, runRecord, settings } from "./world.ts";

const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (thrown: unknown) => (isLightningError(thrown) ? `${thrown.status} ${thrown.code}` : String(thrown)),
  );
const LATER = "2026-01-01T00:00:01.000Z";
const ask = (run_id: string, more = {}) => ({ agent_id: AGENT, run_id, ...more });

describe("an agent's gate policy", () => {
  test("is LIGHTNING_GATE_POLICY until an owner lays down another, for that agent alone", async () => {
    const { service } = await deploymentWorld();
    const { policies } = service;
    expect(await policies.get(AGENT)).toMatchObject({
      gate: "warn",
      gate_from: "setting",
      four_eyes: false,
      version: 0,
    });
    await policies.set({ agent_id: AGENT, gate: "require", by: "ada@example.com", reason: "customers" });
    expect(await policies.get(AGENT)).toMatchObject({ gate: "require", gate_from: "agent", version: 1 });
    expect(await policies.get("another")).toMatchObject({ gate: "warn", gate_from: "setting" });
    expect(await codeOf(service.prepare(ask("run-1")))).toBe("409 gate_required");
    await policies.set({ agent_id: AGENT, gate: "setting" });
    expect((await service.prepare(ask("run-1"))).deployment).toMatchObject({
      gate_policy: "warn",
      gate_doubts: [expect.stringContaining("No finished evaluation")],
    });
  });

  test("may be looser than the setting", async () => {
    const { service } = await deploymentWorld({ settings: { ...settings, gatePolicy: "require" } });
    expect(await codeOf(service.prepare(ask("run-1")))).toBe("409 gate_required");
    await service.policies.set({ agent_id: AGENT, gate: "warn" });
    expect((await service.prepare(ask("run-1"))).warnings).toHaveLength(1);
  });

  test("keeps who changed what and why, changes what is named alone, and is not written when it is so already", async () => {
    const { service, clock } = await deploymentWorld();
    const { policies } = service;
    await policies.set({ agent_id: AGENT, gate: "require", by: "ada@example.com" });
    clock.advance(1000);
    await policies.set({ agent_id: AGENT, four_eyes: true, by: "bo@example.com", reason: "audit" });
    const same = await policies.set({ agent_id: AGENT, four_eyes: true, gate: "require", by: "cy" });
    expect(same).toMatchObject({ gate: "require", four_eyes: true, version: 2 });
    expect(same.changes).toEqual([
      { gate: "require", four_eyes: false, by: "ada@example.com", at: expect.any(String) },
      { gate: "require", four_eyes: true, by: "bo@example.com", reason: "audit", at: expect.any(String) },
    ]);
    expect(await codeOf(policies.set({ agent_id: AGENT }))).toBe("422 nothing_to_set");
  });
});

describe("an evaluation that compared with what no longer serves", () => {
  async function world() {
    const made = await deploymentWorld();
    const evaluated = (id: string, run: string, asked: string, baseline: string) =>
      made.plain.create("evaluations", {
        ...evaluationRecord(id, run, "pass", LATER),
        baseline,
        baseline_asked: asked,
      });
    return { ...made, evaluated };
  }

  test("is stale: the promotion warns, and says so in lineage for ever", async () => {
    const { service, evaluated, promote } = await world();
    await evaluated("eval-2", "run-2", "active", "base-model");
    expect((await service.prepare(ask("run-2"), { idempotencyKey: "before" })).warnings).toEqual([]);
    await promote("run-1");
    const { deployment, warnings } = await service.prepare(ask("run-2"), { idempotencyKey: "after" });
    expect(warnings).toEqual([
      "The evaluation eval-2 is stale: it compared with base-model, and ft:run-1 has taken its place since.",
    ]);
    await service.deactivate({ agent_id: AGENT });
    expect((await service.get(AGENT, deployment.id)).gate_doubts).toEqual(warnings);
  });

  test("is refused like a missing one where the policy requires, and always by a pipeline", async () => {
    const { service, evaluated, promote } = await world();
    await evaluated("eval-2", "run-2", "active", "base-model");
    await promote("run-1");
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    await expect(service.prepare(ask("run-2"))).rejects.toMatchObject({
      code: "gate_required",
      details: { evaluation_id: "eval-2", verdict: "pass", doubts: [expect.stringContaining("stale")] },
    });
    await service.policies.set({ agent_id: AGENT, gate: "warn" });
    expect(await codeOf(service.prepare(ask("run-2"), {}, "require"))).toBe("409 gate_required");
  });

  test("is fresh again when that model serves again, and for the candidate that serves itself", async () => {
    const { service, evaluated, promote, rollback } = await world();
    await promote("run-1");
    await evaluated("eval-2", "run-2", "active", "ft:run-1");
    const id = await promote("run-2");
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    // Asked again while it serves: the same deployment, not a refusal.
    expect(await service.prepare(ask("run-2"))).toMatchObject({ existed: true, deployment: { id } });
    await promote("run-2", {
      deployment_name: "made-by-hand",
      override_reason: "I made it of run-2's model",
    });
    await rollback();
    expect((await service.readActive(AGENT))?.deployment_name).toBe("ft:run-2");
    await promote("run-1", { override_reason: "to compare" });
    await evaluated("eval-3", "run-3", "active", "ft:run-1");
    expect((await service.prepare(ask("run-3"))).warnings).toEqual([]);
  });

  test("is one with the base or a named model as soon as another model serves (loop G1, G3)", async () => {
    const { service, evaluated, promote, activeModel } = await world();
    await evaluated("eval-2", "run-2", "base", "base-model");
    await evaluated("eval-3", "run-3", "base", "the-base-before");
    await evaluated("eval-4", "run-4", "some-model", "some-model");
    const warned = async (run: string) =>
      (await service.prepare(ask(run), { idempotencyKey: `${run} ${await activeModel()}` })).warnings;
    expect(await warned("run-2")).toEqual([]);
    expect(await warned("run-3")).toEqual([
      "The evaluation eval-3 compared with the-base-before, and base-model is what serves.",
    ]);
    await promote("run-1");
    for (const [run, baseline] of [
      ["run-2", "base-model"],
      ["run-4", "some-model"],
    ] as const)
      expect(await warned(run)).toEqual([
        `The evaluation eval-${run.at(-1)} compared with ${baseline}, and ft:run-1 is what serves.`,
      ]);
    // A named one counts where it is what serves.
    await evaluated("eval-5", "run-5", "ft:run-1", "ft:run-1");
    expect(await warned("run-5")).toEqual([]);
  });
});

describe("an override of the gate", () => {
  const access = createAccess(
    readSettings({ ...AZURE, WEBSITE_AUTH_ENABLED: "true", LIGHTNING_AUTH: "entra" }),
  );
  async function door() {
    const made = await deploymentWorld();
    const selector = createModelSelector({
      settings,
      clock: made.clock,
      logger: silentLogger,
      readActive: async () => null,
    });
    const rows: readonly Operation[] = deploymentOperations({
      service: made.service,
      selector,
      settings,
      clock: made.clock,
    });
    const call = (name: OperationName, roles: readonly string[], input: Record<string, unknown>) => {
      const row = rows.find((one) => one.name === name);
      if (row === undefined) throw new Error(`no row ${name}`);
      const caller = access.callerOf(knock({ name: "ada@example.com", roles }));
      const context = callContext(async () => {}, 0);
      return row.run(parseInput(row, input), { ...context, caller, principal: "ada@example.com" });
    };
    return { ...made, call };
  }
  const forced = ask("run-1", { override_reason: "an outage" });

  test("is an owner's, not a releaser's", async () => {
    const { call, service } = await door();
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    await expect(call("promote", ["lightning.releaser"], forced)).rejects.toMatchObject({
      status: 403,
      code: "role_missing",
      field: "override_reason",
      details: { role: "owner", agent_id: AGENT },
    });
    // An owner of another agent is none here.
    expect(await codeOf(call("promote", ["lightning.releaser", "lightning.owner:support"], forced))).toBe(
      "403 role_missing",
    );
    const { body } = await call("promote", [`lightning.owner:${AGENT}`], forced);
    expect(body).toMatchObject({
      override_reason: "an outage",
      promoted_by: "ada@example.com",
      gate_policy: "require",
    });
  });

  test("shows in lineage for ever: after it was superseded, evaluated well, and the policy loosened", async () => {
    const { call, service, promote, plain } = await door();
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    const { body } = await call("promote", ["lightning.owner"], forced);
    await service.activate(await service.get(AGENT, (body as { id: string }).id));
    await plain.create("evaluations", evaluationRecord("eval-1", "run-1", "pass", LATER));
    await service.policies.set({ agent_id: AGENT, gate: "warn" });
    await promote("run-2");
    const lineage = await call("getLineage", ["lightning.reader"], { agent_id: AGENT });
    expect(lineage.body).toMatchObject({
      lineage: expect.arrayContaining([
        expect.objectContaining({
          run_id: "run-1",
          is_active: false,
          override_reason: "an outage",
          warnings: [expect.stringContaining("No finished"), "The gate was overridden: an outage"],
        }),
      ]),
      events: expect.arrayContaining([
        expect.objectContaining({ reason: "an outage", by: "ada@example.com" }),
      ]),
    });
  });

  test("without anything to override is none: the reason is not kept as if it were", async () => {
    const { call, plain } = await door();
    await plain.create("evaluations", evaluationRecord("eval-1", "run-1", "pass", LATER));
    const { body } = await call("promote", ["lightning.releaser"], forced);
    expect(body).toMatchObject({ warnings: [], verdict: "pass" });
    expect(body).not.toHaveProperty("override_reason");
  });

  test("the policy is read by readers and set by owners, and names the signed-in person", async () => {
    const { call } = await door();
    const set = await call("setGatePolicy", ["lightning.owner"], {
      agent_id: AGENT,
      four_eyes: true,
      set_by: "somebody else",
    });
    expect(set.body).toMatchObject({
      success: true,
      four_eyes: true,
      changes: [expect.objectContaining({ by: "ada@example.com" })],
    });
    expect((await call("getGatePolicy", ["lightning.reader"], {})).body).toMatchObject({ version: 1 });
  });
});

describe("four eyes", () => {
  async function world(requested_by?: string) {
    const made = await deploymentWorld();
    await made.plain.create(
      "runs",
      runRecord("run-ada", made.clock, requested_by === undefined ? {} : { requested_by }),
    );
    await made.plain.create("evaluations", evaluationRecord("eval-ada", "run-ada", "pass", LATER));
    await made.service.policies.set({ agent_id: AGENT, four_eyes: true });
    return made;
  }

  test("lets somebody else promote than who had the model trained, and keeps both names", async () => {
    const { service } = await world("ada@example.com");
    expect(await codeOf(service.prepare(ask("run-ada"), { principal: "Ada@Example.com " }))).toBe(
      "409 four_eyes_required",
    );
    // The body's name is nothing beside the signed-in person's.
    expect(
      await codeOf(
        service.prepare(ask("run-ada", { promoted_by: "bo@example.com" }), { principal: "ada@example.com" }),
      ),
    ).toBe("409 four_eyes_required");
    const { deployment } = await service.prepare(ask("run-ada"), { principal: "bo@example.com" });
    expect(deployment).toMatchObject({
      promoted_by: "bo@example.com",
      four_eyes: { requested_by: "ada@example.com", decided_by: "bo@example.com" },
    });
  });

  test.each([
    ["Ann Smith", "Ann", "aaaaaaaa-1111-4111-8111-111111111111", "409 four_eyes_required"],
    ["Ann", "Ann", "bbbbbbbb-2222-4222-8222-222222222222", "no error"],
    // A record of an earlier version says no more than the name.
    ["ann", undefined, "aaaaaaaa-1111-4111-8111-111111111111", "409 four_eyes_required"],
    ["Bo", undefined, "bbbbbbbb-2222-4222-8222-222222222222", "no error"],
  ])("tells persons apart by their object ids: %s, trained by %s", async (name, trained, oid, answer) => {
    const access = createAccess(
      readSettings({ ...AZURE, WEBSITE_AUTH_ENABLED: "true", LIGHTNING_AUTH: "entra" }),
    );
    const signedIn = (who: { name: string; oid: string }) => access.callerOf(knock(who)).person as string;
    const ann = { name: "Ann", oid: "aaaaaaaa-1111-4111-8111-111111111111" };
    const { service } = await world(trained === undefined ? "Ann" : signedIn(ann));
    expect(await codeOf(service.prepare(ask("run-ada"), { principal: signedIn({ name, oid }) }))).toBe(
      answer,
    );
  });

  test("refuses while one of the two is not known", async () => {
    const known = await world("ada@example.com");
    await expect(known.service.prepare(ask("run-ada"))).rejects.toMatchObject({
      code: "four_eyes_required",
      message: expect.stringContaining("Nobody is named"),
    });
    const unknown = await world();
    await expect(unknown.service.prepare(ask("run-ada", { promoted_by: "bo" }))).rejects.toMatchObject({
      code: "four_eyes_required",
      message: expect.stringContaining("not known who had this model trained"),
    });
    expect((await unknown.plain.query("deployments", { pk: [AGENT], limit: 10 })).items).toHaveLength(1);
  });

  test("is not bought off by an override", async () => {
    const { service } = await world("ada@example.com");
    expect(
      await codeOf(
        service.prepare(ask("run-ada", { override_reason: "in a hurry" }), {
          principal: "ada@example.com",
          isOwner: true,
        }),
      ),
    ).toBe("409 four_eyes_required");
  });

  test("makes a pipeline wait for a second person, though none was asked for", async () => {
    const { running, activities, service, deployments, plain } = await pipelineWorld();
    await deployments.policies.set({ agent_id: AGENT, four_eyes: true });
    const ref = await running({ promoted_by: "ada@example.com" });
    await activities.preparePipelineTraining({ ...ref, dataset_id: "dataset-1" });
    await plain.replace("runs", {
      ...(await plain.read<{ id: string; agent_id: string; created_at: string }>("runs", [AGENT], "run-1")),
      requested_by: "ada@example.com",
    } as never);
    expect((await activities.requestApproval({ ...ref, now: "2026-01-01T00:00:00.000Z" })).kind).toBe(
      "waiting",
    );
    const decide = (approved: boolean, decided_by: string) =>
      service.decide({ agent_id: AGENT, pipeline_id: ref.id, approved, decided_by });
    expect(await codeOf(decide(true, "ada@example.com"))).toBe("409 four_eyes_required");
    await decide(true, "bo@example.com");
    const promotion = await activities.preparePipelinePromotion({
      ...ref,
      run_id: "run-1",
      evaluation_id: "eval-1",
    });
    expect(promotion.kind).toBe("started");
    expect(await deployments.get(AGENT, (promotion as { id: string }).id)).toMatchObject({
      promoted_by: "ada@example.com",
      approved_by: "bo@example.com",
      four_eyes: { requested_by: "ada@example.com", decided_by: "bo@example.com" },
    });
  });

  test("lets who wanted the model turn it down", async () => {
    const { running, activities, service, deployments } = await pipelineWorld();
    await deployments.policies.set({ agent_id: AGENT, four_eyes: true });
    const ref = await running({ promoted_by: "ada@example.com" });
    await activities.requestApproval({ ...ref, now: "2026-01-01T00:00:00.000Z" });
    const { decision } = await service.decide({
      agent_id: AGENT,
      pipeline_id: ref.id,
      approved: false,
      decided_by: "ada@example.com",
    });
    expect(decision).toMatchObject({ approved: false });
  });

  test("stops a pipeline whose agent got the policy after nobody was asked", async () => {
    const { running, activities, deployments } = await pipelineWorld();
    const ref = await running({ promoted_by: "ada@example.com" });
    expect(await activities.requestApproval({ ...ref, now: "2026-01-01T00:00:00.000Z" })).toEqual({
      kind: "not_needed",
    });
    await deployments.policies.set({ agent_id: AGENT, four_eyes: true });
    expect(
      await activities.preparePipelinePromotion({ ...ref, run_id: "run-1", evaluation_id: "eval-1" }),
    ).toMatchObject({ kind: "rejected", code: "four_eyes_required" });
  });
});
