import { z } from "zod";

/** OpenAI's rules for a supervised training file, as far as they can be read off one line. */
const call = z.object({
  id: z.string().min(1),
  function: z.object({
    name: z.string().min(1),
    arguments: z.string().refine((text) => {
      try {
        JSON.parse(text);
        return true;
      } catch {
        return false;
      }
    }, "must be JSON text"),
  }),
});
const message = z
  .object({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
    tool_calls: z.array(call).optional(),
    tool_call_id: z.string().optional(),
    weight: z.union([z.literal(0), z.literal(1)]).optional(),
  })
  .refine((one) => one.weight === undefined || one.role === "assistant", {
    path: ["weight"],
    message: "only assistant messages have a weight",
  })
  .refine((one) => one.role !== "tool" || one.tool_call_id !== undefined, {
    path: ["tool_call_id"],
    message: "a tool message names the call it answers",
  });
const line = z.object({
  messages: z
    .array(message)
    .min(1)
    .refine((all) => all.some((one) => one.role === "assistant"), "no assistant message to learn from"),
  tools: z
    .array(z.object({ type: z.literal("function"), function: z.looseObject({ name: z.string().min(1) }) }))
    .optional(),
  parallel_tool_calls: z.boolean().optional(),
});

/** Why a line cannot be trained on (`messages.0.role: …`), or undefined. */
export function faultOf(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  const parsed = line.safeParse(value);
  if (parsed.success) return undefined;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join(".") || "line"}: ${issue?.message ?? "not valid"}`;
}
