import { describe, expect, test } from "@jest/globals";
import type { ActiveModel } from "../../src/deployments/selection.ts";
import { createModelSelector, type ModelSelectorDeps } from "../../src/deployments/selection.ts";
import { VirtualClock } from "../../src/kernel/clock.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { settings } from "./world.ts";

/** A registry whose answer and health the test decides. */
function selectorWorld(change: Partial<ModelSelectorDeps["settings"]> = {}) {
  const clock = new VirtualClock();
  const registry = {
    active: { deployment_id: "dep-1", deployment_name: "ft:one" } as ActiveModel | null,
    away: false,
    reads: 0,
  };
  const selector = createModelSelector({
    async readActive() {
      registry.reads++;
      const { active, away } = registry;
      await Promise.resolve();
      if (away) throw new Error("the ledger is away");
      return active;
    },
    settings: { ...settings, ...change },
    clock,
    logger: silentLogger,
  });
  return { clock, registry, selector };
}

describe("model selection", () => {
  test("asks nobody and answers the base model while USE_TUNED_MODEL is off", async () => {
    const { selector, registry } = selectorWorld({
      useTunedModel: false,
      tunedModelDeploymentName: "ft:env",
    });
    expect(await selector.selectModel()).toEqual({ model: "base-model", source: "base", stale: false });
    expect(await selector.getModelDeployment()).toBe("base-model");
    expect(selector.peek()).toMatchObject({ model: "base-model" });
    expect(registry.reads).toBe(0);
  });

  test("prefers the registry, then the environment, then the base model, and says which", async () => {
    const one = selectorWorld({ tunedModelDeploymentName: "ft:env" });
    expect(await one.selector.selectModel()).toEqual({
      model: "ft:one",
      source: "registry",
      stale: false,
      deployment_id: "dep-1",
    });
    const two = selectorWorld({ tunedModelDeploymentName: "ft:env" });
    two.registry.active = null;
    expect(await two.selector.selectModel()).toEqual({ model: "ft:env", source: "env", stale: false });
    const three = selectorWorld({ baseModelDeployment: undefined });
    three.registry.active = null;
    expect(await three.selector.selectModel()).toEqual({
      model: "gpt-4o-mini",
      source: "base",
      stale: false,
    });
  });

  test("remembers an answer for the cache's time and then asks again", async () => {
    const { selector, registry, clock } = selectorWorld();
    await selector.getModelDeployment();
    registry.active = { deployment_id: "dep-2", deployment_name: "ft:two" };
    clock.advance(59_999);
    expect(await selector.getModelDeployment()).toBe("ft:one");
    expect(registry.reads).toBe(1);
    clock.advance(1);
    expect(selector.peek()).toBeUndefined();
    expect(await selector.getModelDeployment()).toBe("ft:two");
    expect(selector.peek()).toMatchObject({ model: "ft:two" });
    expect(registry.reads).toBe(2);
  });

  test("fifty look-ups of an agent without a deployment are one query (defect 9.16)", async () => {
    const { selector, registry } = selectorWorld();
    registry.active = null;
    for (let i = 0; i < 50; i++) expect(await selector.getModelDeployment()).toBe("base-model");
    expect(registry.reads).toBe(1);
  });

  test("agents that ask at the same time share one look, each agent has its own", async () => {
    const { selector, registry } = selectorWorld();
    const answers = await Promise.all(Array.from({ length: 20 }, () => selector.getModelDeployment()));
    expect(new Set(answers)).toEqual(new Set(["ft:one"]));
    expect(registry.reads).toBe(1);
    await selector.getModelDeployment("another-agent");
    expect(registry.reads).toBe(2);
  });

  test("an outage after the cache's time is answered with the last known good, flagged (defect 9.16)", async () => {
    const { selector, registry, clock } = selectorWorld({ tunedModelDeploymentName: "ft:env" });
    await selector.getModelDeployment();
    registry.away = true;
    clock.advance(61_000);
    expect(await selector.selectModel()).toMatchObject({ model: "ft:one", source: "registry", stale: true });
    clock.advance(24 * 3_600_000);
    expect(await selector.selectModel()).toMatchObject({ model: "ft:one", stale: true });
    registry.away = false;
    clock.advance(5_000);
    expect(await selector.selectModel()).toMatchObject({ model: "ft:one", stale: false });
  });

  test("an outage does not send every call to the ledger that is away", async () => {
    const { selector, registry, clock } = selectorWorld();
    registry.away = true;
    for (let i = 0; i < 50; i++) expect((await selector.selectModel()).stale).toBe(true);
    expect(registry.reads).toBe(1);
    clock.advance(5_000);
    await selector.selectModel();
    expect(registry.reads).toBe(2);
  });

  test("an outage with nothing known is answered from the settings, flagged", async () => {
    const { selector, registry } = selectorWorld({ tunedModelDeploymentName: "ft:env" });
    registry.away = true;
    expect(await selector.selectModel()).toEqual({ model: "ft:env", source: "env", stale: true });
  });

  test("an answer a week old is no longer called known", async () => {
    const { selector, registry, clock } = selectorWorld();
    await selector.getModelDeployment();
    registry.away = true;
    clock.advance(8 * 24 * 3_600_000);
    expect(await selector.selectModel()).toEqual({ model: "base-model", source: "base", stale: true });
  });

  test("forgets on demand, and a look that began before does not bring the old answer back", async () => {
    const { selector, registry } = selectorWorld();
    const before = selector.getModelDeployment();
    await Promise.resolve();
    await Promise.resolve();
    registry.active = { deployment_id: "dep-2", deployment_name: "ft:two" };
    selector.invalidate(settings.agentId);
    const after = selector.getModelDeployment();
    expect([await before, await after]).toEqual(["ft:one", "ft:two"]);
    expect(await selector.getModelDeployment()).toBe("ft:two");
    selector.invalidate();
    registry.active = null;
    expect(await selector.getModelDeployment()).toBe("base-model");
  });

  test("a clock that jumps back does not keep an answer", async () => {
    let now = 1_000_000;
    let reads = 0;
    const selector = createModelSelector({
      readActive: async () => {
        reads++;
        return null;
      },
      settings,
      clock: { now: () => now, after: () => () => {} },
      logger: silentLogger,
    });
    await selector.selectModel();
    now = 500;
    await selector.selectModel();
    expect(reads).toBe(2);
  });
});
