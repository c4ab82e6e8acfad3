import type { MessageInput as Message } from "../wire/types.ts";

/** The parts of OpenAI's chat answers that capture reads. */
export interface ChatCompletion {
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  readonly choices?:
    | readonly { readonly message?: Message; readonly finish_reason?: string | null }[]
    | undefined;
  readonly usage?: Usage | null | undefined;
}
interface Usage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly total_tokens?: number;
}
export interface ChatChunk {
  readonly id?: string;
  readonly model?: string;
  readonly usage?: Usage | null;
  readonly choices?: readonly {
    readonly index?: number;
    readonly finish_reason?: string | null;
    readonly delta?: {
      readonly content?: string | null;
      readonly refusal?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
}

/** The completion that a stream's chunks spell out, as far as they came. Only the first choice is followed. */
export function joinChunks(chunks: readonly ChatChunk[]): ChatCompletion {
  let content = "";
  let refusal = "";
  let finishReason: string | undefined;
  let usage: Usage | undefined;
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  for (const chunk of chunks) {
    if (chunk.usage) usage = chunk.usage;
    for (const choice of chunk.choices ?? []) {
      if ((choice.index ?? 0) !== 0) continue;
      content += choice.delta?.content ?? "";
      refusal += choice.delta?.refusal ?? "";
      finishReason = choice.finish_reason ?? finishReason;
      for (const part of choice.delta?.tool_calls ?? []) {
        const call = calls.get(part.index) ?? { id: "", name: "", arguments: "" };
        call.id = part.id ?? call.id;
        call.name += part.function?.name ?? "";
        call.arguments += part.function?.arguments ?? "";
        calls.set(part.index, call);
      }
    }
  }
  const toolCalls = [...calls.entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([, call]) => ({
      id: call.id,
      type: "function" as const,
      function: { name: call.name, arguments: call.arguments },
    }));
  const first = chunks[0];
  return {
    id: first?.id,
    model: first?.model,
    usage,
    choices: [
      {
        ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
        message: {
          role: "assistant",
          content: content === "" && toolCalls.length > 0 ? null : content,
          ...(refusal === "" ? {} : { refusal }),
          ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
        },
      },
    ],
  };
}
