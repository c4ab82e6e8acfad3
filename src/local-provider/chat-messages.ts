import { z } from "zod";
import { placeOf, unsupported } from "./bad-request.ts";
import { WireError } from "./http.ts";

const textPart = z.strictObject({ type: z.literal("text"), text: z.string() });
/** Parts that OpenAI has and a model of words cannot read: refused by name. */
const otherPart = z.looseObject({ type: z.enum(["image_url", "input_audio", "file"]) });
const refusalPart = z.strictObject({ type: z.literal("refusal"), refusal: z.string() });
const text = z.union([z.string(), z.array(textPart).min(1)]);
const name = z.string().optional();

const toolCall = z.strictObject({
  id: z.string(),
  type: z.literal("function"),
  function: z.strictObject({ name: z.string(), arguments: z.string() }),
  // Clients give a streamed call back with its place in the stream.
  index: z.number().optional(),
});

const messageSchema = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content: text, name }),
  z.strictObject({ role: z.literal("developer"), content: text, name }),
  z.strictObject({
    role: z.literal("user"),
    content: z.union([z.string(), z.array(z.discriminatedUnion("type", [textPart, otherPart])).min(1)]),
    name,
  }),
  z.strictObject({
    role: z.literal("assistant"),
    content: z
      .union([z.string(), z.array(z.discriminatedUnion("type", [textPart, refusalPart])).min(1)])
      .nullish(),
    name,
    refusal: z.string().nullish(),
    tool_calls: z.array(toolCall).min(1).nullish(),
    // What an answer carries goes back with it.
    annotations: z.array(z.unknown()).nullish(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
  }),
  z.strictObject({ role: z.literal("tool"), content: text, tool_call_id: z.string(), name }),
]);

export const messagesSchema = z.array(messageSchema).min(1);
type Message = z.output<typeof messageSchema>;

/**
 * Holds a conversation to what OpenAI asks of one: an assistant says something or calls, calls are answered at once,
 * and a tool's message answers a call.
 * @throws WireError 400
 */
export function checkMessages(messages: readonly Message[]): void {
  const refuse = (at: number, member: string, message: string) =>
    new WireError(400, "invalid_value", message, { param: placeOf(["messages", at, member]) });
  let open = new Set<string>();
  const allAnswered = (at: number) => {
    if (open.size > 0)
      throw refuse(
        at,
        "role",
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each " +
          `'tool_call_id'. These have no response: ${[...open].join(", ")}.`,
      );
  };
  messages.forEach((one, at) => {
    if (one.role === "tool") {
      if (!open.delete(one.tool_call_id))
        throw refuse(
          at,
          "tool_call_id",
          `A message with role 'tool' must respond to a call of the message before: '${one.tool_call_id}' is none.`,
        );
      return;
    }
    allAnswered(at);
    if (one.role === "assistant") {
      const calls = one.tool_calls ?? [];
      if ((one.content === null || one.content === undefined) && calls.length === 0 && !one.refusal)
        throw refuse(at, "content", "An assistant message has content, a refusal or 'tool_calls'.");
      open = new Set(calls.map((call) => call.id));
    }
    if (one.role === "user" && typeof one.content !== "string") {
      const part = one.content.findIndex(({ type }) => type !== "text");
      if (part !== -1)
        throw unsupported(
          placeOf(["messages", at, "content", part, "type"]),
          "names no text, and the model reads nothing else",
        );
    }
  });
  allAnswered(messages.length - 1);
}
