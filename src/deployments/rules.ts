import { judgesNamesAlone, metricWords } from "../evaluation/metric-words.ts";
import type { Deployment, DeploymentEvent, Pointer } from "./contract.ts";
import type { Hosted } from "./hosted/contract.ts";
import { isGone } from "./hosted/rules.ts";
import type { DeploymentState } from "./status.ts";

/**
 * How the pointer moves. The stack holds what really served and was not withdrawn since, newest last, the active one
 * not in it; below its bottom lies the base model. A model that was rolled back or deactivated leaves the stack under
 * every one of its deployments, so walking back never returns to it; only a new promotion or an explicit `target_id`
 * brings it back.
 */
export type PointerState = Pick<Pointer, "deployment_id" | "deployment_name" | "stack" | "version">;
export type Served = Pointer["stack"][number];

export type Move =
  | {
      readonly kind: "moved";
      readonly pointer: PointerState;
      readonly event: MoveFacts;
      /** What speaks against it by now, for the deployment's record. */
      readonly doubt?: string | undefined;
    }
  /** Things are already as asked for: nothing is written. */
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly remedy: string };

type MoveFacts = Pick<DeploymentEvent, "what" | "from" | "to" | "version" | "withdrawn">;

/** The state of an agent that never promoted anything: the base model serves. */
export const NEVER_MOVED: PointerState = {
  deployment_id: null,
  deployment_name: null,
  stack: [],
  version: 0,
};

function moveTo(
  state: PointerState,
  what: MoveFacts["what"],
  active: Served | null,
  stack: readonly Served[],
  withdrawn: readonly (Served | null)[] = [],
): Move {
  const gone = withdrawn
    .filter((one) => one !== null)
    .filter((one) => one.deployment_name !== active?.deployment_name);
  const version = state.version + 1;
  return {
    kind: "moved",
    pointer: {
      deployment_id: active?.deployment_id ?? null,
      deployment_name: active?.deployment_name ?? null,
      stack: [...stack],
      version,
    },
    event: {
      what,
      from: state.deployment_id,
      to: active?.deployment_id ?? null,
      ...(what === "promoted" ? {} : { withdrawn: gone.map((one) => one.deployment_id) }),
      version,
    },
  };
}

function activeOf(state: PointerState): Served | null {
  return state.deployment_id === null || state.deployment_name === null
    ? null
    : { deployment_id: state.deployment_id, deployment_name: state.deployment_name };
}

/** The stack without the models that are being withdrawn. */
const without = (stack: readonly Served[], withdrawn: readonly (Served | null)[]) => {
  const names = new Set(withdrawn.map((one) => one?.deployment_name));
  return stack.filter((one) => !names.has(one.deployment_name));
};

/** Puts a deployment into service above what serves now. The same model promoted again does not stand below itself. */
export function applyPromotion(state: PointerState, promoted: Served): Move {
  const active = activeOf(state);
  if (active?.deployment_id === promoted.deployment_id) return { kind: "unchanged" };
  const same = active?.deployment_name === promoted.deployment_name;
  return moveTo(
    state,
    "promoted",
    promoted,
    active === null || same ? state.stack : [...state.stack, active],
  );
}

/**
 * Back to what served before, or to `target` if one is named: an explicit choice may also name a model that was
 * withdrawn earlier. What stood above a target on the stack is withdrawn with the active one, as if walked back through.
 */
export function applyRollback(state: PointerState, target?: Served): Move {
  const active = activeOf(state);
  if (target !== undefined) {
    if (active?.deployment_id === target.deployment_id)
      return {
        kind: "refused",
        code: "already_active",
        message: `Deployment ${target.deployment_id} is the active one; there is nothing to roll back.`,
        remedy: "Name another deployment, or leave target_id out to go to the one that served before.",
      };
    const at = state.stack.findLastIndex((one) => one.deployment_id === target.deployment_id);
    const below = at < 0 ? state.stack : state.stack.slice(0, at);
    const above =
      at < 0 ? [] : state.stack.slice(at + 1).filter((one) => one.deployment_name !== target.deployment_name);
    return moveTo(state, "rolled_back", target, without(below, [active, ...above]), [active, ...above]);
  }
  const stack = without(state.stack, [active]);
  const previous = stack.pop() ?? null;
  if (active === null && previous === null)
    return {
      kind: "refused",
      code: "nothing_to_roll_back_to",
      message: "The base model is active and nothing that served before is left to roll back to.",
      remedy: "Promote a training run, or name a deployment with target_id.",
    };
  return moveTo(state, "rolled_back", previous, stack, [active]);
}

