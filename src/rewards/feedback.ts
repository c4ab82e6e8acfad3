import { z } from "zod";
import { invalid } from "../kernel/errors.ts";
import { judgementSchema, type RewardInput } from "./contract.ts";
import { correctionInputSchema } from "./correction-contract.ts";

/** Labels that say how good it was. Any other label sorts, and says nothing of the sort. */
const LABEL_VALUES: ReadonlyMap<string, number> = new Map([
  ["good", 1],
  ["correct", 1],
  ["pass", 1],
  ["positive", 1],
  ["accepted", 1],
  ["neutral", 0],
  ["bad", -1],
  ["incorrect", -1],
  ["fail", -1],
  ["negative", -1],
  ["rejected", -1],
]);
const LABELS = [...LABEL_VALUES.keys()].join(", ");

const THUMBS = { up: 1, down: -1 } as const;
const { rubric, evaluator, comments, metadata } = judgementSchema.shape;

/** What somebody who used the agent has to say of an answer, as fields of an operation's input. */
export const feedbackShape = {
  thumbs: z.enum(["up", "down"]).optional().meta({ description: "`up` is a reward of 1, `down` of -1." }),
  score: z.number().optional().meta({
    description: "A score on the scale from `score_min` to `score_max`, mapped to -1 … 1 in a straight line.",
  }),
  score_min: z.number().optional().meta({ description: "Least score of the scale; 0 when absent." }),
  score_max: z.number().optional().meta({ description: "Greatest score of the scale; 1 when absent." }),
  label: z
    .string()
    .trim()
    .min(1)
    .max(60)
    .optional()
    .meta({
      description: `A word for it, kept as a tag. Alone it must be one of ${LABELS}.`,
    }),
  comment: comments.meta({ description: "What they have to say, as text; beside one of the others." }),
  better_answer: correctionInputSchema.optional().meta({
    description:
      "What the agent should have done: a text for its answer, or `{turn, text}` or `{turn, tool_calls: [{name, arguments}]}` for one of its turns. Becomes a golden conversation and a DPO pair; alone it is a reward of -1.",
  }),
  metric: rubric.meta({
    description: "What was judged, such as `helpfulness`; feedback on another metric stands beside it.",
  }),
  evaluator: evaluator.meta({ description: "Who gives it; the signed-in person where one is known." }),
  metadata,
};
const feedbackSchema = z.object(feedbackShape);
export type Feedback = z.output<typeof feedbackSchema>;

type Judged = Pick<
  RewardInput,
  "source" | "value" | "raw_value" | "raw_min" | "raw_max" | "rubric" | "evaluator" | "comments" | "metadata"
>;

/**
 * Feedback as the reward that it is: `human_approval`, with the value of the thumbs or the score, else of the label, else
 * -1 of a better answer.
 * @throws invalid `feedback_without_value`, `feedback_values` for thumbs beside a score or a scale without a score
 */
export function judgementOf(feedback: Feedback): { judgement: Judged; mustCorrect: boolean } {
  const { thumbs, score, score_min, score_max, label, better_answer: better } = feedback;
  if (thumbs !== undefined && score !== undefined)
    throw invalid("feedback_values", "Thumbs and a score both say how good it was.", {
      field: "score",
      remedy: "Send one of them, or each under a `metric` of its own.",
    });
  if (score === undefined && (score_min ?? score_max) !== undefined)
    throw invalid("feedback_values", "A scale without a score says nothing.", {
      field: score_min === undefined ? "score_max" : "score_min",
      remedy: "Send the score, too.",
    });
  const said = thumbs === undefined ? LABEL_VALUES.get(label?.toLowerCase() ?? "") : THUMBS[thumbs];
  const mustCorrect = score === undefined && said === undefined;
  if (mustCorrect && better === undefined)
    throw invalid("feedback_without_value", "Nothing says how good it was.", {
      field: "thumbs",
      remedy: `Send thumbs, a score, a better_answer, or one of the labels ${LABELS}.`,
    });
  const { tags, ...rest } = feedback.metadata;
  const allTags = [...(Array.isArray(tags) ? tags : []), ...(label === undefined ? [] : [label])];
  return {
    mustCorrect,
    judgement: {
      source: "human_approval",
      ...(score === undefined
        ? { value: said ?? -1 }
        : { raw_value: score, raw_min: score_min, raw_max: score_max }),
      rubric: feedback.metric,
      evaluator: feedback.evaluator,
      comments: feedback.comment,
      metadata: {
        ...rest,
        ...(allTags.length === 0 ? (tags === undefined ? {} : { tags }) : { tags: allTags }),
        ...(better === undefined ? {} : { correction: better }),
      },
    },
  };
}
