import { chatCall, contentText } from "../../episodes/odd/chat.ts";
import { parseExact } from "../../kernel/exact-json.ts";
import type { MessageInput as Message } from "../../wire/types.ts";
import type { CapturedCall, EndCapture, StartCapture } from "../episode.ts";
import { snapshot } from "../snapshot.ts";
import type { AnswerPart, Choice, ModelCall } from "./model-call.ts";

/** An episode's parts, as capture's own calls hand them over. */
export interface CallAsEpisode {
  readonly start: Omit<
    StartCapture,
    "agentId" | "sessionId" | "correlationId" | "userId" | "traceId" | "spanId"
  >;
  readonly end: EndCapture;
  readonly messages: readonly Message[];
  readonly calls: readonly CapturedCall[];
}

/** What the model did in one call, as the episode that an agent would record. Pure. */
export function callAsEpisode({ request, answer, ending, times, provider, form }: ModelCall): CallAsEpisode {
  const [first, ...others] = answer.choices;
  const said = first === undefined ? undefined : assistantMessage(first);
  const reasoning = textOf(first, "reasoning");
  const pictures = (first?.parts ?? []).flatMap((part) => (part.kind === "image" ? [part.pointer] : []));
  return {
    start: {
      userInput: lastText(request.messages, "user"),
      systemPrompt:
        lastText(request.messages, "system") || lastText(request.messages, "developer") || undefined,
      tools: request.tools.length === 0 ? undefined : request.tools,
      parallelToolCalls: request.parallelToolCalls,
      model: request.model,
      sampling: request.sampling,
    },
    end: {
      assistantOutput: textOf(first, "text") || textOf(first, "refusal") || transcript(first),
      // The name that was called stays: the answer's is the base's version on Azure, not the deployment.
      tokenUsage: answer.usage,
      latencyMs: latencyOf(times),
      error: ending.fault?.message,
      errorBy: ending.fault?.by,
      ending: ending.state,
      responseId: answer.responseId,
      firstTokenMs: times.firstToken === undefined ? undefined : Math.max(0, times.firstToken - times.sent),
      missing: request.missing,
      metadata: {
        source: `${provider}.${form}`,
        ...(ending.aborted ? { stream_aborted: true } : {}),
        ...(first?.finishReason === undefined ? {} : { finish_reason: first.finishReason }),
        ...(answer.responseModel === undefined ? {} : { response_model: answer.responseModel }),
        ...(answer.responseId === undefined ? {} : { response_id: answer.responseId }),
        ...(times.read === undefined ? {} : { read_ms: times.read - times.sent }),
        ...(reasoning === "" ? {} : { reasoning }),
        ...(pictures.length === 0 ? {} : { pictures }),
        // A stream tells them only to a caller who asks for them.
        ...(first !== undefined && answer.usage === undefined ? { not_told: ["token_usage"] } : {}),
        ...(others.length === 0
          ? {}
          : { choices: answer.choices.length, other_choices: others.map(otherChoice) }),
        ...request.kept,
        ...answer.kept,
      },
    },
    messages: said === undefined ? request.messages : [...request.messages, said],
    calls: [...answeredCalls(request.messages), ...madeCalls(first)],
  };
}

/** The model's own time: until the last byte came, whenever the caller read it. */
function latencyOf({ sent, lastToken, firstToken, read }: ModelCall["times"]): number | undefined {
  const end = lastToken ?? firstToken ?? read;
  return end === undefined ? undefined : Math.max(0, end - sent);
}

/** A choice in chat form; undefined: there is nothing in it. */
function assistantMessage(choice: Choice): Message | undefined {
  const calls = choice.parts.filter((part) => part.kind === "tool_call");
  const refusal = textOf(choice, "refusal");
  const content = textOf(choice, "text") || transcript(choice);
  if (content === "" && refusal === "" && calls.length === 0 && choice.finishReason === undefined)
    return undefined;
  return {
    role: "assistant",
    content: content === "" && calls.length > 0 ? null : content,
    ...(refusal === "" ? {} : { refusal }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(chatCall) }),
  };
}

/** Another answer to the same question; `finish_reason` and `reasoning` beside what it says. */
const otherChoice = (choice: Choice): Record<string, unknown> => ({
  ...(assistantMessage(choice) ?? { role: "assistant", content: "" }),
  ...(choice.finishReason === undefined ? {} : { finish_reason: choice.finishReason }),
  ...(textOf(choice, "reasoning") === "" ? {} : { reasoning: textOf(choice, "reasoning") }),
});

function textOf(choice: Choice | undefined, kind: "text" | "refusal" | "reasoning"): string {
  return (choice?.parts ?? [])
    .filter((part): part is Extract<AnswerPart, { text: string }> => part.kind === kind)
    .map((part) => part.text)
    .join("");
}

const transcript = (choice: Choice | undefined): string =>
  (choice?.parts ?? []).map((part) => (part.kind === "audio" ? (part.transcript ?? "") : "")).join("");

const madeCalls = (choice: Choice | undefined): CapturedCall[] =>
  (choice?.parts ?? []).flatMap((part) =>
    part.kind === "tool_call" ? [captured(part.id, part.name, part.arguments, undefined)] : [],
  );

/** Calls made since the last user's turn, with the results that the agent has put in since. */
function answeredCalls(messages: readonly Message[]): CapturedCall[] {
  const since = messages.slice(messages.findLastIndex(({ role }) => role === "user") + 1);
  const results = new Map<string, string>();
  for (const message of since)
    if (message.role === "tool" && message.tool_call_id !== undefined)
      results.set(message.tool_call_id, contentText(message.content));
  return since.flatMap((message) =>
    (message.tool_calls ?? []).map((call) =>
      captured(call.id, call.function.name, call.function.arguments, results.get(call.id)),
    ),
  );
}

const captured = (id: string, toolName: string, args: string, result: unknown): CapturedCall => ({
  id,
  toolName,
  arguments: parsed(args),
  result,
  durationMs: undefined,
  error: undefined,
});

/** A tool call's arguments as the object they are; text when the model wrote no JSON, or numbers that would be rounded. */
function parsed(written: string): unknown {
  try {
    return snapshot(parseExact(written)).value;
  } catch {
    return written;
  }
}

const lastText = (messages: readonly Message[], role: Message["role"]): string =>
  contentText(messages.findLast((message) => message.role === role)?.content);
