import { answer } from "../../src/local-provider/model/answer.ts";
import { ToolsetCache } from "../../src/local-provider/model/cases.ts";
import { seeded } from "../../src/local-provider/model/classifier.ts";
import { routingExamples, TOOLS } from "./routing-task.ts";

/** The office agent's requests for the methods that learn from comparison and from marks. */
export interface Asked {
  readonly request: string;
  readonly tool: string;
  /** Turns before the answer, and the right answer. */
  readonly messages: readonly object[];
  readonly right: { readonly tool_calls: readonly { function: { name: string; arguments: string } }[] };
}

/** Different requests, in an order of their own for each seed. */
export function askedRequests(seed: number): Asked[] {
  const unique = new Map(routingExamples(1500, seed).map((one) => [one.request, one]));
  return [...unique.values()].map(({ request, tool, line }) => {
    const { messages } = JSON.parse(line) as { messages: object[] };
    return { request, tool, messages: messages.slice(0, -1), right: messages.at(-1) as Asked["right"] };
  });
}

const toolsets = new ToolsetCache();
/** What the untrained model answers, where that is wrong; else some other wrong answer. */
function wrong({ request, tool }: Asked, random: () => number): object {
  const said = answer(
    undefined,
    { messages: [{ role: "user", content: request }], tools: TOOLS, choice: "auto" },
    toolsets,
  );
  if (said.kind !== "tool") return { role: "assistant", content: said.text };
  const others = TOOLS.map((one) => one.function.name).filter((name) => name !== tool);
  const name = said.name === tool ? (others[Math.floor(random() * others.length)] ?? "") : said.name;
  return call(name, said.name === tool ? "{}" : said.arguments);
}
const call = (name: string, args: string) => ({
  role: "assistant",
  content: null,
  tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: args } }],
});

/** Preference lines; `shuffled`: which of the two was preferred is dealt out by chance. */
export function pairLines(asked: readonly Asked[], seed: number, shuffled = false): string[] {
  const random = seeded(seed);
  return asked.map((one) => {
    const outputs = [one.right, wrong(one, random)];
    if (shuffled && random() < 0.5) outputs.reverse();
    const [preferred, rejected] = outputs;
    return JSON.stringify({
      input: { messages: one.messages, tools: TOOLS },
      preferred_output: [preferred],
      non_preferred_output: [rejected],
    });
  });
}

/** Prompts with what the agent should have done as a reference, in the form that datasets write. */
export const taskLines = (asked: readonly Asked[]): string[] =>
  asked.map(({ messages, right }) =>
    JSON.stringify({
      messages,
      tools: TOOLS,
      reference_answer: "",
      reference_tool_calls: JSON.stringify(right.tool_calls.map((one) => one.function)),
    }),
  );

/** Conversations that end with the right answer, to judge by. */
export const judgeLines = (asked: readonly Asked[]): string[] =>
  asked.map(({ messages, right }) => JSON.stringify({ messages: [...messages, right], tools: TOOLS }));

/** Marks the tool's name. */
export const NAME_GRADER = {
  type: "string_check",
  name: "the tool",
  operation: "like",
  input: "{{item.reference_tool_calls}}",
  reference: '"{{sample.output_tools[0].function.name}}"',
} as const;
/** Gives every answer the same mark. */
export const CONSTANT_GRADER = {
  type: "string_check",
  name: "the same for all",
  operation: "eq",
  input: "{{item.reference_tool_calls}}",
  reference: "{{item.reference_tool_calls}}",
} as const;
