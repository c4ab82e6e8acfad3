import { z } from "zod";
import type { Claim, ClaimInput, FailInput, RecordRef } from "../kernel/claim.ts";
import { agentIdSchema, idSchema, storedTimeSchema } from "../kernel/schemas.ts";

export const promoteInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  run_id: idSchema,
  promoted_by: z.string().max(200).optional(),
  /** The evaluation that justifies it; absent: the newest finished one of the run. */
  evaluation_id: idSchema.optional(),
  /** Promote although the agent's gate policy asks for a passing evaluation; shows in lineage for ever. */
  override_reason: z.string().min(1).max(2000).optional(),
  /** A deployment that an operator made, where the model name itself cannot be called. */
  deployment_name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .optional(),
});

export const DEPLOYMENT_STATES = ["requested", "probing", "ready", "active", "superseded", "failed"] as const;

/** One promotion. Whether it is active is derived from the pointer when it is read. */
export const deploymentSchema = z.object({
  id: idSchema,
  type: z.literal("deployment"),
  agent_id: z.string(),
  training_run_id: z.string(),
  dataset_id: z.string().optional(),
  tuned_model_name: z.string(),
  /** What a call names; the model's own name where no deployment is needed. */
  deployment_name: z.string(),
  evaluation_id: z.string().optional(),
  verdict: z.string().optional(),
  override_reason: z.string().optional(),
  state: z.enum(DEPLOYMENT_STATES),
  error: z.string().optional(),
  claimed_by: z.string().optional(),
  promoted_by: z.string().optional(),
  promoted_at: storedTimeSchema.optional(),
  created_at: storedTimeSchema,
});
export type Deployment = z.output<typeof deploymentSchema>;

/**
 * The one document that decides the active model; id `active`. `stack` holds what really served, newest last; the
 * bottom is the base model and is not in it. Changed only under if-match, in one batch with its history event.
 */
export const pointerSchema = z.object({
  id: z.literal("active"),
  type: z.literal("pointer"),
  agent_id: z.string(),
  /** The active deployment, or null for the base model. */
  deployment_id: z.string().nullable(),
  deployment_name: z.string().nullable(),
  stack: z.array(z.object({ deployment_id: z.string(), deployment_name: z.string() })),
  version: z.number().int(),
  updated_at: storedTimeSchema,
  created_at: storedTimeSchema,
});
export type Pointer = z.output<typeof pointerSchema>;

export const deploymentEventSchema = z.object({
  id: idSchema,
  type: z.literal("event"),
  agent_id: z.string(),
  what: z.enum(["promoted", "rolled_back", "deactivated"]),
  from: z.string().nullable(),
  to: z.string().nullable(),
  by: z.string().optional(),
  reason: z.string().optional(),
  /** The pointer's version after the event. */
  version: z.number().int(),
  created_at: storedTimeSchema,
});
export type DeploymentEvent = z.output<typeof deploymentEventSchema>;

/** The durable steps of `promoteModel`; each can run again without harm. */
export interface DeploymentActivities {
  claimDeployment(input: ClaimInput): Promise<Claim>;
  readDeploymentStatus(input: RecordRef): Promise<{ state: Deployment["state"]; error?: string | undefined }>;
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
