import { describe, expect, test } from "@jest/globals";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Evaluation } from "../../src/evaluation/contract.ts";
import type { HostedModel, Hosting } from "../../src/hosting/hosting.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { forbidden, isLightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { AGENT, chatProvider, deploymentWorld, evaluationRecord, settings } from "./world.ts";

const codeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => "no error",
    (thrown: unknown) => (isLightningError(thrown) ? `${thrown.status} ${thrown.code}` : String(thrown)),
  );
const ask = (run_id: string, more = {}) => ({ agent_id: AGENT, run_id, ...more });
const releaser = { isOwner: false };

async function world(options: Parameters<typeof deploymentWorld>[0] = {}) {
  const made = await deploymentWorld(options);
  let second = 0;
  /** A finished evaluation of a run, each newer than the one before. */
  const evaluated = async (id: string, run: string, change: Partial<Evaluation> = {}) => {
    const at = new Date(Date.UTC(2026, 0, 2, 0, 0, ++second)).toISOString();
    await made.plain.create("evaluations", {
      ...evaluationRecord(id, run, "pass", at),
      ...change,
    } as Evaluation);
  };
  return { ...made, evaluated };
}
const worse = (id: string, run: string) => {
  const { result } = evaluationRecord(id, run, "fail", "2026-01-02T00:00:00.000Z");
  return { result: { ...result, difference: -0.4, interval: [-0.57, -0.43] } } as Partial<Evaluation>;
};

describe("an evaluation counts for a run only if", () => {
  test("it judged that run's model, not one that was named beside it (loop G1)", async () => {
    const { service, evaluated } = await world();
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    await evaluated("eval-1", "run-1", { candidate: "ft:run-9" });
    expect(await codeOf(service.prepare(ask("run-1")))).toBe("409 gate_required");
    expect(await codeOf(service.prepare(ask("run-1", { evaluation_id: "eval-1" })))).toBe(
      "422 evaluation_of_other_model",
    );
    // A deployment that was seen to call the run's model is that model.
    await evaluated("eval-2", "run-1", { candidate: "by-hand", candidate_model: "ft:run-1" });
    expect((await service.prepare(ask("run-1"))).deployment).toMatchObject({ evaluation_id: "eval-2" });
  });

  test("it compared with what serves: a newer pass against a weak model hides no older verdict (loop G1)", async () => {
    const { service, evaluated, promote } = await world();
    await promote("run-1");
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    await evaluated("eval-fail", "run-2", { baseline: "ft:run-1", ...worse("eval-fail", "run-2") });
    await evaluated("eval-weak", "run-2", { baseline: "weak-model", baseline_asked: "weak-model" });
    for (const more of [{}, { evaluation_id: "eval-weak" }])
      expect(await codeOf(service.prepare(ask("run-2", more), releaser))).toBe("409 override_required");
    await evaluated("eval-weak-3", "run-3", { baseline: "weak-model", baseline_asked: "weak-model" });
    expect(await codeOf(service.prepare(ask("run-3")))).toBe("409 gate_required");
  });

  test("the model of TUNED_MODEL_DEPLOYMENT_NAME is what serves where nothing was promoted", async () => {
    const { service, evaluated } = await world({
      settings: { ...settings, tunedModelDeploymentName: "by-setting" },
    });
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    await evaluated("eval-1", "run-1");
    expect(await codeOf(service.prepare(ask("run-1")))).toBe("409 gate_required");
    await evaluated("eval-2", "run-1", { baseline: "by-setting" });
    expect((await service.prepare(ask("run-1"))).warnings).toEqual([]);
  });
});

