import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { createDeploymentActivities } from "../../src/deployments/activities.ts";
import type { Deployment, DeploymentEvent, Pointer } from "../../src/deployments/contract.ts";
import { createGatePolicies } from "../../src/deployments/gate/policy.ts";
import { createDeploymentService } from "../../src/deployments/service.ts";
import type { VirtualClock } from "../../src/kernel/clock.ts";
import { isLightningError } from "../../src/kernel/errors.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { bare, each, type Ledger } from "../../src/ledger/ledger.ts";
import { chatProvider, runRecord, settings } from "../deployments/world.ts";

export interface RegistryLedger {
  readonly ledger: Ledger;
  readonly clock: VirtualClock;
  close(): Promise<void>;
}

/** Every ledger call waits for its turn, so that the scheduler decides how the processes interleave. */
const inTurns = (ledger: Ledger, scheduler: fc.Scheduler): Ledger =>
  new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      const method = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), name);
        return method(...args);
      };
    },
  });

const RUNS = 4;
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant("promote" as const), run: fc.integer({ min: 1, max: RUNS }) }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constantFrom("rollback" as const, "deactivate" as const) }) },
  // What Azure removed comes back: under way while others decide otherwise.
  { weight: 1, arbitrary: fc.record({ what: fc.constant("return" as const) }) },
);
const FORESEEN = [
  "nothing_to_roll_back_to",
  "pointer_moved",
  "already_active",
  "override_required",
  "model_withdrawn",
];

/** The registry of active models under concurrent promoters, on any ledger. */
export function describeRegistry(
  name: string,
  make: () => Promise<RegistryLedger>,
  { runs }: { readonly runs: number },
): void {
  describe(`the registry on ${name}`, () => {
    let world: RegistryLedger;
    beforeAll(async () => {
      world = await make();
    });
    afterAll(() => world.close());
    let agents = 0;

    /** Some deployments that have served one after the other, then the processes that the scheduler interleaves. */
    async function setUp(scheduler: fc.Scheduler, promotedBefore: number) {
      const agent_id = `agent-${++agents}`;
      const { ledger: plain, clock } = world;
      for (let n = 1; n <= RUNS; n++)
        await plain.create("runs", { ...runRecord(`run-${n}`, clock), agent_id });
      const over = (ledger: Ledger) => {
        const service = createDeploymentService({ ledger, settings, clock, logger: silentLogger });
        return {
          service,
          activities: createDeploymentActivities({
            service,
            ledger,
            provider: chatProvider(() => ({})),
            clock,
            logger: silentLogger,
          }),
        };
      };
      const calm = over(plain);
      const served: Deployment[] = [];
      for (let n = 1; n <= promotedBefore; n++) {
        const { deployment } = await calm.service.prepare({ agent_id, run_id: `run-${n}` });
        await calm.service.activate(deployment);
        served.push(deployment);
      }
      const { service, activities } = over(inTurns(plain, scheduler));
      const switchTo = (id: string) => activities.switchPointer({ agent_id, id });
      return {
        agent_id,
        async act(one: { what: "promote"; run: number } | { what: "rollback" | "deactivate" | "return" }) {
          if (one.what === "promote") {
            const { deployment } = await service.prepare({ agent_id, run_id: `run-${one.run}` });
            await switchTo(deployment.id);
          } else if (one.what === "rollback") await service.rollback({ agent_id });
          else if (one.what === "deactivate") await service.deactivate({ agent_id });
          else if (served[0] !== undefined) {
            const state = await service.pointerOf(agent_id);
            await switchTo((await service.prepareReturn(served[0], state, {})).id);
          }
        },
      };
    }

    test("has exactly one active model and a complete history, whatever comes at the same moment (defect 9.2)", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(action, { minLength: 2, maxLength: 6 }),
          fc.integer({ min: 0, max: 3 }),
          async (scheduler, actions, promotedBefore) => {
            const processes = await setUp(scheduler, promotedBefore);
            const { agent_id } = processes;
            await scheduler.waitFor(
              Promise.all(
                actions.map((one) =>
                  processes.act(one).catch((thrown: unknown) => {
                    if (!isLightningError(thrown)) throw thrown;
                    expect(FORESEEN).toContain(thrown.code);
                  }),
                ),
              ),
            );

            const pointer = await world.ledger.read<Pointer>("deployments", [agent_id], "active");
            const all: (Deployment | DeploymentEvent | Pointer)[] = [];
            for await (const one of each<Deployment | DeploymentEvent | Pointer>(
              world.ledger,
              "deployments",
              {
                pk: [agent_id],
              },
            ))
              all.push(bare(one));
            const events = all
              .filter((one): one is DeploymentEvent => one.type === "event")
              .toSorted((a, b) => a.version - b.version);
            // Versions are contiguous and each event starts where the one before ended: nothing was lost in between.
            expect(events.map((one) => one.version)).toEqual(events.map((_, i) => i + 1));
            for (const [i, event] of events.entries()) expect(event.from).toBe(events[i - 1]?.to ?? null);
            expect(pointer?.version ?? 0).toBe(events.length);
            expect(pointer?.deployment_id ?? null).toBe(events.at(-1)?.to ?? null);
            expect(all.filter((one) => one.type === "pointer").length).toBeLessThanOrEqual(1);
            // What is active was switched to, and bears its mark.
            const active = all.find((one) => one.id === pointer?.deployment_id);
            if (active?.type === "deployment") expect(active).toMatchObject({ state: "active" });
            // The stack never holds what serves.
            for (const below of pointer?.stack ?? [])
              expect(below.deployment_id).not.toBe(pointer?.deployment_id);
          },
        ),
        { numRuns: runs },
      );
    });

    test("loses no owner's change of the gate policy, whoever writes first", async () => {
      const wish = fc.record({
        gate: fc.constantFrom("warn" as const, "require" as const, "setting" as const),
        four_eyes: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(wish, { minLength: 1, maxLength: 5 }),
          async (scheduler, wishes) => {
            const agent_id = `agent-${++agents}`;
            const { clock } = world;
            const ledger = inTurns(world.ledger, scheduler);
            const policies = () => createGatePolicies({ ledger, settings, clock });
            const setting = Promise.all(
              wishes.map((one, n) => policies().set({ agent_id, ...one, by: `owner-${n}` })),
            );
            await scheduler.waitFor(setting);
            const now = await createGatePolicies({ ledger: world.ledger, settings, clock }).get(agent_id);
            // Versions are contiguous; each change is one owner's, and no owner's stands there twice.
            expect(now.changes).toHaveLength(now.version);
            expect(Math.max(0, ...(await setting).map((one) => one.version))).toBe(now.version);
            const by = now.changes.map((one) => one.by);
            expect(new Set(by).size).toBe(by.length);
            // What holds is what somebody asked for last.
            const last = now.changes.at(-1);
            if (last !== undefined)
              expect([now.gate_from, now.four_eyes]).toEqual([
                last.gate === undefined ? "setting" : "agent",
                last.four_eyes,
              ]);
          },
        ),
        { numRuns: runs },
      );
    });
  });
}
