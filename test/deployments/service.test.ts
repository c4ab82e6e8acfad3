import { describe, expect, test } from "@jest/globals";
import { isLightningError, preconditionFailed, unavailable } from "../../src/kernel/errors.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { AGENT, deploymentWorld, evaluationRecord, runRecord } from "./world.ts";

const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (thrown: unknown) => (isLightningError(thrown) ? `${thrown.status} ${thrown.code}` : String(thrown)),
  );

/** A ledger whose batches fail: `before` the write, or after it with the response lost. */
function failing(ledger: Ledger, plan: ("before" | "after" | "ok")[]): Ledger {
  return new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      if (name !== "batch") return target[name].bind(target);
      return async (...args: Parameters<Ledger["batch"]>) => {
        const fate = plan.shift() ?? "ok";
        if (fate === "before") throw unavailable("ledger_away", "The ledger is away.");
        await target.batch(...args);
        if (fate === "after")
          throw unavailable("ledger_reset", "The connection was reset.", { ambiguous: true });
      };
    },
  });
}

describe("promotion", () => {
  test("makes the model of a succeeded run the active one and writes history with it", async () => {
    const { promote, activeModel, service } = await deploymentWorld();
    const id = await promote("run-1", { promoted_by: "admin@example.com" });
    expect(await activeModel()).toBe("ft:run-1");
    expect(await service.historyOf(AGENT)).toMatchObject([
      { what: "promoted", from: null, to: id, version: 1, by: "admin@example.com" },
    ]);
    expect(await service.get(AGENT, id)).toMatchObject({ state: "active", promoted_by: "admin@example.com" });
  });

  test("is refused for a run that has not succeeded, and for one that does not exist", async () => {
    const { service, plain, clock } = await deploymentWorld();
    const { tuned_model_name: _, ...running } = runRecord("run-busy", clock, { status: "running" });
    await plain.create("runs", running);
    expect(await codeOf(service.prepare({ agent_id: AGENT, run_id: "run-busy" }))).toBe(
      "409 run_not_succeeded",
    );
    expect(await codeOf(service.prepare({ agent_id: AGENT, run_id: "run-none" }))).toBe("404 run_not_found");
  });

  test("meets in one deployment when it is asked for twice, while under way and while active", async () => {
    const { service, promote } = await deploymentWorld();
    const [one, two] = await Promise.all([
      service.prepare({ agent_id: AGENT, run_id: "run-1" }),
      service.prepare({ agent_id: AGENT, run_id: "run-1" }),
    ]);
    expect(one.deployment.id).toBe(two.deployment.id);
    expect([one.existed, two.existed].toSorted((a, b) => Number(a) - Number(b))).toEqual([false, true]);
    expect(await promote("run-1")).toBe(one.deployment.id);
    const again = await service.prepare({ agent_id: AGENT, run_id: "run-1" });
    expect(again).toMatchObject({ existed: true, deployment: { id: one.deployment.id } });
    expect(await service.historyOf(AGENT)).toHaveLength(1);
  });

  test("is a new deployment after a rollback or a failed try, and the old one for the same idempotency key", async () => {
    const { service, promote, rollback, activities } = await deploymentWorld();
    const first = await promote("run-1");
    await rollback();
    const again = { agent_id: AGENT, run_id: "run-1", override_reason: "the cause was elsewhere" };
    const second = await service.prepare(again);
    expect(second.deployment.id).not.toBe(first);
    await activities.failDeployment({ agent_id: AGENT, id: second.deployment.id, code: "x", message: "y" });
    const third = await service.prepare(again);
    expect(new Set([first, second.deployment.id, third.deployment.id]).size).toBe(3);

    const keyed = () => service.prepare({ agent_id: AGENT, run_id: "run-2" }, { idempotencyKey: "k" });
    const one = await keyed();
    await activities.switchPointer({ agent_id: AGENT, id: one.deployment.id });
    await rollback();
    expect((await keyed()).deployment.id).toBe(one.deployment.id);
  });

  test("names the authenticated person, whatever the body says (defect 10: promoted_by is anybody)", async () => {
    const { service } = await deploymentWorld();
    const { deployment } = await service.prepare(
      { agent_id: AGENT, run_id: "run-1", promoted_by: "somebody else" },
      { principal: "person@example.com" },
    );
    expect(deployment.promoted_by).toBe("person@example.com");
  });
});

