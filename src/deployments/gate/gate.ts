import type { Settings } from "../../config/settings.ts";
import { conflict, forbidden } from "../../kernel/errors.ts";
import { isSamePerson } from "../../kernel/persons.ts";
import type { SucceededRun } from "../../training/contract.ts";
import type { Deployment } from "../contract.ts";
import { gateDoubt, NEVER_MOVED, type PointerState } from "../rules.ts";
import type { DeploymentStore } from "../store.ts";
import { readWithdrawal, withdrawalText } from "../withdrawals.ts";
import { createGateEvaluations, isProvenWorse } from "./gate-evaluations.ts";
import type { Gate, GatePolicies } from "./policy.ts";

export interface GateQuestion {
  readonly run: SucceededRun;
  readonly evaluation_id?: string | undefined;
  readonly override_reason?: string | undefined;
  /** Who promotes, and who approved it where somebody was asked. */
  readonly promoted_by?: string | undefined;
  readonly approved_by?: string | undefined;
  /** Who started the pipeline, beside who had the model trained. */
  readonly asked_by?: string | undefined;
  readonly mayOverride: boolean;
  /** A deployment made by hand of which nobody can say that it is the run's model. */
  readonly unverified?: string | undefined;
  /** Pipelines always require. */
  readonly demanded?: "require" | undefined;
}

/** What of the judgement stays on the deployment's record. */
export type GateFindings = Pick<
  Deployment,
  | "evaluation_id"
  | "verdict"
  | "verdict_metric"
  | "verdict_grading"
  | "override_reason"
  | "gate_policy"
  | "gate_doubts"
  | "judged_version"
  | "four_eyes"
>;

/** What speaks against a promotion. */
interface Doubt {
  readonly text: string;
  /** Whatever the policy says, an owner has to take it on, with a reason. */
  readonly ownersAlone?: true;
  /** A fresh verdict would lift it. */
  readonly stale?: true;
}

/** What a second look at the switch came to. */
export type AtSwitch =
  | { readonly kind: "fine" }
  | { readonly kind: "doubt"; readonly doubt: string }
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly remedy: string };

export interface Persons {
  /** Who had the model trained, and who started the pipeline if one did. */
  readonly asked: readonly (string | undefined)[];
  readonly decided: string | undefined;
}

/**
 * Two persons must have had a hand in it, and each must be known.
 * @throws conflict `four_eyes_required`
 */
export function demandTwoPersons(agentId: string, { asked, decided }: Persons): void {
  const refuse = (message: string, remedy: string) =>
    conflict("four_eyes_required", `${message} The policy of agent ${agentId} asks for two persons.`, {
      remedy,
      details: { asked: asked.filter((one) => one !== undefined), decided: decided ?? null },
    });
  if (decided === undefined)
    throw refuse(
      "Nobody is named who puts this model into service.",
      "Sign in, or name yourself: promoted_by, or decided_by for a pipeline.",
    );
  if (asked.every((one) => one === undefined))
    throw refuse(
      "It is not known who had this model trained.",
      "Train with requested_by (and force_new, where an equal run exists), or let an owner lift four_eyes.",
    );
  if (asked.some((one) => one !== undefined && isSamePerson(one, decided)))
    throw refuse(
      `${decided} had this model trained and cannot also put it into service.`,
      "Let somebody else promote it.",
    );
}

