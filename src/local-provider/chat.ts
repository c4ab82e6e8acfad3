import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import { WireError, type WireReply, type WireRequest } from "./http.ts";
import { type Answer, answer } from "./model/answer.ts";
import { ToolsetCache } from "./model/cases.ts";
import { type Model, parseModel } from "./model/model.ts";
import { estimateTokens } from "./model/text.ts";
import { textOf, type WireMessage } from "./model/wire.ts";
import type { ProviderStore } from "./store.ts";

const body = z.looseObject({
  model: z.string().min(1),
  messages: z
    .array(
      z.looseObject({
        role: z.enum(["system", "developer", "user", "assistant", "tool"]),
        content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
        tool_calls: z
          .array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
          .optional(),
      }),
    )
    .min(1),
  tools: z
    .array(
      z.looseObject({ type: z.literal("function"), function: z.looseObject({ name: z.string().min(1) }) }),
    )
    .optional(),
  tool_choice: z
    .union([
      z.enum(["auto", "none", "required"]),
      z.looseObject({ function: z.looseObject({ name: z.string() }) }),
    ])
    .optional(),
  response_format: z
    .looseObject({ json_schema: z.looseObject({ schema: z.looseObject({}).optional() }).optional() })
    .optional(),
  stream: z.boolean().nullish(),
});

/** Tuned models stay in memory up to this many. */
const MODELS_KEPT = 8;

/** Says in every answer which engine spoke. */
const FINGERPRINT = "local";

export function createChat(deps: { readonly store: ProviderStore; readonly clock: Clock }) {
  const models = new Map<string, Model>();
  const toolsets = new ToolsetCache();

  const modelNamed = (name: string): Model | undefined => {
    if (!name.includes(".local-ft-")) return undefined;
    let model = models.get(name);
    if (model === undefined) {
      const text = deps.store.readModel(name);
      if (text === undefined)
        throw new WireError(404, "model_not_found", `The model '${name}' does not exist.`, {
          param: "model",
        });
      model = parseModel(text);
      if (models.size >= MODELS_KEPT) models.delete(models.keys().next().value as string);
      models.set(name, model);
    }
    return model;
  };

  return async (request: WireRequest): Promise<WireReply> => {
    const parsed = body.safeParse(await request.json());
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new WireError(400, "invalid_value", issue?.message ?? "not valid", {
        param: issue?.path.join(".") ?? "",
      });
    }
    const input = parsed.data;
    const messages = input.messages as readonly WireMessage[];
    const choice = input.tool_choice ?? "auto";
    checkChoice(choice, input.tools ?? []);
    const answered = answer(
      modelNamed(input.model),
      {
        messages,
        tools: input.tools ?? [],
        choice: typeof choice === "string" ? choice : { name: choice.function.name },
        responseSchema: input.response_format?.json_schema?.schema,
      },
      toolsets,
    );
    const prompt =
      estimateTokens(messages.map(textOf).join("\n")) + estimateTokens(JSON.stringify(input.tools ?? ""));
    const completion = estimateTokens(
      answered.kind === "text" ? answered.text : answered.name + answered.arguments,
    );
    const head = {
      id: `chatcmpl-${randomUUID()}`,
      created: Math.floor(deps.clock.now() / 1000),
      model: input.model,
      system_fingerprint: FINGERPRINT,
    };
    const usage = {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
    };
    const finish = answered.kind === "tool" ? "tool_calls" : "stop";
    if (input.stream) return { events: chunks(head, answered, finish) };
    return {
      json: {
        ...head,
        object: "chat.completion",
        choices: [{ index: 0, message: messageOf(answered), logprobs: null, finish_reason: finish }],
        usage,
      },
    };
  };
}

/** A tool can only be asked for among those that are offered. */
function checkChoice(
  choice: z.output<typeof body>["tool_choice"],
  tools: NonNullable<z.output<typeof body>["tools"]>,
): void {
  const wrong =
    typeof choice === "object"
      ? !tools.some((tool) => tool.function.name === choice.function.name)
      : choice === "required" && tools.length === 0;
  if (wrong)
    throw new WireError(400, "invalid_value", "tool_choice asks for a tool that is not offered.", {
      param: "tool_choice",
    });
}

function messageOf(answered: Answer) {
  if (answered.kind === "text") return { role: "assistant", content: answered.text, refusal: null };
  const { id, name } = answered;
  return {
    role: "assistant",
    content: null,
    refusal: null,
    tool_calls: [{ id, type: "function", function: { name, arguments: answered.arguments } }],
  };
}

/** The same answer as a stream: opening, everything at once, end. */
function chunks(head: object, answered: Answer, finish: string): unknown[] {
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const { role, ...rest } = messageOf(answered);
  const delta =
    rest.tool_calls === undefined
      ? { content: rest.content }
      : { tool_calls: rest.tool_calls.map((call, index) => ({ index, ...call })) };
  return [chunk({ role, content: "" }), chunk(delta), chunk({}, finish)];
}
