import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { createCatalog } from "../../src/catalog/catalog.ts";
import type { Hosted } from "../../src/deployments/hosted/contract.ts";
import { hostedName, inactive, kept } from "../../src/deployments/hosted/rules.ts";
import { applyPromotion, applyRestore, NEVER_MOVED, type PointerState } from "../../src/deployments/rules.ts";
import { createDeploymentUpkeep } from "../../src/deployments/upkeep/upkeep.ts";
import { LightningError, unavailable } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { runPipelineInputSchema } from "../../src/pipelines/contract.ts";
import type { ChatRequest } from "../../src/provider/provider.ts";
import { AGENT, chatProvider, deploymentWorld, settings } from "./world.ts";

const NOW = Date.parse("2026-03-01T00:00:00Z");
const DAY = 86_400_000;
const hosted = (name: string, ageDays: number, change: Partial<Hosted> = {}) =>
  ({
    id: `hosted-${name}`,
    type: "hosted",
    agent_id: AGENT,
    deployment_name: name,
    training_run_id: `run-${name}`,
    tuned_model_name: `model-${name}`,
    format: "OpenAI",
    sku: "GlobalStandard",
    capacity: 50,
    state: "ready",
    requested_at: new Date(NOW - ageDays * DAY).toISOString(),
    ready_at: new Date(NOW - ageDays * DAY).toISOString(),
    created_at: new Date(NOW - ageDays * DAY).toISOString(),
    ...change,
  }) as Hosted;
const served = (...names: string[]): PointerState =>
  names.reduce<PointerState>((state, name) => {
    const move = applyPromotion(state, { deployment_id: `dep-${name}`, deployment_name: name });
    return move.kind === "moved" ? move.pointer : state;
  }, NEVER_MOVED);

describe("the name of a hosted model", () => {
  it("is legal at Azure, the same for the same run, and another for another", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 100 }),
        fc.string(),
        fc.string(),
        (agent, one, other) => {
          const name = hostedName(agent, one);
          expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/);
          expect(hostedName(agent, one)).toBe(name);
          if (one !== other) expect(hostedName(agent, other)).not.toBe(name);
        },
      ),
    );
  });
});

describe("what may be removed", () => {
  const none = { pointers: [], deployments: [], settled: [] };

  it("is never what serves, what served right before, what is being promoted, or what a setting names", () => {
    const pointers = [served("a", "b", "c")];
    const deployments = [
      ...["a", "b", "c"].map((deployment_name) => ({ deployment_name, state: "active" as const })),
      { deployment_name: "d", state: "probing" as const },
    ];
    const holdings = { pointers, deployments, settled: ["e", undefined] };
    expect([...kept(holdings)].toSorted()).toEqual(["b", "c", "d", "e"]);
    const all = ["a", "b", "c", "d", "e", "f"].map((name) => hosted(name, 30));
    expect(inactive(all, holdings, NOW).map((one) => one.deployment_name)).toEqual(["a", "f"]);
  });

  it("keeps the predecessor also when the same model was promoted twice", () => {
    const twice = applyPromotion(served("a", "b"), { deployment_id: "dep-b2", deployment_name: "b" });
    expect(twice.kind === "moved" && [...kept({ ...none, pointers: [twice.pointer] })].toSorted()).toEqual([
      "a",
      "b",
    ]);
  });

  it("is the oldest first, nothing younger than asked, and nothing new that never served: an evaluation may want it", () => {
    const all = [
      hosted("new", 0.5),
      hosted("old", 20),
      hosted("older", 40),
      hosted("gone", 50, { state: "lost" }),
    ];
    const names = (days: number) => inactive(all, none, NOW, days * DAY).map((one) => one.deployment_name);
    expect(names(0)).toEqual(["older", "old"]);
    expect(names(30)).toEqual(["older"]);
  });
});

describe("the return of a removed model", () => {
  it("takes the place of its earlier deployment on the stack and withdraws what stood above", () => {
    const move = applyRestore(
      served("a", "b", "c"),
      { deployment_id: "dep-b2", deployment_name: "b" },
      "dep-b",
    );
    expect(move).toMatchObject({
      kind: "moved",
      pointer: { deployment_id: "dep-b2", stack: [{ deployment_name: "a" }] },
      event: { what: "rolled_back", from: "dep-c", to: "dep-b2" },
    });
  });

  it("withdraws nothing when it is the active one that comes back", () => {
    const move = applyRestore(served("a", "b"), { deployment_id: "dep-b2", deployment_name: "b" }, "dep-b");
    expect(move).toMatchObject({
      kind: "moved",
      pointer: { deployment_id: "dep-b2", stack: [{ deployment_name: "a" }] },
      event: { what: "promoted" },
    });
  });
});

