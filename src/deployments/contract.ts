import { z } from "zod";
import type { Claim, ClaimInput, FailInput, RecordRef } from "../doors/claim.ts";
import { claimedName, modelName } from "../doors/kept.ts";
import { type Orchestration, recordInstance } from "../doors/orchestration.ts";
import { agentIdSchema, idSchema, storedTimeSchema, takenUpSchema } from "../doors/schemas.ts";
import type { RecordKind } from "../ledger/records.ts";
import type { HostedRef } from "./hosted/contract.ts";
import {
  DEPLOYMENT_STATES,
  type DeploymentState,
  isOpenState,
  OPEN_DEPLOYMENT_STATES,
  type OpenDeploymentState,
} from "./status.ts";

export { DEPLOYMENT_STATES } from "./status.ts";

export const promoteInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  run_id: idSchema.meta({ description: "The succeeded training run whose model is promoted." }),
  promoted_by: claimedName(z.string().max(200))
    .optional()
    .meta({ description: "Who promotes; a signed-in person's name goes before it" }),
  evaluation_id: idSchema.optional().meta({
    description:
      "The evaluation that justifies it; absent: the newest finished one of the run against what serves",
  }),
  override_reason: z.string().min(1).max(2000).optional().meta({
    description:
      "Why it is promoted although something speaks against it (no passing, fresh evaluation; shown to be worse; withdrawn before; unverified): owners only; shows in lineage for ever",
  }),
  deployment_name: modelName(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/))
    .optional()
    .meta({
      description:
        "A deployment that an operator has made by hand of this run's model; where that cannot be read, an owner and override_reason are needed",
    }),
  prune: z.enum(["no", "oldest_inactive"]).optional().meta({
    description: "When Azure has no room for another deployment: remove the oldest that no longer serves",
  }),
});

/** What is asked of a promotion, by a person or by a pipeline. */
export interface PromoteRequest {
  readonly agent_id: string;
  readonly run_id: string;
  readonly promoted_by?: string | undefined;
  readonly evaluation_id?: string | undefined;
  readonly override_reason?: string | undefined;
  readonly deployment_name?: string | undefined;
  readonly prune?: "no" | "oldest_inactive" | undefined;
  /** For a pipeline: who started it, and who approved its promotion. */
  readonly asked_by?: string | undefined;
  readonly approved_by?: string | undefined;
}

/** Why a promotion failed, in a form that a door can answer with. */
export const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  candidates: z
    .array(z.string())
    .optional()
    .meta({ description: "For `deployment_quota`: the deployments that could make room, oldest first." }),
});
export type DeploymentFailure = z.output<typeof failureSchema>;

/**
 * A promotion as a document: flat, so that documents of every version can be read. Whether it serves now is derived
 * from the pointer when it is read. What the program works with is `Deployment`.
 */
export const deploymentSchema = z.object({
  id: idSchema,
  type: z.literal("deployment"),
  agent_id: z.string(),
  training_run_id: z.string(),
  dataset_id: z.string().optional(),
  tuned_model_name: z.string(),
  deployment_name: z
    .string()
    .meta({ description: "What a call names; the model's own name where no deployment is needed." }),
  evaluation_id: z.string().optional(),
  verdict: z.string().optional(),
  verdict_metric: z.string().optional().meta({
    description:
      "What the verdict judged right, and by which version of the rules; earlier versions did not keep it.",
  }),
  verdict_grading: z.number().int().optional(),
  override_reason: z.string().optional(),
  gate_policy: z.enum(["warn", "require"]).optional().meta({
    description:
      "The policy that held when it was asked for, what spoke against it then, and the two persons where two were asked for.",
  }),
  gate_doubts: z.array(z.string()).optional(),
  four_eyes: z.object({ requested_by: z.string(), decided_by: z.string() }).optional(),
  judged_version: z.number().int().optional().meta({
    description:
      "The pointer's version when it was judged: what has changed since is looked at again at the switch.",
  }),
  deployment_unverified: z.literal(true).optional().meta({
    description:
      "Made by hand, and nobody could read which model stands behind it: an owner answered for it.",
  }),
  state: z.enum(DEPLOYMENT_STATES),
  error: z.string().optional(),
  failure: failureSchema.optional(),
  hosted_id: z
    .string()
    .optional()
    .meta({ description: "What is hosted under `deployment_name`, where this app makes it." }),
  prune: z.enum(["no", "oldest_inactive"]).optional(),
  restores: z.string().optional().meta({
    description:
      "A rollback, or the return of what Azure removed: the earlier deployment of the same model whose place it takes.",
  }),
  restores_over: z.string().nullable().optional().meta({
    description:
      "What was active when the return was asked for: if that has changed, nobody may want it any more.",
  }),
  reason: z.string().optional(),
  claimed_by: z.string().optional(),
  taken_up: takenUpSchema.optional(),
  promoted_by: z.string().optional(),
  approved_by: z
    .string()
    .optional()
    .meta({ description: "Who approved it in a pipeline that waited for that." }),
  promoted_at: storedTimeSchema.optional(),
  created_at: storedTimeSchema,
});
type StoredDeployment = z.output<typeof deploymentSchema>;

/** What a promotion has in every state. */
export interface DeploymentFacts
  extends Omit<StoredDeployment, "state" | "error" | "failure" | "promoted_at"> {}
