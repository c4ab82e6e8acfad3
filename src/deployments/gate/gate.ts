import type { Settings } from "../../config/settings.ts";
import { noSuchRecord } from "../../doors/no-such-record.ts";
import type { Evaluation } from "../../evaluation/contract.ts";
import { conflict, forbidden, invalid } from "../../kernel/errors.ts";
import type { TrainingRun } from "../../training/contract.ts";
import type { Deployment } from "../contract.ts";
import { gateDoubt, isSamePerson } from "../rules.ts";
import type { DeploymentStore } from "../store.ts";
import type { Gate, GatePolicies } from "./policy.ts";

export interface GateQuestion {
  readonly run: TrainingRun;
  readonly evaluation_id?: string | undefined;
  readonly override_reason?: string | undefined;
  /** Who promotes, and who approved it where somebody was asked. */
  readonly promoted_by?: string | undefined;
  readonly approved_by?: string | undefined;
  /** Who started the pipeline, beside who had the model trained. */
  readonly asked_by?: string | undefined;
  readonly mayOverride: boolean;
  /** Pipelines always require. */
  readonly demanded?: "require" | undefined;
}

/** What of the judgement stays on the deployment's record. */
export type GateFindings = Pick<
  Deployment,
  "evaluation_id" | "verdict" | "override_reason" | "gate_policy" | "gate_doubts" | "four_eyes"
>;

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
  readonly settings: Pick<Settings, "baseModelDeployment" | "baseModel">;
}) {
  const { store, policies, settings } = deps;

  /** The evaluation that speaks for the run: the one named, else the newest finished one. */
  async function evaluationFor(agentId: string, runId: string, id?: string): Promise<Evaluation | undefined> {
    if (id === undefined) return store.newestEvaluation(agentId, runId);
    const evaluation = await store.readEvaluation(agentId, id);
    if (evaluation === undefined) throw noSuchRecord("evaluation", agentId, id);
    if (evaluation.run_id !== runId)
      throw invalid("evaluation_of_other_run", `Evaluation ${id} did not judge training run ${runId}.`, {
        field: "evaluation_id",
      });
    if (evaluation.status !== "finished")
      throw conflict("evaluation_not_finished", `Evaluation ${id} is ${evaluation.status}.`, {
        field: "evaluation_id",
        remedy: "Wait until the evaluation has finished.",
      });
    return evaluation;
  }

  /**
   * Whether what it compared with is no longer what its baseline means: another model serves now, or another base is
   * set. A model that was named keeps its meaning.
   */
  async function staleness(run: TrainingRun, evaluation: Evaluation): Promise<string | undefined> {
    const { id, baseline, baseline_asked } = evaluation;
    if (baseline_asked !== "active" && baseline_asked !== "base") return undefined;
    let now = settings.baseModelDeployment ?? run.base_model;
    if (baseline_asked === "active") {
      const pointer = await store.readPointer(run.agent_id);
      if (pointer?.deployment_id && pointer.deployment_name) {
        const active = await store.readDeployment(run.agent_id, pointer.deployment_id);
        // The candidate itself serves: nothing that it was not compared with would be replaced.
        if (active?.training_run_id === run.id) return undefined;
        now = pointer.deployment_name;
      }
    }
    return now === baseline
      ? undefined
      : `The evaluation ${id} is stale: it compared with ${baseline}, and ${now} has taken its place since.`;
  }

  return {
    /**
     * @throws conflict `gate_required`, `four_eyes_required`, `evaluation_not_finished`; forbidden `role_missing` for an
     * override by anybody but an owner; not_found; invalid `evaluation_of_other_run`
     */
    async judge(question: GateQuestion): Promise<GateFindings> {
      const { run, override_reason, promoted_by, approved_by, demanded } = question;
      const agentId = run.agent_id;
      const policy = await policies.get(agentId);
      const gate: Gate = demanded ?? policy.gate;
      const evaluation = await evaluationFor(agentId, run.id, question.evaluation_id);
      const facts = { evaluation_id: evaluation?.id, verdict: evaluation?.result?.verdict };
      const doubts = [
        gateDoubt(facts),
        evaluation === undefined ? undefined : await staleness(run, evaluation),
      ].filter((one) => one !== undefined);
      const overrides = doubts.length > 0 && override_reason !== undefined;
      if (overrides && !question.mayOverride)
        throw forbidden(
          "role_missing",
          `To promote against the gate needs the role owner for agent ${agentId}.`,
          {
            field: "override_reason",
            remedy: "Evaluate the run anew, or let an owner promote it.",
            details: { role: "owner", agent_id: agentId, doubts },
          },
        );
      if (doubts.length > 0 && gate === "require" && !overrides)
        throw conflict(
          "gate_required",
          `${doubts.join(" ")} The gate policy asks for a passing, fresh one.`,
          {
            remedy: "Evaluate the run, or let an owner promote with override_reason.",
            details: { run_id: run.id, ...facts, doubts },
          },
        );
      const decided = approved_by ?? promoted_by;
      const asked = [run.requested_by, question.asked_by];
      if (policy.four_eyes) demandTwoPersons(agentId, { asked, decided });
      const requested_by = asked.find((one) => one !== undefined);
      return {
        ...(facts.evaluation_id === undefined ? {} : { evaluation_id: facts.evaluation_id }),
        ...(facts.verdict === undefined ? {} : { verdict: facts.verdict }),
        ...(overrides ? { override_reason } : {}),
        gate_policy: gate,
        ...(doubts.length === 0 ? {} : { gate_doubts: doubts }),
        ...(policy.four_eyes && decided !== undefined && requested_by !== undefined
          ? { four_eyes: { requested_by, decided_by: decided } }
          : {}),
      };
    },
  };
}