describe("a rollback looks whether its target can be called", () => {
  const gone = new LightningError("not_found", "provider_missing", "The API deployment does not exist.");

  async function world(answers: Record<string, Error>) {
    const provider = chatProvider(({ model }: ChatRequest) => {
      if (answers[model] !== undefined) throw answers[model];
      return {};
    });
    const made = await deploymentWorld({ provider });
    for (const run of ["run-1", "run-2", "run-3"]) await made.promote(run);
    return made;
  }

  it("and refuses, when that is gone and this app cannot bring it back", async () => {
    const { service, activeModel } = await world({ "ft:run-2": gone });
    await expect(service.rollback({ agent_id: AGENT })).rejects.toMatchObject({
      status: 409,
      code: "target_gone",
      remedy: expect.stringContaining("at_once"),
    });
    expect(await activeModel()).toBe("ft:run-3");
  });

  it("and asked for at once lets the nearest callable one serve, and says so", async () => {
    const { service, activeModel } = await world({ "ft:run-2": gone });
    const result = await service.rollback({ agent_id: AGENT, at_once: true });
    expect(result).toMatchObject({
      kind: "moved",
      warnings: [expect.stringContaining("ft:run-1 serves instead")],
    });
    expect(await activeModel()).toBe("ft:run-1");
  });

  it("and goes to the base model when nothing that served can be called", async () => {
    const { service, activeModel } = await world({ "ft:run-2": gone, "ft:run-1": gone });
    const result = await service.rollback({ agent_id: AGENT, at_once: true });
    expect(result.warnings).toEqual([expect.stringContaining("base model serves instead")]);
    expect(await activeModel()).toBe("base");
  });

  it("and is not held up by a provider that is away: a bad model must go now", async () => {
    const { service, activeModel } = await world({
      "ft:run-2": unavailable("provider_unreachable", "no connection"),
    });
    const result = await service.rollback({ agent_id: AGENT });
    expect(result.warnings).toEqual([expect.stringContaining("no connection")]);
    expect(await activeModel()).toBe("ft:run-2");
  });

  it("and of two people who roll back at the same moment only one does", async () => {
    const { service, activeModel } = await world({});
    const both = await Promise.allSettled([1, 2].map(() => service.rollback({ agent_id: AGENT })));
    expect(both.map((one) => one.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await activeModel()).toBe("ft:run-2");
  });

  it("and repeated under its key it is the same rollback", async () => {
    const { service, activeModel } = await world({});
    for (let i = 0; i < 3; i++) await service.rollback({ agent_id: AGENT }, { idempotencyKey: "once" });
    expect(await activeModel()).toBe("ft:run-2");
  });
});

describe("without an account in the settings", () => {
  it("there is nothing to compare or to remove, and that is said", async () => {
    const { service, ledger, clock } = await deploymentWorld();
    const catalog = createCatalog({ ledger, clock, logger: silentLogger });
    const upkeep = createDeploymentUpkeep({
      service,
      ledger,
      clock,
      catalog,
      provider: chatProvider(() => ({})),
      settings: { ...settings, trainingType: "GlobalStandard" },
      logger: silentLogger,
    });
    expect(await upkeep.reconciler.reconcile()).toMatchObject({ compared: false, lost: [], returning: [] });
    expect(await upkeep.cleanUp(7, false)).toMatchObject({ removed: [], not_removed: [] });
    const calendar = await upkeep.retirements(AGENT);
    expect(calendar.bases.map((one) => [one.model, one.days_until_training_ends])).toEqual([
      // Without its date it is the same model, and has the same last day.
      ["gpt-4o-mini-2024-07-18", 455],
    ]);
    expect(calendar.runs).toHaveLength(9);
    expect(calendar.plan.every((one) => one.estimated_usd === "unknown")).toBe(true);
    // Each plan is one call: its request is what a pipeline takes.
    for (const { request, base_model } of calendar.plan)
      expect(runPipelineInputSchema.parse(request)).toMatchObject({
        training: { base_model },
        evaluation: { baseline: "active" },
        promote: true,
      });
  });
});
