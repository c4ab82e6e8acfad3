import type { DemoRequest } from "./corpus.ts";
import type { Rest } from "./doors.ts";
import { type Frame, goldenLine, type Line, toJsonl } from "./golden.ts";
import { type DatasetFacts, type EvaluationFacts, followPipeline } from "./pipeline.ts";
import type { Outcome } from "./traffic.ts";

/** What another method made of the same corrections. Its control is in `bench/methods`. */
export interface MethodResult {
  readonly method: string;
  readonly lines: number;
  readonly evaluation: EvaluationFacts;
  readonly verdict: string;
  readonly outcome: string;
}

type Turn = Line["messages"][number];

/** Half of the marks for the tool, half for how alike its arguments are. */
const GRADER = {
  type: "multi",
  name: "tool and arguments",
  graders: {
    tool: {
      type: "string_check",
      name: "tool",
      operation: "eq",
      input: "{{sample.output_tools[0].function.name}}",
      reference: "{{item.reference_tool}}",
    },
    alike: {
      type: "text_similarity",
      name: "arguments",
      evaluation_metric: "fuzzy_match",
      input: "{{sample.output_tools[0].function.arguments}}",
      reference: "{{item.reference_arguments}}",
    },
  },
  calculate_output: "0.5 * tool + 0.5 * tool * alike",
};
/**
 * Trains the base model by preferences and by reinforcement, each as an agent of its own, on what the corrections say.
 * @param judges the set-aside conversations as JSONL
 */
export async function otherMethods(
  rest: Rest,
  from: { readonly agentId: string; readonly frame: Frame; readonly judges: string; readonly round: number },
  corrected: readonly Outcome[],
  onStage: (text: string) => void,
): Promise<MethodResult[]> {
  const run = async (method: string, format: "dpo" | "rft", lines: readonly object[], training: object) => {
    const agent = `demo-${format}`;
    const golden = (name: string, content: string, more: object) =>
      rest.post<DatasetFacts>("/datasets/golden", { agent_id: agent, name, content, ...more });
    const test = await golden("set-aside", from.judges, { test_split: 1 });
    const name = `${format}-${from.round}`;
    const dataset = await golden(name, toJsonl(lines as Line[]), { format, train_split: 0.85 });
    const { evaluation, verdict, outcome } = await followPipeline(
      rest,
      agent,
      {
        name: `demo-${name}`,
        dataset_id: dataset.dataset_id,
        training,
        evaluation: { dataset_id: test.dataset_id, split: "test", baseline: "base" },
        promote: true,
        promoted_by: "demo",
      },
      (stage) => onStage(`${format}: ${stage}`),
    );
    return { method, lines: lines.length, evaluation, verdict, outcome };
  };
  const pairs = await Promise.all(corrected.map(async (one) => pairLine(rest, from, one)));
  const usable = pairs.filter((pair) => pair !== undefined);
  const tasks = corrected.map(({ request }) => taskLine(from.frame, request));
  return await Promise.all([
    run("preferences (dpo)", "dpo", usable, {}),
    run("reinforcement (rft)", "rft", tasks, { grader: GRADER }),
  ]);
}

interface PairLine {
  readonly input: object;
  readonly preferred_output: readonly unknown[];
  readonly non_preferred_output: readonly unknown[];
}

/** The correction, preferred to what the agent's model did; undefined where its episode has no turn of the model. */
async function pairLine(
  rest: Rest,
  { agentId, frame }: { readonly agentId: string; readonly frame: Frame },
  { request, answer }: Outcome,
): Promise<PairLine | undefined> {
  if (answer.episode_id === undefined) return undefined;
  const { messages } = await rest.get<{ messages: Turn[] }>(`/episodes/${answer.episode_id}`, {
    agent_id: agentId,
  });
  const said = messages.find((turn) => turn.role === "assistant");
  const right = goldenLine(frame, request);
  if (said === undefined) return undefined;
  return {
    input: { messages: right.messages.slice(0, -1), tools: frame.tools },
    preferred_output: right.messages.slice(-1),
    non_preferred_output: [{ role: "assistant", content: said.content ?? null, tool_calls: said.tool_calls }],
  };
}

/** The request as a task whose reference the grader reads. */
function taskLine(frame: Frame, request: DemoRequest): object {
  const { messages, tools } = goldenLine(frame, request);
  const { tool, arguments: args } = request.expect;
  return {
    messages: messages.slice(0, -1),
    tools,
    reference_tool: tool,
    reference_arguments: JSON.stringify(args),
  };
}
