import { z } from "zod";
import { messagesSchema } from "./chat-messages.ts";

/**
 * Every parameter of a chat completion that OpenAI declares, and what becomes of it here.
 * `done`: followed. `no effect`: checked and taken, for it can change nothing where the same question always gets the
 * same answer. `refused`: 400 `unsupported_parameter`, but for the value that asks for nothing.
 */
interface Parameter {
  readonly effect: "done" | "no effect" | "refused";
  readonly schema: z.ZodType;
}
const done = <S extends z.ZodType>(schema: S) => ({ effect: "done", schema }) as const;
const idle = <S extends z.ZodType>(schema: S) => ({ effect: "no effect", schema }) as const;
/** `off`: values that ask for nothing. */
const refused = (...off: unknown[]) =>
  ({
    effect: "refused",
    schema: z
      .unknown()
      .refine((value) => isOff(value, off), { params: { unsupported: true } })
      .optional(),
  }) as const;
const isOff = (value: unknown, off: readonly unknown[]) =>
  value === null || value === undefined || off.some((one) => JSON.stringify(one) === JSON.stringify(value));

const functionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/, "must match ^[a-zA-Z0-9_-]{1,64}$");
const jsonSchema = z.record(z.string(), z.unknown());
const number = (least: number, most: number) => z.number().min(least).max(most).nullish();
/** One of OpenAI's values alone: the others are refused as unsupported. */
const only = <T extends string | boolean>(one: T) =>
  z.custom<T>((value) => value === one, { params: { unsupported: true } });
const tool = z.strictObject({
  type: only("function"),
  function: z.strictObject({
    name: functionName,
    description: z.string().optional(),
    parameters: jsonSchema.optional(),
    strict: z.boolean().nullish(),
  }),
});
const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.strictObject({ type: only("function"), function: z.strictObject({ name: z.string() }) }),
]);
const responseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.strictObject({
      name: functionName,
      description: z.string().optional(),
      schema: jsonSchema.optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);
const metadata = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, "at most 16 pairs");

const TABLE = {
  model: done(z.string().min(1)),
  messages: done(messagesSchema),
  tools: done(z.array(tool).min(1).max(128).optional()),
  tool_choice: done(toolChoice.optional()),
  response_format: done(responseFormat.optional()),
  n: done(z.number().int().min(1).max(128).nullish()),
  stop: done(z.union([z.string(), z.array(z.string()).min(1).max(4)]).nullish()),
  max_completion_tokens: done(z.number().int().min(1).nullish()),
  max_tokens: done(z.number().int().min(1).nullish()),
  stream: done(z.boolean().nullish()),
  stream_options: done(
    z
      .strictObject({
        include_usage: z.boolean().optional(),
        include_obfuscation: only(false).optional(),
      })
      .nullish(),
  ),
  // A turn calls one tool at most.
  parallel_tool_calls: idle(z.boolean().optional()),
  temperature: idle(number(0, 2)),
  top_p: idle(number(0, 1)),
  presence_penalty: idle(number(-2, 2)),
  frequency_penalty: idle(number(-2, 2)),
  seed: idle(z.number().int().nullish()),
  user: idle(z.string().optional()),
  safety_identifier: idle(z.string().max(64).nullish()),
  metadata: idle(metadata.nullish()),
  prompt_cache_key: idle(z.string().max(64).nullish()),
  prompt_cache_retention: idle(z.enum(["in_memory", "24h"]).nullish()),
  prediction: idle(z.looseObject({ type: z.literal("content") }).nullish()),
  reasoning_effort: idle(z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish()),
  store: refused(false),
  service_tier: refused("auto", "default"),
  modalities: refused(["text"]),
  verbosity: refused("medium"),
  logprobs: refused(false),
  top_logprobs: refused(0),
  logit_bias: refused({}),
  audio: refused(),
  functions: refused(),
  function_call: refused("none", "auto"),
  web_search_options: refused(),
  moderation: refused(),
  prompt_cache_options: refused(),
  // Azure's own.
  data_sources: refused(),
} satisfies Record<string, Parameter>;

export const CHAT_PARAMETERS: Readonly<Record<string, Parameter>> = TABLE;

type Shape = { [Name in keyof typeof TABLE]: (typeof TABLE)[Name]["schema"] };
/** A chat completion's body; what no parameter is named for is refused. */
export const chatBody = z.strictObject(
  Object.fromEntries(Object.entries(TABLE).map(([name, { schema }]) => [name, schema])) as Shape,
);
export type ChatBody = z.output<typeof chatBody>;