describe("the gate", () => {
  test("warns without an evaluation, warns on a verdict other than pass, is silent on pass", async () => {
    const { service, plain } = await deploymentWorld();
    const prepare = (run_id: string) => service.prepare({ agent_id: AGENT, run_id });
    expect((await prepare("run-1")).warnings).toHaveLength(1);
    await plain.create(
      "evaluations",
      evaluationRecord("eval-2", "run-2", "fail", "2026-01-01T00:00:01.000Z"),
    );
    expect((await prepare("run-2")).warnings[0]).toContain('"fail"');
    await plain.create(
      "evaluations",
      evaluationRecord("eval-3", "run-3", "fail", "2026-01-01T00:00:01.000Z"),
    );
    await plain.create(
      "evaluations",
      evaluationRecord("eval-4", "run-3", "pass", "2026-01-01T00:00:02.000Z"),
    );
    expect(await prepare("run-3")).toMatchObject({
      warnings: [],
      deployment: { evaluation_id: "eval-4", verdict: "pass" },
    });
  });

  test("refuses under the policy `require`, unless it is overridden with a reason that stays", async () => {
    const { service } = await deploymentWorld();
    const input = { agent_id: AGENT, run_id: "run-1" };
    expect(await codeOf(service.prepare(input, {}, "require"))).toBe("409 gate_required");
    const forced = await service.prepare({ ...input, override_reason: "an outage" }, {}, "require");
    expect(forced.deployment.override_reason).toBe("an outage");
    expect(forced.warnings.join(" ")).toContain("an outage");
  });

  test("refuses an evaluation of another run or one that has not finished", async () => {
    const { service, plain } = await deploymentWorld();
    await plain.create(
      "evaluations",
      evaluationRecord("eval-2", "run-2", "pass", "2026-01-01T00:00:01.000Z"),
    );
    const { result: _, ...open } = evaluationRecord("eval-1", "run-1", "pass", "2026-01-01T00:00:01.000Z");
    await plain.create("evaluations", { ...open, status: "running" });
    const prepare = (evaluation_id: string) =>
      service.prepare({ agent_id: AGENT, run_id: "run-1", evaluation_id });
    expect(await codeOf(prepare("eval-2"))).toBe("422 evaluation_of_other_run");
    expect(await codeOf(prepare("eval-1"))).toBe("409 evaluation_not_finished");
    expect(await codeOf(prepare("eval-0"))).toBe("404 evaluation_not_found");
  });
});

