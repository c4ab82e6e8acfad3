import { randomUUID } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import { parseBody } from "./bad-request.ts";
import { checkMessages } from "./chat-messages.ts";
import { type ChatBody, chatBody } from "./chat-parameters.ts";
import { chunks, completion, given, type Limits, usageOf } from "./chat-reply.ts";
import { WireError, type WireReply, type WireRequest } from "./http.ts";
import { type Answer, answer } from "./model/answer.ts";
import { ToolsetCache } from "./model/cases.ts";
import { estimateTokens } from "./model/text.ts";
import { textOf, type WireMessage, type WireTool } from "./model/wire.ts";
import type { Models } from "./models.ts";
import { checkStrict, formatOf } from "./response-format.ts";
import { checkForm, validatorOf } from "./schema-check.ts";

/** Says in every answer which engine spoke. */
const FINGERPRINT = "local";

export function createChat(deps: { readonly models: Models; readonly clock: Clock }) {
  const toolsets = new ToolsetCache();

  return async (request: WireRequest): Promise<WireReply> => {
    const { deployment } = request;
    const raw = await request.json();
    const input = parseBody(chatBody, deployment === undefined ? raw : { ...raw, model: deployment });
    checkMessages(input.messages);
    checkTogether(input);
    const model = deps.models.named(input.model);
    const messages = input.messages as readonly WireMessage[];
    const tools = (input.tools ?? []) as readonly WireTool[];
    const strict = new Map(tools.flatMap((tool) => checkTool(tool) ?? []));
    const texts = messages.map(textOf);
    const choice = input.tool_choice ?? "auto";
    const limits = limitsOf(input);
    const said = answer(
      model,
      {
        messages,
        tools,
        choice: typeof choice === "string" ? choice : { name: choice.function.name },
        format: formatOf(input.response_format, texts),
      },
      toolsets,
    );
    const isKept = said.kind !== "tool" || strict.get(said.name)?.(JSON.parse(said.arguments)) !== false;
    const one = given(isKept ? said : NO_ARGUMENTS, limits);
    const prompt = estimateTokens(texts.join("\n")) + estimateTokens(JSON.stringify(input.tools ?? ""));
    const usage = usageOf(prompt, one, limits);
    const head = {
      id: `chatcmpl-${randomUUID()}`,
      created: Math.floor(deps.clock.now() / 1000),
      model: input.model,
      system_fingerprint: FINGERPRINT,
    };
    return input.stream
      ? { events: chunks(head, one, limits, input.stream_options?.include_usage ? usage : undefined) }
      : { json: completion(head, one, limits, usage) };
  };
}

/** What is said where no call was found that a strict tool's schema allows. */
const NO_ARGUMENTS: Answer = {
  kind: "refusal",
  text: "No arguments were found that the tool's schema allows.",
};

/** The check of a strict tool's arguments, by its name. @throws WireError 400 for parameters that are no schema */
function checkTool({ function: { name, parameters, strict } }: WireTool) {
  if (parameters === undefined) return undefined;
  const where = { what: `Invalid schema for function '${name}'`, param: "tools" };
  if (!strict) {
    checkForm(parameters, where);
    return undefined;
  }
  const validate = validatorOf(parameters, where);
  checkStrict(parameters, where.what, where.param);
  return [[name, validate]] as const;
}

const limitsOf = ({ n, stop, max_tokens, max_completion_tokens }: ChatBody): Limits => ({
  copies: n ?? 1,
  stop: typeof stop === "string" ? [stop] : (stop ?? []),
  most: max_completion_tokens ?? max_tokens ?? undefined,
});

/** What depends on more than one parameter. */
function checkTogether(input: ChatBody): void {
  const refuse = (param: string, message: string) => new WireError(400, "invalid_value", message, { param });
  const { tools, tool_choice: choice } = input;
  if (input.max_tokens && input.max_completion_tokens)
    throw refuse(
      "max_tokens",
      "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
    );
  if (input.stream_options && !input.stream)
    throw refuse(
      "stream_options",
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    );
  if (tools === undefined)
    for (const param of ["tool_choice", "parallel_tool_calls"] as const)
      if (input[param] !== undefined)
        throw refuse(param, `'${param}' is only allowed when 'tools' are specified.`);
  if (typeof choice === "object" && !tools?.some((tool) => tool.function.name === choice.function.name))
    throw refuse("tool_choice", "tool_choice asks for a tool that is not offered.");
}
