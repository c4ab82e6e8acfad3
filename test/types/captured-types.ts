import type {
  ChatCompletionContentPart,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessage,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from "openai/resources/chat/completions";
import type { CompletionUsage } from "openai/resources/completions";
import { z } from "zod";
import type { CaptureHook } from "../../src/capture/capture.ts";
import { wrapToolHandler } from "../../src/capture/wrap-tool-handler.ts";

/**
 * What a client's own types hold may be handed over as it is: `npm run typecheck` fails when one of these lines does not
 * compile, or when one that is wrong on purpose does. The functions are never called.
 */
export function byHand(
  hook: CaptureHook,
  given: {
    messages: ChatCompletionMessageParam[];
    tools: ChatCompletionTool[];
    parts: ChatCompletionContentPart[];
    answer: ChatCompletionMessage;
    usage: CompletionUsage | undefined;
    body: ChatCompletionCreateParamsNonStreaming;
  },
): void {
  const { messages, tools, parts, answer, usage, body } = given;
  const { messages: _messages, model, tools: _tools, ...sampling } = body;
  const handle = hook.startCapture({ userInput: parts, messages, tools, model, sampling });
  handle.recordMessage(...messages, answer, { role: "user", content: "more" });
  handle.endCapture({ assistantOutput: answer.content, tokenUsage: usage });
  // @ts-expect-error: a message says who speaks
  handle.recordMessage({ content: "more" });
  // @ts-expect-error: a tool says what it is
  hook.startCapture({ userInput: "hi", tools: [{ name: "find" }] });
}

/** A handler keeps its own type under each form of the wrapper. */
export function wrapped(hook: CaptureHook): readonly [number, number] {
  const twice = (args: { readonly n: number }): number => 2 * args.n;
  const plain = wrapToolHandler(hook, "twice", twice);
  const config = { description: "Doubles a number.", inputSchema: { n: z.number() } };
  const defined = wrapToolHandler(hook, "twice", config, twice);
  // @ts-expect-error: `n` is a number
  plain({ n: "1" });
  return [plain({ n: 1 }), defined({ n: 1 })];
}
