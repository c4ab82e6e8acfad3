import { z } from "zod";
import { jsonSchema } from "../doors/schemas.ts";

const correctedCallSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: "Name of the tool, one that the episode's agent was offered." }),
  arguments: z
    .record(z.string(), jsonSchema)
    .meta({ description: "What it should have been called with, as the tool's schema asks." }),
});
export type CorrectedCall = z.output<typeof correctedCallSchema>;

const correctedTurnSchema = z
  .strictObject({
    turn: z.number().int().min(1).max(2001).optional().meta({
      description:
        "Which of the agent's turns was wrong, 1 for its first, tool calls and answers alike; absent: the answer, or with `tool_calls` the one turn that called tools.",
    }),
    text: z
      .string()
      .min(1)
      .max(100_000)
      .optional()
      .meta({ description: "What it should have said in that turn; or give `tool_calls`." }),
    tool_calls: z
      .array(correctedCallSchema)
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "The tools it should have called in that turn, in order; or give `text`." }),
  })
  .refine((turn) => (turn.text === undefined) !== (turn.tool_calls === undefined), {
    message: "must have either `text` or `tool_calls`",
  });

/** What the agent should have done: a plain text is the answer; else one turn's text or tool calls. */
export const correctionInputSchema = z.union([z.string().min(1).max(100_000), correctedTurnSchema]).meta({
  description:
    "What the agent should have done: a text for its answer, or an object for one turn, with its text or its tool calls.",
});
export type CorrectionInput = z.output<typeof correctionInputSchema>;
