import { z } from "zod";
import type { Settings } from "../../config/settings.ts";
import { storedTimeSchema } from "../../doors/schemas.ts";
import { type Clock, toIso } from "../../kernel/clock.ts";
import { invalid, preconditionFailed } from "../../kernel/errors.ts";
import { bare, type Ledger } from "../../ledger/ledger.ts";
import { createOrReplace, retryRaces } from "../../ledger/races.ts";

export const GATES = ["warn", "require"] as const;
export type Gate = (typeof GATES)[number];

const changeSchema = z.object({
  gate: z.enum(GATES).optional().meta({ description: "Absent: LIGHTNING_GATE_POLICY decides." }),
  four_eyes: z.boolean(),
  by: z.string().optional(),
  reason: z.string().optional(),
  at: storedTimeSchema,
});
/** What an owner has laid down for an agent's promotions; the newest change is in force. */
export const policyRecordSchema = z.object({
  id: z.literal("gate-policy"),
  type: z.literal("gate_policy"),
  agent_id: z.string(),
  version: z.number().int(),
  changes: z
    .array(changeSchema)
    .min(1)
    .meta({ description: "Oldest first; of very many changes the newest hundred." }),
  created_at: storedTimeSchema,
});
type PolicyRecord = z.output<typeof policyRecordSchema>;
type PolicyChange = z.output<typeof changeSchema>;

/** What holds for an agent's promotions now. */
export interface GatePolicy {
  readonly agent_id: string;
  /** What a direct promotion without a passing, fresh evaluation does; pipelines require one always. */
  readonly gate: Gate;
  /** Who promotes must be somebody else than who had the model trained. */
  readonly four_eyes: boolean;
  /** `setting`: the agent has no gate of its own, LIGHTNING_GATE_POLICY decides. */
  readonly gate_from: "agent" | "setting";
  /** 0: never set for this agent. */
  readonly version: number;
  readonly changes: readonly PolicyChange[];
}

export interface SetPolicy {
  readonly agent_id: string;
  /** `setting`: back to LIGHTNING_GATE_POLICY. Absent: as it is. */
  readonly gate?: Gate | "setting" | undefined;
  readonly four_eyes?: boolean | undefined;
  readonly reason?: string | undefined;
  readonly by?: string | undefined;
}

const ID = "gate-policy";
const CHANGES_KEPT = 100;

export type GatePolicies = ReturnType<typeof createGatePolicies>;

/** The policy of each agent's promotions, beside its pointer. */
export function createGatePolicies(deps: {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "gatePolicy">;
  readonly clock: Clock;
}) {
  const { ledger, settings, clock } = deps;
  const read = (agentId: string) => ledger.read<PolicyRecord>("deployments", [agentId], ID);

  function show(agentId: string, record: Pick<PolicyRecord, "version" | "changes"> | undefined): GatePolicy {
    const now = record?.changes.at(-1);
    return {
      agent_id: agentId,
      gate: now?.gate ?? settings.gatePolicy,
      four_eyes: now?.four_eyes ?? false,
      gate_from: now?.gate === undefined ? "setting" : "agent",
      version: record?.version ?? 0,
      changes: record?.changes ?? [],
    };
  }

  return {
    get: async (agentId: string): Promise<GatePolicy> => show(agentId, await read(agentId)),

    /**
     * Lays down a policy; what is not named stays. What is so already is not written again.
     * @throws invalid `nothing_to_set`; precondition `policy_moved` when others keep changing it
     */
    async set({ agent_id, gate, four_eyes, reason, by }: SetPolicy): Promise<GatePolicy> {
      if (gate === undefined && four_eyes === undefined)
        throw invalid("nothing_to_set", "Nothing was named that the policy should be.", {
          field: "gate",
          remedy: "Give gate, four_eyes, or both.",
        });
      const once = async (): Promise<GatePolicy> => {
        const stored = await read(agent_id);
        const before = stored?.changes.at(-1);
        const wanted = gate === undefined ? before?.gate : gate === "setting" ? undefined : gate;
        const eyes = four_eyes ?? before?.four_eyes ?? false;
        if (before?.gate === wanted && (before?.four_eyes ?? false) === eyes) return show(agent_id, stored);
        const now = toIso(clock.now());
        const change: PolicyChange = {
          ...(wanted === undefined ? {} : { gate: wanted }),
          four_eyes: eyes,
          ...(by === undefined ? {} : { by }),
          ...(reason === undefined ? {} : { reason }),
          at: now,
        };
        const next: PolicyRecord = {
          id: ID,
          type: "gate_policy",
          agent_id,
          version: (stored?.version ?? 0) + 1,
          changes: [...(stored === undefined ? [] : bare(stored).changes), change].slice(-CHANGES_KEPT),
          created_at: stored?.created_at ?? now,
        };
        await createOrReplace(ledger, "deployments", stored, next);
        return show(agent_id, next);
      };
      return retryRaces(once, {
        contended: (cause) =>
          preconditionFailed("policy_moved", "Others keep changing the policy of this agent.", {
            remedy: "Look at it and repeat the request if it is still wanted.",
            cause,
          }),
      });
    },
  };
}
