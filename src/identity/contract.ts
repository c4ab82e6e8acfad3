import { z } from "zod";
import { idSchema, storedTimeSchema } from "../doors/schemas.ts";

/** How an operation that changes something ended. `refused`: the caller lacked the role. */
export const OUTCOMES = ["done", "failed", "refused"] as const;

/** One document the operation itself wrote; what an orchestration does later stands in its own records. */
export const auditWriteSchema = z.object({
  container: z.string(),
  id: z.string(),
  before_etag: z.string().optional().meta({ description: "The version it demanded to find." }),
  after_etag: z.string().optional().meta({ description: "The version it left." }),
});

/** One line of the audit: written once, never changed. */
export const auditRecordSchema = z.object({
  id: idSchema,
  type: z.literal("audit"),
  agent_id: z.string(),
  created_at: storedTimeSchema,
  who: z
    .string()
    .optional()
    .meta({ description: "The signed-in person or application; absent: nobody known." }),
  who_id: z.string().optional().meta({
    description:
      "Their object id: a name may be changed, or be that of two. Absent on records of earlier versions.",
  }),
  identity: z.enum(["local", "key", "person"]),
  roles: z.array(z.string()),
  door: z.enum(["rest", "mcp", "sdk"]),
  operation: z.string(),
  effect: z.enum(["write", "destroy"]),
  outcome: z.enum(OUTCOMES),
  status: z.number().int().optional().meta({ description: "The HTTP status of the answer." }),
  code: z.string().optional().meta({ description: "The error's code." }),
  agents_named: z
    .number()
    .int()
    .optional()
    .meta({ description: "How many agents a refused call named, where it was more than one." }),
  ids: z
    .record(z.string(), z.string())
    .meta({ description: "Ids the call named or made: `run_id`, `dataset_id`, …" }),
  claimed: z
    .record(z.string(), z.string())
    .optional()
    .meta({ description: "Names the body gave (`promoted_by`, …), vouched for by nobody." }),
  reason: z.string().optional(),
  writes: z.array(auditWriteSchema),
  writes_count: z.number().int(),
  ttl: z.number().int().optional(),
});
export type AuditRecord = z.output<typeof auditRecordSchema>;
export type AuditWrite = z.output<typeof auditWriteSchema>;
