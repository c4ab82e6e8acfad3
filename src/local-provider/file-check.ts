import { z } from "zod";
import type { MethodName } from "./job-method.ts";

/** OpenAI's rules for training files, as far as they can be read off one line. */
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
const tools = z
  .array(z.object({ type: z.literal("function"), function: z.looseObject({ name: z.string().min(1) }) }))
  .optional();
const turns = { messages: z.array(message).min(1), tools, parallel_tool_calls: z.boolean().optional() };
type Turn = z.output<typeof message>;
const hasAssistant = (all: readonly Turn[]) => all.some((one) => one.role === "assistant");
const output = z
  .array(message)
  .min(1)
  .refine(hasAssistant, "no assistant message")
  .refine(
    (all) => all.every((one) => one.role === "assistant" || one.role === "tool"),
    "only assistant and tool messages are an output",
  );

/** What a line is for each method. */
const LINES = {
  supervised: z.object({
    ...turns,
    messages: turns.messages.refine(hasAssistant, "no assistant message to learn from"),
  }),
  dpo: z
    .strictObject({
      input: z.object({
        ...turns,
        messages: turns.messages.refine(
          (all) => all.at(-1)?.role !== "assistant",
          "ends with an assistant message",
        ),
      }),
      preferred_output: output,
      non_preferred_output: output,
    })
    .refine(
      (pair) => JSON.stringify(pair.preferred_output) !== JSON.stringify(pair.non_preferred_output),
      "both outputs are the same",
    ),
  reinforcement: z.looseObject({
    ...turns,
    messages: turns.messages.refine((all) => all.at(-1)?.role === "user", "does not end with a user message"),
  }),
} as const satisfies Record<MethodName, z.ZodType>;

/**
 * Why a line cannot be trained on (`messages.0.role: …`), or undefined.
 * @param method what it is to be trained by; absent, as for a file that no job names yet: the method whose form it has
 */
export function faultOf(text: string, method?: MethodName): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  const parsed = LINES[method ?? formOf(value)].safeParse(value);
  if (parsed.success) return undefined;
  const issue = parsed.error.issues[0];
  return `${issue?.path.join(".") || "line"}: ${issue?.message ?? "not valid"}`;
}

/** A pair has an input; a prompt for reinforcement ends with what the user said. */
function formOf(value: unknown): MethodName {
  const { input, messages } = (value ?? {}) as { input?: unknown; messages?: unknown };
  if (input !== undefined) return "dpo";
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return (last as { role?: unknown } | undefined)?.role === "user" ? "reinforcement" : "supervised";
}
