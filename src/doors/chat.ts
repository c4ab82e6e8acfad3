import { z } from "zod";
import { metadataSchema } from "./schemas.ts";

/** OpenAI's chat wire form: what providers speak, and the last word on what an agent saw and said. */
export const messageToolCallSchema = z.object({
  id: z.string().min(1).max(200),
  type: z.literal("function").default("function"),
  function: z.object({ name: z.string().min(1).max(200), arguments: z.string() }),
});
export const contentPartSchema = z.looseObject({ type: z.string(), text: z.string().optional() });
export const messageSchema = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]),
  content: z.union([z.string(), z.array(contentPartSchema), z.null()]).optional(),
  name: z.string().max(200).optional(),
  tool_calls: z.array(messageToolCallSchema).optional(),
  tool_call_id: z.string().max(200).optional(),
  refusal: z.string().nullable().optional(),
  weight: z.union([z.literal(0), z.literal(1)]).optional(),
});
export type Message = z.output<typeof messageSchema>;

export const toolDefinitionSchema = z.object({
  type: z.literal("function").default("function"),
  function: z.object({
    name: z.string().min(1).max(200),
    description: z.string().optional(),
    parameters: metadataSchema.optional(),
    strict: z.boolean().nullable().optional(),
  }),
});
export type ToolDefinition = z.output<typeof toolDefinitionSchema>;
