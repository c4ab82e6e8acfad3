import { z } from "zod";
import { metadataSchema } from "./schemas.ts";

/** OpenAI's chat wire form: what providers speak, and the last word on what an agent saw and said. */
export const messageToolCallSchema = z.object({
  id: z.string().min(1).max(200).meta({ description: "Joins the call to the tool message that answers it." }),
  type: z.literal("function").default("function").meta({ description: "Always `function`." }),
  function: z
    .object({
      name: z.string().min(1).max(200).meta({ description: "Name of the tool." }),
      arguments: z.string().meta({ description: "The arguments, as JSON text." }),
    })
    .meta({ description: "What is called." }),
});
export const contentPartSchema = z.looseObject({
  type: z.string().meta({ description: "Kind of the part, such as `text` or `image_url`." }),
  text: z.string().optional().meta({ description: "Of a part of type `text`." }),
});
export const messageSchema = z.object({
  role: z.enum(["system", "developer", "user", "assistant", "tool"]).meta({ description: "Who speaks." }),
  content: z
    .union([z.string(), z.array(contentPartSchema), z.null()])
    .optional()
    .meta({ description: "What is said: text, or a list of parts; null beside tool calls." }),
  name: z.string().max(200).optional().meta({ description: "Tells speakers of one role apart." }),
  tool_calls: z
    .array(messageToolCallSchema)
    .optional()
    .meta({ description: "Tools that the assistant calls in this turn." }),
  tool_call_id: z
    .string()
    .max(200)
    .optional()
    .meta({ description: "Of a tool message: the call that it answers." }),
  refusal: z.string().nullable().optional().meta({ description: "Why the assistant refused." }),
  weight: z
    .union([z.literal(0), z.literal(1)])
    .optional()
    .meta({ description: "0: the assistant turn is not trained on." }),
});
export type Message = z.output<typeof messageSchema>;

export const toolDefinitionSchema = z.object({
  type: z.literal("function").default("function").meta({ description: "Always `function`." }),
  function: z
    .object({
      name: z.string().min(1).max(200).meta({ description: "Name of the tool." }),
      description: z.string().optional().meta({ description: "What the model is told of the tool." }),
      parameters: metadataSchema.optional().meta({ description: "JSON Schema of the arguments." }),
      strict: z
        .boolean()
        .nullable()
        .optional()
        .meta({ description: "Whether the provider holds the arguments to the schema." }),
    })
    .meta({ description: "The tool." }),
});
export type ToolDefinition = z.output<typeof toolDefinitionSchema>;