export interface OpenDeployment extends DeploymentFacts {
  state: OpenDeploymentState;
  /** What is in its way: the promotion fails of it unless somebody acts. */
  failure?: DeploymentFailure | undefined;
  readonly error?: never;
  readonly promoted_at?: never;
}
export interface ActiveDeployment extends DeploymentFacts {
  state: "active";
  promoted_at: string;
  readonly failure?: never;
  readonly error?: never;
}
export interface FailedDeployment extends DeploymentFacts {
  state: "failed";
  error: string;
  /** Promotions of earlier versions have none. */
  failure?: DeploymentFailure | undefined;
  readonly promoted_at?: never;
}
/** One promotion: what its state promises is there. */
export type Deployment = OpenDeployment | ActiveDeployment | FailedDeployment;

/** Documents of earlier versions may lack what a state has today: it is filled in when they are read. */
function completeDeployment(document: object): Deployment {
  const { state, error, failure, promoted_at, ...facts } = document as StoredDeployment;
  const why = failure === undefined ? {} : { failure };
  if (state === "failed")
    return { ...facts, state, error: error ?? failure?.message ?? "The record does not say why.", ...why };
  if (isOpenState(state)) return { ...facts, state, ...why };
  return { ...facts, state: "active", promoted_at: promoted_at ?? facts.created_at };
}

/** Promotions in the ledger. */
export const DEPLOYMENTS: RecordKind<Deployment> = {
  container: "deployments",
  type: "deployment",
  complete: completeDeployment,
  underWay: { field: "state", values: OPEN_DEPLOYMENT_STATES },
};

/**
 * The one document that decides the active model; id `active`. `stack` holds what really served, newest last; the
 * bottom is the base model and is not in it. Changed only under if-match, in one batch with its history event.
 */
export const pointerSchema = z.object({
  id: z.literal("active"),
  type: z.literal("pointer"),
  agent_id: z.string(),
  deployment_id: z
    .string()
    .nullable()
    .meta({ description: "The active deployment, or null for the base model." }),
  deployment_name: z.string().nullable(),
  stack: z.array(z.object({ deployment_id: z.string(), deployment_name: z.string() })),
  version: z.number().int(),
  updated_at: storedTimeSchema,
  created_at: storedTimeSchema,
});
export type Pointer = z.output<typeof pointerSchema>;

/** The pointers in the ledger. */
export const POINTERS: RecordKind<Pointer> = {
  container: "deployments",
  type: "pointer",
  complete: (document) => document as Pointer,
};

export const deploymentEventSchema = z.object({
  id: idSchema,
  type: z.literal("event"),
  agent_id: z.string(),
  what: z.enum(["promoted", "rolled_back", "deactivated"]),
  from: z.string().nullable(),
  to: z.string().nullable(),
  withdrawn: z.array(z.string()).optional().meta({
    description: "Of a rollback or deactivation: the deployments whose models it took out of service.",
  }),
  by: z.string().optional(),
  reason: z.string().optional(),
  version: z.number().int().meta({ description: "The pointer's version after the event." }),
  created_at: storedTimeSchema,
});
export type DeploymentEvent = z.output<typeof deploymentEventSchema>;

/** The history of the pointers in the ledger. */
export const DEPLOYMENT_EVENTS: RecordKind<DeploymentEvent> = {
  container: "deployments",
  type: "event",
  complete: (document) => document as DeploymentEvent,
};

type Failed = {
  kind: "failed";
  code: string;
  message: string;
  /** Removing it and creating it again may help. */
  remake: boolean;
};

export interface PromotionResult {
  status: "active" | "failed";
  /** Why it failed, where a pipeline can do something about it. */
  code?: "gate_stale" | undefined;
  deployment_name?: string | undefined;
  error?: string | undefined;
}
export const PROMOTE_MODEL: Orchestration<"promoteModel", RecordRef, PromotionResult> = {
  name: "promoteModel",
  instanceId: recordInstance,
};

/** The durable steps of `promoteModel`; each can run again without harm. */
export interface DeploymentActivities {
  /** `hosted_id`: the model is to be made callable first. */
  claimDeployment(input: ClaimInput): Promise<Claim & { hosted_id?: string | undefined }>;
  readDeploymentStatus(input: RecordRef): Promise<{ state: DeploymentState; error?: string | undefined }>;
  /** Asks for the deployment at the provider, or looks how far it is; never waits for it. */
  provisionHosted(
    input: HostedRef,
  ): Promise<{ kind: "made" } | { kind: "making"; look_again_seconds: number } | Failed>;
  /** A tiny completion: ARM's `Succeeded` does not mean that it answers. */
  probeHosted(input: HostedRef): Promise<{ kind: "ready" } | { kind: "not_ready" } | Failed>;
  /** Begins to remove what does not answer, so that it can be created again. */
  remakeHosted(input: HostedRef): Promise<null>;
  /** A tiny completion: whether the deployment really answers. */
  probeDeployment(
    input: RecordRef,
  ): Promise<{ kind: "ready" } | { kind: "not_ready" } | { kind: "failed"; code: string; message: string }>;
  /** Pointer and history event in one batch, once per deployment. */
  switchPointer(
    input: RecordRef,
  ): Promise<
    { kind: "switched"; deployment_name: string } | { kind: "refused"; code: string; message: string }
  >;
  failDeployment(input: FailInput): Promise<null>;
}
