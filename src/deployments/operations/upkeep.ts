import { z } from "zod";
import type { Settings } from "../../config/settings.ts";
import { withoutUnknown } from "../../doors/known.ts";
import { defineOperation } from "../../doors/operation.ts";
import { agentOr, idSchema, jsonSchema, olderThanDaysSchema, storedTimeSchema } from "../../doors/schemas.ts";
import { PROMOTE_MODEL } from "../contract.ts";
import type { DeploymentUpkeep } from "../upkeep/upkeep.ts";

export interface UpkeepOperationsDeps {
  readonly upkeep: DeploymentUpkeep;
  readonly settings: Pick<Settings, "agentId"> & Partial<Pick<Settings, "cleanUpAfterDays">>;
}

const names = z.array(z.string());
const days = z.number().int().optional().meta({ description: "Absent: no dated source says it." });
const date = z.string().meta({ description: "A date, or `unknown` where no dated source says one." });

const retirementsSchema = z.object({
  agent_id: z.string(),
  bases: z.array(
    z.object({
      model: z.string(),
      lifecycle: z.string(),
      base_retires: date,
      training_retires: date,
      deployment_retires: date,
      days_until_training_ends: days,
      days_until_answers_end: days,
      configured: z.boolean(),
      sources: z.array(z.object({ source: z.string(), as_of: z.string() })),
    }),
  ),
  runs: z.array(
    z.object({
      run_id: idSchema,
      base_model: z.string(),
      tuned_model: z.string(),
      retires: date,
      days_left: days,
    }),
  ),
  deployments: z.array(
    z.object({
      deployment_id: idSchema,
      run_id: idSchema,
      deployment_name: z.string(),
      base_model: z.string(),
      retires: date,
      days_left: days,
      is_active: z.boolean(),
    }),
  ),
  plan: z.array(
    z.object({
      replaces: z.string(),
      base_model: z.string(),
      training_retires: date,
      estimated_usd: z.number().optional().meta({ description: "Absent: nobody can say." }),
      estimated_from: z.string(),
      gate: z.string(),
      request: z
        .object({
          agent_id: z.string(),
          name: z.string(),
          dataset_id: z.string(),
          training: z.object({ base_model: z.string(), grader: jsonSchema.optional() }),
          evaluation: z.object({ baseline: z.literal("active") }),
        })
        .meta({ description: "Body of POST /pipelines, which trains, evaluates and promotes." }),
    }),
  ),
});

/** The rows that keep the provider's side in order. */
export function upkeepOperations({ upkeep, settings }: UpkeepOperationsDeps) {
  return [
    defineOperation({
      name: "reconcileDeployments",
      summary:
        "Compares the registry with what the provider hosts, keeps what serves awake, and brings back an active model that was removed.",
      input: z.strictObject({}),
      output: z.object({
        success: z.boolean(),
        compared: z.boolean(),
        seen: z.number().int(),
        lost: names,
        returning: z.array(z.object({ agent_id: z.string(), id: idSchema, deployment_name: z.string() })),
        found: names,
        kept_awake: names,
        not_answering: names,
        expiring: names,
        unknown: names,
      }),
      role: "releaser",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/deployments/reconcile" },
      cli: "reconcile-deployments",
      mcp: ["lightning_reconcile_deployments"],
      example: {},
      async run(_input, { orchestrations }) {
        const result = await upkeep.reconciler.reconcile();
        for (const { agent_id, id } of result.returning)
          await orchestrations.start(PROMOTE_MODEL, { agent_id, id });
        return {
          body: {
            success: true,
            ...result,
            lost: [...result.lost],
            returning: [...result.returning],
            found: [...result.found],
            kept_awake: [...result.kept_awake],
            not_answering: [...result.not_answering],
            expiring: [...result.expiring],
            unknown: [...result.unknown],
          },
        };
      },
    }),
    defineOperation({
      name: "cleanUpDeployments",
      summary:
        "Removes hosted models that nothing needs any more; a dry run, which is the default, only lists them.",
      input: z.strictObject({
        older_than_days: olderThanDaysSchema(
          settings.cleanUpAfterDays,
          "Only what was made at least this many days ago.",
        ),
        dry_run: z.boolean().default(true).meta({ description: "Only list what would go" }),
      }),
      output: z.object({
        success: z.boolean(),
        dry_run: z.boolean(),
        older_than_days: z.number().int(),
        removed: z.array(
          z.object({
            agent_id: z.string(),
            deployment_name: z.string(),
            training_run_id: z.string(),
            requested_at: storedTimeSchema,
            usd_an_hour: z.number().optional().meta({ description: "Absent: no dated source says it." }),
          }),
        ),
        not_removed: z.array(z.object({ deployment_name: z.string(), reason: z.string() })),
      }),
      role: "owner",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/deployments/clean-up" },
      cli: "clean-up-deployments",
      mcp: ["lightning_clean_up_deployments"],
      example: { older_than_days: 14, dry_run: true },
      async run({ older_than_days, dry_run }) {
        const result = await upkeep.cleanUp(older_than_days, dry_run);
        return {
          body: {
            success: result.not_removed.length === 0,
            ...result,
            removed: result.removed.map((one) => withoutUnknown(one, ["usd_an_hour"])),
            not_removed: [...result.not_removed],
          },
        };
      },
    }),
    defineOperation({
      name: "listRetirements",
      summary:
        "Lists when the agent's base models, runs and deployments end, and what could be trained instead.",
      input: z.strictObject({ agent_id: agentOr(settings.agentId) }),
      output: retirementsSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/retirements" },
      cli: "retirements",
      mcp: ["lightning_list_retirements"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id }) {
        const { bases, runs, deployments, plan } = await upkeep.retirements(agent_id);
        return {
          body: {
            agent_id,
            bases: bases.map((one) => ({
              ...withoutUnknown(one, ["days_until_training_ends", "days_until_answers_end"]),
              sources: [...one.sources],
            })),
            runs: runs.map((one) => withoutUnknown(one, ["days_left"])),
            deployments: deployments.map((one) => withoutUnknown(one, ["days_left"])),
            plan: plan.map((one) => withoutUnknown(one, ["estimated_usd"])),
          },
        };
      },
    }),
  ];
}
