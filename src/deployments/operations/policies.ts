import { z } from "zod";
import type { Settings } from "../../config/settings.ts";
import { claimedName } from "../../doors/kept.ts";
import { defineOperation } from "../../doors/operation.ts";
import { agentOr } from "../../doors/schemas.ts";
import { GATES, type GatePolicies, type GatePolicy, policyRecordSchema } from "../gate/policy.ts";

const policySchema = z.object({
  agent_id: z.string(),
  gate: z.enum(GATES).meta({
    description:
      "What a direct promotion without a passing, fresh evaluation does. Pipelines require one always.",
  }),
  gate_from: z
    .enum(["agent", "setting"])
    .meta({ description: "`setting`: LIGHTNING_GATE_POLICY decides, the agent has no gate of its own." }),
  four_eyes: z.boolean().meta({
    description: "Who promotes must be somebody else than who had the model trained.",
  }),
  version: z.number().int().meta({ description: "0: nothing was ever set for this agent." }),
  changes: z
    .array(policyRecordSchema.shape.changes.element)
    .meta({ description: "What was set, oldest first; nothing while the setting counts." }),
});
const show = ({ changes, ...policy }: GatePolicy) => ({ ...policy, changes: [...changes] });

/** The rows of an agent's policy for promotions. */
export function policyOperations({
  policies,
  settings,
}: {
  readonly policies: GatePolicies;
  readonly settings: Pick<Settings, "agentId">;
}) {
  const agent = { agent_id: agentOr(settings.agentId) };
  return [
    defineOperation({
      name: "getGatePolicy",
      summary: "Shows what an agent's promotions need: a passing evaluation, a second person.",
      input: z.strictObject(agent),
      output: policySchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/deployments/policy" },
      cli: "gate-policy",
      mcp: ["lightning_get_gate_policy"],
      example: { agent_id: "mcp-agents" },
      run: async ({ agent_id }) => ({ body: show(await policies.get(agent_id)) }),
    }),
    defineOperation({
      name: "setGatePolicy",
      summary: "Lays down what an agent's promotions need; what is not named stays as it is.",
      input: z.strictObject({
        ...agent,
        gate: z
          .enum([...GATES, "setting"])
          .optional()
          .meta({ description: "`setting`: back to LIGHTNING_GATE_POLICY." }),
        four_eyes: z.boolean().optional().meta({
          description: "Whether who promotes must be somebody else than who had the model trained.",
        }),
        reason: z
          .string()
          .min(1)
          .max(2000)
          .optional()
          .meta({ description: "Why, as text; stands in the history." }),
        set_by: claimedName(z.string().min(1).max(200))
          .optional()
          .meta({ description: "Who sets it; a signed-in person's name goes before it." }),
      }),
      output: policySchema.extend({ success: z.boolean() }),
      role: "owner",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/deployments/policy" },
      answers: { changes: "/deployments/policy" },
      cli: "set-gate-policy",
      mcp: ["lightning_set_gate_policy"],
      example: { agent_id: "mcp-agents", gate: "require", four_eyes: true, reason: "It answers customers" },
      async run({ set_by, ...input }, { principal }) {
        const policy = await policies.set({ ...input, by: principal ?? set_by });
        return { body: { ...show(policy), success: true } };
      },
    }),
  ];
}