/** What a rollback without a target goes back to; null: the base model. */
export function previousOf(state: PointerState): Served | null {
  return without(state.stack, [activeOf(state)]).at(-1) ?? null;
}

/** What lies below a deployment on the stack, nearest first: where to look when that one cannot be called. */
export function belowOf(state: PointerState, wanted: Served): Served[] {
  const rest = without(state.stack, [activeOf(state), wanted]);
  const at = state.stack.findLastIndex((one) => one.deployment_id === wanted.deployment_id);
  const under = at < 0 ? rest : rest.filter((one) => state.stack.indexOf(one) < at);
  return under.toReversed();
}

/** Back to the base model in one step, because nothing that served before can be called. */
export function applyRollbackToBase(state: PointerState): Move {
  return moveTo(state, "rolled_back", null, [], [activeOf(state)]);
}

/**
 * A model that Azure had removed serves again under a new deployment, in the place of its earlier one. If that one is
 * still the active one, nothing is withdrawn.
 */
export function applyRestore(state: PointerState, restored: Served, earlierId: string): Move {
  if (state.deployment_id === earlierId || state.deployment_id === restored.deployment_id)
    return applyPromotion(state, restored);
  const stack = state.stack.map((one) => (one.deployment_id === earlierId ? restored : one));
  return applyRollback({ ...state, stack }, restored);
}

/** The base model serves from now on; the deactivated model is withdrawn. */
export function applyDeactivation(state: PointerState): Move {
  const active = activeOf(state);
  if (active === null) return { kind: "unchanged" };
  return moveTo(state, "deactivated", null, without(state.stack, [active]), [active]);
}

/** What is known of the evaluation behind a promotion. */
export interface GateFacts {
  readonly evaluation_id?: string | undefined;
  readonly verdict?: string | undefined;
  readonly override_reason?: string | undefined;
}

/** Why a promotion is not backed by a passing evaluation; undefined when it is. */
export function gateDoubt(facts: GateFacts): string | undefined {
  if (facts.evaluation_id === undefined) return "No finished evaluation of this run shows that it is better.";
  if (facts.verdict !== "pass")
    return `The evaluation ${facts.evaluation_id} of this run says "${facts.verdict ?? "unknown"}", not "pass".`;
  return undefined;
}

/** What a verdict by a metric that overlooks arguments does not say; empty for the others. */
function unjudged({ verdict, verdict_metric, verdict_grading }: Judged): string[] {
  return verdict !== undefined &&
    verdict_metric !== undefined &&
    judgesNamesAlone(verdict_metric, verdict_grading)
    ? [`The verdict judged ${metricWords(verdict_metric, verdict_grading)}: arguments were not compared.`]
    : [];
}

type Judged = Pick<Deployment, "verdict" | "verdict_metric" | "verdict_grading">;

/**
 * The warnings a promotion carries in its reply and for ever in lineage: what spoke against it when it was asked for, and
 * what its verdict did not judge.
 */
export function gateWarnings(
  facts: GateFacts & Judged & { readonly gate_doubts?: readonly string[] | undefined },
): string[] {
  const doubts = facts.gate_doubts ?? [gateDoubt(facts)].filter((one) => one !== undefined);
  const overridden =
    doubts.length === 0 || facts.override_reason === undefined
      ? []
      : [`The gate was overridden: ${facts.override_reason}`];
  return [...doubts, ...overridden, ...unjudged(facts)];
}

/**
 * The state to show: stored `active` means "was switched to once"; the pointer alone says whether it still is, and what
 * is hosted whether it can be called at all.
 */
export function shownState(
  deployment: Deployment,
  activeId: string | null,
  hosted?: Pick<Hosted, "state">,
): DeploymentState {
  const { state } = deployment;
  if (state !== "active") return state;
  if (hosted !== undefined && isGone(hosted.state)) return hosted.state;
  return deployment.id === activeId ? "active" : "superseded";
}
