import { z } from "zod";
import type { RecordRef } from "../../doors/claim.ts";
import { idSchema, storedTimeSchema } from "../../doors/schemas.ts";
import type { RecordKind } from "../../ledger/records.ts";
import { HOSTED_STATES } from "../status.ts";

/**
 * A tuned model made callable at the provider, one for each run: promotions, evaluations and rollbacks of the same run
 * share it. `lost`: Azure removed it, after fifteen idle days or a developer deployment's 24 hours.
 */
export const hostedSchema = z.object({
  id: idSchema.meta({ description: "`hosted-` and the deployment's name." }),
  type: z.literal("hosted"),
  agent_id: z.string(),
  deployment_name: z.string(),
  training_run_id: z.string(),
  tuned_model_name: z.string(),
  format: z.string(),
  sku: z.string(),
  capacity: z.number().int(),
  state: z.enum(HOSTED_STATES),
  operation: z.string().optional().meta({ description: "The operation at Azure that makes it." }),
  requested_at: storedTimeSchema.meta({ description: "When it was last asked for." }),
  ready_at: storedTimeSchema.optional(),
  gone_at: storedTimeSchema
    .optional()
    .meta({ description: "When it was last seen gone, or its removal begun." }),
  remade_for: z.string().optional().meta({
    description:
      "The promotion or evaluation for which it was removed and created again; each may do that once.",
  }),
  pruned: z
    .array(z.string())
    .optional()
    .meta({ description: "Deployments that were removed to make room for this one." }),
  error: z.string().optional(),
  created_at: storedTimeSchema,
});
type StoredHosted = z.output<typeof hostedSchema>;

/** What something hosted has in every state. */
export interface HostedFacts extends Omit<StoredHosted, "state" | "error"> {}
/** On its way. */
export interface ComingHosted extends HostedFacts {
  state: "requested" | "provisioning" | "probing";
  readonly error?: never;
}
export interface ReadyHosted extends HostedFacts {
  state: "ready";
  ready_at: string;
  readonly error?: never;
}
export interface GoneHosted extends HostedFacts {
  state: "draining" | "deleted" | "lost";
  gone_at: string;
  readonly error?: never;
}
export interface FailedHosted extends HostedFacts {
  state: "failed";
  error: string;
}
/** A hosted model: what its state promises is there. */
export type Hosted = ComingHosted | ReadyHosted | GoneHosted | FailedHosted;

/** Documents of earlier versions may lack what a state has today: it is filled in when they are read. */
function completeHosted(document: object): Hosted {
  const { state, error, ...facts } = document as StoredHosted;
  if (state === "failed") return { ...facts, state, error: error ?? "The record does not say why." };
  if (state === "ready") return { ...facts, state, ready_at: facts.ready_at ?? facts.requested_at };
  if (state === "draining" || state === "deleted" || state === "lost")
    return { ...facts, state, gone_at: facts.gone_at ?? facts.requested_at };
  return { ...facts, state };
}

/** What is hosted, in the ledger. */
export const HOSTED: RecordKind<Hosted> = {
  container: "deployments",
  type: "hosted",
  complete: completeHosted,
};

/** Work on what is hosted, and for whom: a deployment's or an evaluation's id. */
export interface HostedRef extends RecordRef {
  readonly wanted_by: string;
}