describe("under the policy `warn`", () => {
  test("a model that was shown to be worse needs an owner's reason", async () => {
    const { service, evaluated } = await world();
    await evaluated("eval-1", "run-1", worse("eval-1", "run-1"));
    expect(await codeOf(service.prepare(ask("run-1"), releaser))).toBe("409 override_required");
    const override = ask("run-1", { override_reason: "the held-out side is wrong" });
    expect(await codeOf(service.prepare(override, releaser))).toBe("403 role_missing");
    expect((await service.prepare(override)).deployment.gate_doubts).toContainEqual(
      "The evaluation eval-1 shows that it is worse than base-model.",
    );
    // One that is merely not shown to be better is warned of, as ever.
    const { result } = evaluationRecord("eval-2", "run-2", "fail", "");
    await evaluated("eval-2", "run-2", {
      result: { ...result, interval: [-0.02, 0.03] },
    } as Partial<Evaluation>);
    expect((await service.prepare(ask("run-2"), releaser)).warnings).toHaveLength(1);
  });

  test("a model that was withdrawn needs an owner's reason, by promotion and by a roll-back to it", async () => {
    const { service, promote, rollback, activeModel, clock } = await world();
    await promote("run-1");
    const two = await promote("run-2");
    const three = await promote("run-3");
    await rollback((await service.list(AGENT, 9)).items.find((one) => one.training_run_id === "run-1")?.id);
    expect(await activeModel()).toBe("ft:run-1");
    // Both what served and what was walked back through.
    for (const run of ["run-2", "run-3"])
      expect(await codeOf(service.prepare(ask(run), releaser))).toBe("409 override_required");
    expect(await service.withdrawalOf(AGENT, "run-1")).toBeUndefined();
    for (const target_id of [two, three])
      expect(await codeOf(service.rollback({ agent_id: AGENT, target_id }, releaser))).toBe(
        "403 role_missing",
      );
    clock.advance(1000);
    await rollback(two);
    expect(await service.withdrawalOf(AGENT, "run-2")).toBeUndefined();
    expect(await service.withdrawalOf(AGENT, "run-1")).toMatchObject({ what: "rolled_back" });
  });

  test("a model that was withdrawn under one name comes back under no other without an owner", async () => {
    const { service, promote, rollback, activeModel } = await world();
    await promote("run-1");
    await promote("run-2");
    await promote("run-1", { deployment_name: "by-hand", override_reason: "the same model by hand" });
    await service.rollback({ agent_id: AGENT, reason: "harmful answers" }, releaser);
    expect(await activeModel()).toBe("ft:run-2");
    // What lies below on the stack is the withdrawn run again.
    expect(await codeOf(service.rollback({ agent_id: AGENT }, releaser))).toBe("403 role_missing");
    expect(await activeModel()).toBe("ft:run-2");
    expect(await service.withdrawalOf(AGENT, "run-1")).toMatchObject({ reason: "harmful answers" });
    await rollback();
    expect(await activeModel()).toBe("ft:run-1");
  });

  test("histories of earlier versions, which do not name what was withdrawn, count too", async () => {
    const { plain, service, promote } = await world();
    const id = await promote("run-1");
    await plain.create("deployments", {
      id: "evt-old",
      type: "event",
      agent_id: AGENT,
      what: "deactivated",
      from: id,
      to: null,
      reason: "harmful answers",
      version: 2,
      created_at: "2026-01-03T00:00:00.000Z",
    } as never);
    expect(await service.withdrawalOf(AGENT, "run-1")).toMatchObject({ reason: "harmful answers" });
  });
});

describe("at the switch", () => {
  async function prepared(gate: "warn" | "require") {
    const made = await world();
    await made.service.policies.set({ agent_id: AGENT, gate });
    for (const run of ["run-1", "run-2"]) await made.evaluated(`eval-${run}`, run);
    const [one, two] = await Promise.all(["run-1", "run-2"].map((run) => made.service.prepare(ask(run))));
    const refs = [one, two].map((each) => ({ agent_id: AGENT, id: each?.deployment.id ?? "" }));
    return { ...made, one: refs[0] as (typeof refs)[0], two: refs[1] as (typeof refs)[0] };
  }

  test("the second of two that were judged against the same model is refused (loop D3)", async () => {
    const { activities, one, two, activeModel } = await prepared("require");
    expect(await activities.switchPointer(one)).toMatchObject({ kind: "switched" });
    expect(await activities.switchPointer(two)).toMatchObject({ kind: "refused", code: "gate_stale" });
    expect(await activeModel()).toBe("ft:run-1");
    // Delivered again, the first is still done.
    expect(await activities.switchPointer(one)).toMatchObject({ kind: "switched" });
  });

  test("under `warn` it goes through, and its record says what it replaced unjudged", async () => {
    const { activities, one, two, service } = await prepared("warn");
    await activities.switchPointer(one);
    expect(await activities.switchPointer(two)).toMatchObject({ kind: "switched" });
    expect((await service.get(AGENT, two.id)).gate_doubts).toEqual([
      "The evaluation eval-run-2 compared with base-model, and ft:run-1 is what serves.",
    ]);
  });

  test("a model that was withdrawn since it was asked for stays out, also with an owner's earlier reason", async () => {
    const { activities, service, promote, rollback, activeModel } = await world();
    await promote("run-1");
    const again = ask("run-1", { deployment_name: "by-hand", override_reason: "the same model by hand" });
    const { deployment } = await service.prepare(again);
    await rollback();
    expect(await activities.switchPointer({ agent_id: AGENT, id: deployment.id })).toMatchObject({
      kind: "refused",
      code: "model_withdrawn",
    });
    expect(await activeModel()).toBe("base");
  });
});

