import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation, ROLES } from "../doors/operation.ts";
import { agentIdSchema, continuationSchema, foundSchema, pagingSchema } from "../doors/schemas.ts";
import { periodShape } from "../doors/times.ts";
import { LOCAL_CALLER } from "./access.ts";
import type { AuditLog } from "./audit.ts";
import { auditRecordSchema, OUTCOMES } from "./contract.ts";

/** The rows that show who changed what, and who the caller is taken for. */
export function identityOperations({
  audit,
  settings,
}: {
  readonly audit: Pick<AuditLog, "list">;
  readonly settings: Pick<Settings, "agentId">;
}) {
  return [
    defineOperation({
      name: "whoAmI",
      summary: "Tells who the caller is taken for, and which roles that person has for an agent.",
      input: z.strictObject({ agent_id: agentIdSchema.default(settings.agentId) }),
      output: z.object({
        agent_id: z.string(),
        principal: z.string().nullable().meta({ description: "The signed-in person; null: nobody known." }),
        identity: z.enum(["local", "key", "person"]),
        roles: z.array(z.string()).meta({ description: "As granted." }),
        may: z.array(z.enum(ROLES)).meta({ description: "Every role held for this agent." }),
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/me" },
      cli: "whoami",
      mcp: ["lightning_who_am_i"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id }, { caller = LOCAL_CALLER }) {
        return {
          body: {
            agent_id,
            principal: caller.person ?? null,
            identity: caller.kind,
            roles: [...caller.roles],
            may: ROLES.filter((role) => caller.may(role, agent_id)),
          },
        };
      },
    }),
    defineOperation({
      name: "listAudit",
      summary: "Lists who changed what of an agent, and who was refused, newest first.",
      input: z.strictObject({
        agent_id: agentIdSchema.default(settings.agentId),
        ...periodShape,
        who: z
          .string()
          .min(1)
          .max(200)
          .optional()
          .meta({ description: "A signed-in person or application." }),
        operation: z
          .string()
          .min(1)
          .max(100)
          .optional()
          .meta({ description: "As promote or startTraining." }),
        outcome: z.enum(OUTCOMES).optional().meta({ description: "Only changes that ended so." }),
        ...pagingSchema,
      }),
      output: z.object({
        agent_id: z.string(),
        audit_found: foundSchema("Records"),
        audit: z.array(auditRecordSchema.omit({ ttl: true })),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/audit" },
      cli: "audit",
      mcp: ["lightning_list_audit"],
      example: { agent_id: "mcp-agents", operation: "promote" },
      async run(input) {
        const { records, continuation } = await audit.list(input);
        return {
          body: {
            agent_id: input.agent_id,
            audit_found: records.length,
            audit: records.map(({ ttl: _ttl, ...record }) => record),
            ...(continuation === undefined ? {} : { continuation }),
          },
        };
      },
    }),
  ];
}
