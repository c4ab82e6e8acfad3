import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { agentIdSchema } from "../doors/schemas.ts";
import type { Agent } from "./agent.ts";

const text = z.string().trim().min(1).max(100_000);
const who = { agent_id: agentIdSchema.optional(), session_id: z.string().max(200).optional() };

/** What each of the tools answers. */
const answerSchema = z.object({
  answer: z.string(),
  model: z.string().meta({ description: "The model that answered." }),
  model_source: z.string().meta({ description: "Where its name came from: registry, env or base." }),
  episode_id: z
    .string()
    .optional()
    .meta({ description: "The episode it is recorded as; absent while capture is off." }),
  tool_calls: z.array(
    z.object({
      tool_name: z.string(),
      arguments: z.record(z.string(), z.unknown()),
      result: z.string(),
      error: z.string().optional(),
    }),
  ),
});

interface AgentTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: z.ZodObject;
  readonly outputSchema: z.ZodType;
  run(args: Record<string, unknown>): Promise<unknown>;
}

/** The design's five tools. Each chooses its model through the registry and is captured as an episode. */
export function agentTools(agent: Agent, settings: Pick<Settings, "agentId">): AgentTool[] {
  const tool = <Shape extends z.ZodRawShape>(
    name: string,
    title: string,
    description: string,
    shape: Shape,
    systemPrompt: string,
    request: (args: z.output<z.ZodObject<Shape>>) => string,
    useTools = false,
  ): AgentTool => ({
    name,
    title,
    description,
    inputSchema: z.strictObject({ ...shape, ...who }),
    outputSchema: answerSchema,
    run: (args) =>
      agent.ask({
        text: request(args as z.output<z.ZodObject<Shape>>),
        systemPrompt,
        useTools,
        agentId: (args.agent_id as string | undefined) ?? settings.agentId,
        sessionId: args.session_id as string | undefined,
      }),
  });
  return [
    tool(
      "ask_foundry",
      "Ask a question",
      "Answers a question with the selected model.",
      { question: text },
      "You answer questions briefly and truthfully.",
      ({ question }) => question,
    ),
    tool(
      "next_best_action",
      "Take the next best action",
      "Takes the next best action for a task: chooses one of the agent's tools, calls it and answers from its result.",
      { task: text, context: text.optional() },
      "You carry out the user's request with the one tool that fits it best.",
      ({ task, context }) => (context === undefined ? task : `${task}\n\nContext:\n${context}`),
      true,
    ),
    tool(
      "analyze_intent",
      "Analyze intent",
      "Says what a request is after: its category and what it needs.",
      { query: text },
      "You name the intent of the user's request in one short phrase, then what is needed to fulfil it.",
      ({ query }) => query,
    ),
    tool(
      "generate_plan",
      "Generate a plan",
      "Makes a plan of numbered steps for a task.",
      { task: text },
      "You answer with a plan of numbered steps, one line each.",
      ({ task }) => task,
    ),
    tool(
      "generate_plan_with_instructions",
      "Generate a plan that keeps to instructions",
      "Makes a plan of numbered steps that keeps to given instructions.",
      { task: text, instructions: text },
      "You answer with a plan of numbered steps, one line each, that keeps to the instructions you are given.",
      ({ task, instructions }) => `${task}\n\nInstructions:\n${instructions}`,
    ),
  ];
}