describe("a deployment that an operator names", () => {
  async function hosting(read: (name: string) => Promise<Partial<HostedModel> | undefined>) {
    const clock = new VirtualClock();
    const made = await world({
      hosting: { kind: "arm", read } as unknown as Hosting,
      catalog: createCatalog({ clock, logger: silentLogger } as unknown as Parameters<
        typeof createCatalog
      >[0]),
      provider: chatProvider(() => ({})),
    });
    await made.service.policies.set({ agent_id: AGENT, gate: "require" });
    await made.evaluated("eval-1", "run-1");
    return made;
  }

  test("is taken only if the model behind it is the run's (loop G2, security 3)", async () => {
    const behind = new Map([
      ["mine", "ft:run-1"],
      ["alphas", "ft:alpha"],
      ["base", "gpt-4o-mini"],
    ]);
    const { service } = await hosting(async (name) => {
      const model = behind.get(name);
      return model === undefined ? undefined : { name, model };
    });
    for (const deployment_name of ["alphas", "base", "nothing"])
      for (const caller of [releaser, {}])
        expect(
          await codeOf(
            service.prepare(ask("run-1", { deployment_name, override_reason: "I am sure" }), caller),
          ),
        ).toBe("409 deployment_of_other_model");
    const { deployment, warnings } = await service.prepare(
      ask("run-1", { deployment_name: "mine" }),
      releaser,
    );
    expect(warnings).toEqual([]);
    expect(deployment.deployment_unverified).toBeUndefined();
  });

  test.each([
    [
      "where the app may not look",
      () => hosting(() => Promise.reject(forbidden("permission_missing", "No."))),
    ],
    ["where there is no account to ask", () => world()],
  ])("is an owner's to answer for %s, and is shown as unverified", async (_where, make) => {
    const { service, evaluated, plain } = await make();
    if ((await plain.read("evaluations", [AGENT], "eval-1")) === undefined)
      await evaluated("eval-1", "run-1");
    const named = ask("run-1", { deployment_name: "by-hand" });
    expect(await codeOf(service.prepare(named, releaser))).toBe("409 override_required");
    expect(await codeOf(service.prepare(named))).toBe("409 override_required");
    const reason = { ...named, override_reason: "I deployed it an hour ago" };
    expect(await codeOf(service.prepare(reason, releaser))).toBe("403 role_missing");
    const { deployment, warnings } = await service.prepare(reason);
    expect(deployment).toMatchObject({ deployment_unverified: true, deployment_name: "by-hand" });
    expect(warnings[0]).toBe("Nobody has verified that the deployment by-hand is this run's model.");
  });

  test("that is unverified is no baseline under the run's name, and does not count as the run itself", async () => {
    const { service, evaluated, promote } = await world();
    await promote("run-1", { deployment_name: "by-hand", override_reason: "mine" });
    await service.policies.set({ agent_id: AGENT, gate: "require" });
    await evaluated("eval-2", "run-2", { baseline: "ft:run-1" });
    expect(await codeOf(service.prepare(ask("run-2")))).toBe("409 gate_required");
    await evaluated("eval-1", "run-1");
    expect(await codeOf(service.prepare(ask("run-1")))).toBe("409 gate_required");
  });
});
