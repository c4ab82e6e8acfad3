import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import {
  applyDeactivation,
  applyPromotion,
  applyRollback,
  gateDoubt,
  NEVER_MOVED,
  type PointerState,
} from "../../src/deployments/rules.ts";

const served = (n: number, model = n) => ({ deployment_id: `dep-${n}`, deployment_name: `ft:${model}` });

describe("the pointer's rules", () => {
  test("promoting the active deployment again changes nothing", () => {
    const first = applyPromotion(NEVER_MOVED, served(1));
    if (first.kind !== "moved") throw new Error(first.kind);
    expect(applyPromotion(first.pointer, served(1))).toEqual({ kind: "unchanged" });
  });

  test("a model promoted twice in a row does not stand below itself", () => {
    const first = applyPromotion(NEVER_MOVED, served(1));
    if (first.kind !== "moved") throw new Error(first.kind);
    const second = applyPromotion(first.pointer, served(2, 1));
    expect(second).toMatchObject({ kind: "moved", pointer: { deployment_id: "dep-2", stack: [] } });
  });

  test("walking back never meets a model again that was rolled back or deactivated since its last promotion", () => {
    const action = fc.record({
      what: fc.constantFrom("promote", "promote", "rollback", "deactivate"),
      model: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        let state: PointerState = NEVER_MOVED;
        const withdrawn = new Set<string>();
        for (const [i, { what, model }] of actions.entries()) {
          const before = state.deployment_name;
          const move =
            what === "promote"
              ? applyPromotion(state, served(i, model))
              : what === "rollback"
                ? applyRollback(state)
                : applyDeactivation(state);
          if (move.kind !== "moved") continue;
          state = move.pointer;
          if (what === "promote") withdrawn.delete(`ft:${model}`);
          else if (before !== null) withdrawn.add(before);
          expect(withdrawn.has(state.deployment_name ?? "")).toBe(false);
          expect(state.stack.some((one) => withdrawn.has(one.deployment_name))).toBe(false);
        }
        // Rolling back on and on always ends at the base model.
        for (let steps = state.stack.length + 1; steps > 0; steps--) {
          const move = applyRollback(state);
          if (move.kind === "moved") state = move.pointer;
        }
        expect(state.deployment_id).toBeNull();
        expect(applyRollback(state)).toMatchObject({ kind: "refused", code: "nothing_to_roll_back_to" });
      }),
    );
  });

  test("a target is reached as if walked back to: what stood above it is withdrawn", () => {
    let state: PointerState = NEVER_MOVED;
    for (const n of [1, 2, 3]) {
      const move = applyPromotion(state, served(n));
      if (move.kind === "moved") state = move.pointer;
    }
    expect(applyRollback(state, served(1))).toMatchObject({
      kind: "moved",
      pointer: { deployment_id: "dep-1", stack: [], version: 4 },
      event: { what: "rolled_back", from: "dep-3", to: "dep-1" },
    });
  });
});

describe("the gate's rule", () => {
  test("only a passing evaluation leaves no doubt", () => {
    expect(gateDoubt({})).toBeDefined();
    expect(gateDoubt({ evaluation_id: "eval-1", verdict: "inconclusive" })).toContain("inconclusive");
    expect(gateDoubt({ evaluation_id: "eval-1" })).toContain("unknown");
    expect(gateDoubt({ evaluation_id: "eval-1", verdict: "pass" })).toBeUndefined();
  });
});