describe("rollback and deactivation", () => {
  test("three rollbacks walk 3, 2, 1, base; the fourth is refused (defect 9.4)", async () => {
    const { promote, rollback, activeModel } = await deploymentWorld();
    for (const run of ["run-1", "run-2", "run-3"]) await promote(run);
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) {
      await rollback();
      seen.push(await activeModel());
    }
    expect(seen).toEqual(["ft:run-2", "ft:run-1", "base"]);
    expect(await codeOf(rollback())).toBe("409 nothing_to_roll_back_to");
  });

  test("a deactivated model is not resurrected by a rollback (defect 9.4)", async () => {
    const { promote, rollback, activeModel, service } = await deploymentWorld();
    await promote("run-1");
    await service.deactivate({ agent_id: AGENT });
    expect(await codeOf(rollback())).toBe("409 nothing_to_roll_back_to");
    expect(await activeModel()).toBe("base");
    await promote("run-2");
    await promote("run-3");
    await service.deactivate({ agent_id: AGENT });
    await rollback();
    expect(await activeModel()).toBe("ft:run-2");
  });

  test("a rollback to the active deployment is refused (defect 9.4), to a named one that served it is done", async () => {
    const { promote, rollback, activeModel, service } = await deploymentWorld();
    const first = await promote("run-1");
    await promote("run-2");
    const third = await promote("run-3");
    expect(await codeOf(rollback(third))).toBe("409 already_active");
    await rollback(first);
    expect(await activeModel()).toBe("ft:run-1");
    await rollback();
    expect(await activeModel()).toBe("base");
    await rollback(third);
    expect(await activeModel()).toBe("ft:run-3");
    const { deployment } = await service.prepare({ agent_id: AGENT, run_id: "run-9" });
    expect(await codeOf(rollback(deployment.id))).toBe("409 never_served");
    expect(await codeOf(rollback("dep-none"))).toBe("404 deployment_not_found");
  });

  test("two people who roll back the same bad model at once roll back one", async () => {
    const { promote, rollback, activeModel } = await deploymentWorld();
    for (const run of ["run-1", "run-2", "run-3"]) await promote(run);
    const outcomes = await Promise.all([codeOf(rollback()), codeOf(rollback())]);
    expect(outcomes.toSorted()).toEqual(["412 pointer_moved", "no error"]);
    expect(await activeModel()).toBe("ft:run-2");
  });

  test("deactivating twice, or with nothing active, is fine and writes nothing more (defect 9.1)", async () => {
    const { promote, service } = await deploymentWorld();
    expect((await service.deactivate({ agent_id: AGENT })).event).toBeUndefined();
    await promote("run-1");
    expect((await service.deactivate({ agent_id: AGENT, reason: "bad" })).event).toMatchObject({
      reason: "bad",
    });
    expect((await service.deactivate({ agent_id: AGENT })).event).toBeUndefined();
    expect(await service.historyOf(AGENT)).toHaveLength(2);
  });
});

describe("faults", () => {
  test("a promotion whose write fails leaves the model before it in service (defect 9.3)", async () => {
    const plan: ("before" | "after" | "ok")[] = ["ok", "before"];
    const { promote, activeModel, service } = await deploymentWorld({
      wrap: (ledger) => failing(ledger, plan),
    });
    await promote("run-1");
    expect(await codeOf(promote("run-2"))).toBe("503 ledger_away");
    expect(await activeModel()).toBe("ft:run-1");
    await promote("run-2");
    expect(await activeModel()).toBe("ft:run-2");
    expect(await service.historyOf(AGENT)).toHaveLength(2);
  });

  test("a lost response moves the pointer once, for promotion, rollback and deactivation", async () => {
    const plan: ("before" | "after" | "ok")[] = ["after", "after", "after", "after"];
    const { promote, rollback, activeModel, service } = await deploymentWorld({
      wrap: (ledger) => failing(ledger, plan),
    });
    await promote("run-1");
    await promote("run-2");
    const { event } = await rollback();
    expect(event).toMatchObject({ what: "rolled_back", version: 3 });
    expect(await activeModel()).toBe("ft:run-1");
    expect((await service.deactivate({ agent_id: AGENT })).event).toMatchObject({ version: 4 });
    expect(plan).toEqual([]);
    expect(await service.historyOf(AGENT)).toHaveLength(4);
  });

  test("a race that is lost again and again is told with the current state (defect 10: no ETag)", async () => {
    const { promote, service } = await deploymentWorld({
      wrap: (ledger) =>
        new Proxy(ledger, {
          get(target, name: keyof Ledger) {
            if (name !== "batch") return target[name].bind(target);
            return async () => {
              throw preconditionFailed("etag_mismatch", "Somebody was faster.");
            };
          },
        }),
    });
    await expect(promote("run-1")).rejects.toMatchObject({
      kind: "precondition",
      code: "pointer_moved",
      details: { active_deployment_id: null, version: 0 },
    });
    expect(await service.historyOf(AGENT)).toEqual([]);
  });

  test("a switch that is delivered again after later promotions does nothing", async () => {
    const { promote, activities, activeModel } = await deploymentWorld();
    const first = await promote("run-1");
    await promote("run-2");
    expect(await activities.switchPointer({ agent_id: AGENT, id: first })).toEqual({
      kind: "switched",
      deployment_name: "ft:run-1",
    });
    expect(await activeModel()).toBe("ft:run-2");
  });
});