/** Judges whether a run's model may be put into service, by the agent's policy. */
export function createGate(deps: {
  readonly store: DeploymentStore;
  readonly policies: GatePolicies;
  readonly settings: Pick<Settings, "baseModelDeployment"> &
    Partial<Pick<Settings, "tunedModelDeploymentName">>;
}) {
  const { store, policies } = deps;
  const evaluations = createGateEvaluations(deps);

  /** The evaluation that counts, and all that speaks against the promotion. */
  async function lookInto({ run, evaluation_id, unverified }: GateQuestion, state: PointerState) {
    const { evaluation, fresh } = await evaluations.speaking(run, state, evaluation_id);
    const facts = { evaluation_id: evaluation?.id, verdict: evaluation?.result.verdict };
    const { metric: verdict_metric, grading: verdict_grading } = evaluation ?? {};
    const judged = {
      ...(verdict_metric === undefined ? {} : { verdict_metric }),
      ...(verdict_grading === undefined ? {} : { verdict_grading }),
    };
    const worse = [evaluation, fresh].find((one) => one !== undefined && isProvenWorse(one));
    const stale = evaluation === undefined ? undefined : await evaluations.staleness(run, evaluation, state);
    const withdrawal = await readWithdrawal(store, run.agent_id, run.id);
    const doubts: Doubt[] = [];
    const verdict = gateDoubt(facts);
    if (verdict !== undefined) doubts.push({ text: verdict });
    if (stale !== undefined) doubts.push({ text: stale, stale: true });
    if (worse !== undefined)
      doubts.push({
        text: `The evaluation ${worse.id} shows that it is worse than ${worse.baseline}.`,
        ownersAlone: true,
      });
    if (withdrawal !== undefined) doubts.push({ text: withdrawalText(withdrawal), ownersAlone: true });
    if (unverified !== undefined)
      doubts.push({
        text: `Nobody has verified that the deployment ${unverified} is this run's model.`,
        ownersAlone: true,
      });
    return { facts, judged, doubts };
  }

  /** @throws forbidden `role_missing`; conflict `gate_required`, `override_required` */
  function demandAnswer(
    { run, override_reason, mayOverride }: GateQuestion,
    gate: Gate,
    { facts, doubts }: Awaited<ReturnType<typeof lookInto>>,
  ): void {
    const texts = doubts.map((one) => one.text);
    const agentId = run.agent_id;
    if (override_reason !== undefined) {
      if (mayOverride || doubts.length === 0) return;
      throw forbidden(
        "role_missing",
        `To promote against the gate needs the role owner for agent ${agentId}.`,
        {
          field: "override_reason",
          remedy: "Evaluate the run anew, or let an owner promote it.",
          details: { role: "owner", agent_id: agentId, doubts: texts },
        },
      );
    }
    const details = { run_id: run.id, ...facts, doubts: texts };
    const grave = doubts.filter((one) => one.ownersAlone);
    if (grave.length > 0)
      throw conflict(
        "override_required",
        `${texts.join(" ")} Whatever the gate policy says, only an owner can take that on.`,
        { field: "override_reason", remedy: "Let an owner promote with override_reason.", details },
      );
    if (doubts.length > 0 && gate === "require")
      throw conflict("gate_required", `${texts.join(" ")} The gate policy asks for a passing, fresh one.`, {
        remedy: "Evaluate the run against what serves, or let an owner promote with override_reason.",
        details: { ...details, ...(doubts.every((one) => one.stale) ? { stale: true } : {}) },
      });
  }

  return {
    /**
     * @throws conflict `gate_required`, `override_required`, `four_eyes_required`, `evaluation_not_finished`; forbidden
     * `role_missing` for an override by anybody but an owner; not_found; invalid `evaluation_of_other_run`,
     * `evaluation_of_other_model`
     */
    async judge(question: GateQuestion): Promise<GateFindings> {
      const { run, override_reason, promoted_by, approved_by, demanded } = question;
      const agentId = run.agent_id;
      const policy = await policies.get(agentId);
      const gate: Gate = demanded ?? policy.gate;
      const state = (await store.readPointer(agentId)) ?? NEVER_MOVED;
      const found = await lookInto(question, state);
      demandAnswer(question, gate, found);
      const { facts, judged, doubts } = found;
      const overrides = doubts.length > 0 && override_reason !== undefined;
      const decided = approved_by ?? promoted_by;
      const asked = [run.requested_by, question.asked_by];
      if (policy.four_eyes) demandTwoPersons(agentId, { asked, decided });
      const requested_by = asked.find((one) => one !== undefined);
      return {
        ...(facts.evaluation_id === undefined ? {} : { evaluation_id: facts.evaluation_id }),
        ...(facts.verdict === undefined ? {} : { verdict: facts.verdict }),
        ...judged,
        ...(overrides ? { override_reason } : {}),
        gate_policy: gate,
        judged_version: state.version,
        ...(doubts.length === 0 ? {} : { gate_doubts: doubts.map((one) => one.text) }),
        ...(policy.four_eyes && decided !== undefined && requested_by !== undefined
          ? { four_eyes: { requested_by, decided_by: decided } }
          : {}),
      };
    },

    /**
     * Looks again, at the very state that is about to be changed: hours may have passed since the promotion was
     * judged. Records of earlier versions do not say when that was, and are let through.
     */
    async atSwitch(deployment: Deployment, state: PointerState): Promise<AtSwitch> {
      const { agent_id, training_run_id, judged_version, evaluation_id, gate_doubts = [] } = deployment;
      if (judged_version === undefined || judged_version === state.version) return { kind: "fine" };
      const withdrawal = await readWithdrawal(store, agent_id, training_run_id);
      if (withdrawal !== undefined && withdrawal.version > judged_version)
        return {
          kind: "refused",
          code: "model_withdrawn",
          message: withdrawalText(withdrawal),
          remedy: "An owner can promote it anew with override_reason.",
        };
      const run = await store.readRun(agent_id, training_run_id);
      const evaluation =
        evaluation_id === undefined ? undefined : await store.readEvaluation(agent_id, evaluation_id);
      if (run?.status !== "succeeded" || evaluation?.status !== "finished") return { kind: "fine" };
      const doubt = await evaluations.staleness(run, evaluation, state);
      if (doubt === undefined || gate_doubts.includes(doubt)) return { kind: "fine" };
      if (deployment.gate_policy !== "require" || deployment.override_reason !== undefined)
        return { kind: "doubt", doubt };
      return {
        kind: "refused",
        code: "gate_stale",
        message: doubt,
        remedy: "Evaluate the run against what serves, and promote it again.",
      };
    },
  };
}
