import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { keptExact } from "../doors/kept.ts";
import { defineOperation, ROLES } from "../doors/operation.ts";
import { agentOr, continuationSchema, foundSchema, pagingSchema } from "../doors/schemas.ts";
import { periodShape } from "../doors/times.ts";
import { readPerson } from "../kernel/persons.ts";
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
      input: z.strictObject({ agent_id: agentOr(settings.agentId) }),
      output: z.object({
        agent_id: z.string(),
        principal: z
          .string()
          .nullable()
          .meta({ description: "The signed-in person as records name it; null: nobody known." }),
        name: z.string().optional().meta({ description: "The person's name alone." }),
        object_id: z
          .string()
          .optional()
          .meta({ description: "Object id in Microsoft Entra ID, which tells persons apart." }),
        identity: z.enum(["local", "key", "person"]),
        roles: z.array(z.string()).meta({ description: "As granted." }),
        may: z.array(z.enum(ROLES)).meta({ description: "Every role held for this agent." }),
      }),
      role: "reader",
      // Who has no role yet learns here under which name and id to ask for one.
      open: true,
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/me" },
      cli: "whoami",
      mcp: ["lightning_who_am_i"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id }, { caller = LOCAL_CALLER }) {
        const { name, id } = caller.person === undefined ? {} : readPerson(caller.person);
        return {
          body: {
            agent_id,
            principal: caller.person ?? null,
            ...(name === undefined ? {} : { name }),
            ...(id === undefined ? {} : { object_id: id }),
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
        agent_id: agentOr(settings.agentId),
        ...periodShape,
        who: keptExact("persons are found by it", z.string().min(1).max(200)).optional().meta({
          description:
            "A signed-in person or application: a name, or `name (object id)` as records say it, which finds that account whatever its name.",
        }),
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
