import { z } from "zod";
import { keptExact, redactedLater } from "../doors/kept.ts";
import { agentIdSchema, idSchema, storedTimeSchema } from "../doors/schemas.ts";
import { periodShape, timeSchema } from "../doors/times.ts";
import { NOT_WHOLE } from "../episodes/endings.ts";
import { REWARD_SOURCES } from "../rewards/contract.ts";

/** `chat`: turns alone, as trainers of open models take them; `legacy_text`: tool calls as text, as the original wrote. */
export const FORMATS = ["sft", "dpo", "rft", "chat", "legacy_text"] as const;
export type Format = (typeof FORMATS)[number];

/** The method a file of that format is for; plain chat goes to other trainers, by supervision. */
export const methodOf = (format: Format): "supervised" | "dpo" | "reinforcement" =>
  format === "dpo" ? "dpo" : format === "rft" ? "reinforcement" : "supervised";

/** Names in a recipe: their order and their repetitions make no other dataset. */
export const sortedNames = <Name extends string>(names: readonly Name[] | undefined): Name[] | undefined =>
  names === undefined ? undefined : [...new Set(names)].toSorted();

export const datasetNameSchema = z.string().min(1).max(200);

const namesSchema = z.array(z.string().min(1).max(200)).min(1).max(50);

const nearDuplicatesSchema = z.number().min(0.5).max(1).optional().meta({
  description:
    "1: only equal examples are left out. Any less, 0.85 when absent: also those that say the same with other case, punctuation, politeness, order or words for the same thing.",
});

const includeEndingsSchema = z.array(z.enum(NOT_WHOLE)).min(1).optional().meta({
  description:
    "Answers that are not whole and are taken all the same: `unfinished`, `cut` at a limit of tokens, `filtered` by the provider, `unread`; left out and counted when absent.",
});

/** What else may choose, cap or write examples; each absent unless it was asked for. */
const selectionShape = {
  tools: namesSchema.optional().meta({ description: "Only episodes that called one of these tools." }),
  models: namesSchema.optional().meta({ description: "Only episodes of these models." }),
  tags: namesSchema.optional().meta({
    description: "Only episodes with one of these tags, in their metadata or in that of a reward.",
  }),
  include_endings: includeEndingsSchema,
  include_spelt_out: z.boolean().optional().meta({
    description:
      "Take also episodes whose question holds the name and the arguments of every call, such as calls of tools that were captured alone; left out and counted when absent.",
  }),
  min_per_tool: z.number().int().min(1).max(100_000).optional().meta({
    description: "Of each tool (by the first call) the best so many are kept before max_examples counts.",
  }),
  cap_by: z.enum(["tool", "model", "session", "source"]).optional().meta({
    description: "What `cap` counts by; `tool` when absent.",
  }),
  cap: z.number().int().min(1).max(10_000_000).optional().meta({
    description: "Most examples of one tool, model, session or reward source; the best rewarded stay.",
  }),
  max_tokens: z.number().int().min(16).max(1_000_000).optional().meta({
    description: "Longer examples are left out and counted; nothing is ever cut. 65,536 when absent.",
  }),
  for_model: z.string().min(1).max(256).optional().meta({
    description:
      "The base model that is to be trained: examples with pictures are left out and counted where it is not trained on them. Absent: they stay.",
  }),
  near_duplicates: nearDuplicatesSchema,
  learn: z.enum(["all", "last"]).optional().meta({
    description: "`last`: weight 0 on all assistant turns but the last.",
  }),
  min_gap: z.number().min(0).max(2).optional().meta({
    description: "DPO: least difference of score between two answers to one question; 0.5 when absent.",
  }),
  test_after: storedTimeSchema.optional().meta({
    description: "Conversations that begin at or after this time are the test side.",
  }),
  bom: z.boolean().optional().meta({ description: "Begin files with a byte-order mark." }),
} as const;

/** What decides a dataset's content, besides the ledger's state at the watermark. Its hash is part of the id. */
export const recipeSchema = z.strictObject({
  kind: z.enum(["episodes", "golden"]),
  min_reward: z.number().min(-1).max(1).optional(),
  sources: z.array(z.enum(REWARD_SOURCES)).min(1).optional(),
  start_date: storedTimeSchema.optional(),
  end_date: storedTimeSchema.optional(),
  max_examples: z.number().int().min(1),
  include_tools: z.boolean(),
  train_split: z.number().min(0).max(1),
  test_split: z.number().min(0).max(1).meta({
    description:
      "Share of groups reserved for evaluation and never trained on, taken before the train/validation split.",
  }),
  split_key: z.string().optional().meta({
    description: "Mark of the key that puts groups on sides, LIGHTNING_SPLIT_KEY; absent: its default.",
  }),
  system_prompt: z.string().optional(),
  source_sha256: z.string().optional().meta({ description: "Golden only: SHA-256 of the file's bytes." }),
  include_golden: z
    .array(idSchema)
    .optional()
    .meta({ description: "Golden datasets whose examples join the training side." }),
  format: z.enum(FORMATS).optional().meta({ description: "Absent: `sft`." }),
  ...selectionShape,
});
export type Recipe = z.output<typeof recipeSchema>;

export const buildDatasetInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  name: datasetNameSchema.meta({ description: "What people call it; two datasets may have one name." }),
  description: z.string().max(2000).optional().meta({ description: "What it is for, as text." }),
  min_reward: z
    .number()
    .min(-1)
    .max(1)
    .optional()
    .meta({ description: "Least average reward of an episode, -1 to 1; LIGHTNING_MIN_REWARD when absent." }),
  sources: z
    .array(z.enum(REWARD_SOURCES))
    .min(1)
    .optional()
    .meta({ description: "Reward sources that count; all when absent." }),
  ...periodShape,
  max_examples: z
    .number()
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .meta({ description: "Most examples kept, the best rewarded; LIGHTNING_MAX_EXAMPLES when absent." }),
  include_tools: z
    .boolean()
    .optional()
    .meta({ description: "Keep tools and tool calls in the lines; LIGHTNING_INCLUDE_TOOLS when absent." }),
  train_split: z.number().min(0.01).max(1).optional().meta({
    description: "Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent.",
  }),
  test_split: z
    .number()
    .min(0)
    .max(0.9)
    .optional()
    .meta({ description: "Share of the groups that is set aside as a test side, 0 to 0.9; 0 when absent." }),
  system_prompt: z
    .string()
    .max(100_000)
    .optional()
    .meta({ description: "The system message of every example, in the place of the episode's own." }),
  include_golden: z
    .array(idSchema)
    .max(20)
    .optional()
    .meta({ description: "Golden datasets whose lines join this one, by id, at most 20." }),
  format: z.enum(FORMATS).optional().meta({
    description:
      "Form of the lines: `sft` for supervised training, `dpo` pairs, `rft` for reinforcement, `chat` turns alone, `legacy_text` tool calls as text; `sft` when absent.",
  }),
  ...selectionShape,
  test_after: timeSchema.optional().meta({
    description:
      "Conversations that begin at or after this time are the test side; a day alone is its first instant, UTC.",
  }),
});

/** Lines are redacted as the JSON that they are, and the answer tells which were. */
const linesSchema = redactedLater("each line is redacted when it is read", z.string().min(1));

export const goldenPartInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  name: datasetNameSchema.meta({ description: "Name of the golden dataset that it becomes part of." }),
  content: linesSchema.meta({ description: "Whole lines of the file, JSONL." }),
  first_line: z.number().int().min(1).default(1).meta({
    description: "Number of the part's first line in the file; 1 starts over and drops earlier parts.",
  }),
  format: z.enum(["sft", "dpo", "rft"]).optional().meta({
    description: "What the lines are; `sft` when absent, to which exports of other tools are converted.",
  }),
  include_endings: includeEndingsSchema,
});

export const buildGoldenInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  name: datasetNameSchema.meta({ description: "What people call it; two datasets may have one name." }),
  description: z.string().max(2000).optional().meta({ description: "What it is for, as text." }),
  content: linesSchema.optional().meta({
    description:
      "The file's text, JSONL; or give `parts`. A line may say its `session_id`: lines of one session are one group.",
  }),
  parts: z
    .array(keptExact("files are found by it", z.string().regex(/^[0-9a-f]{64}$/)))
    .min(1)
    .max(20_000)
    .optional()
    .meta({
      description:
        "In the place of `content`: what addGoldenPart answered for each part of a large file, in order.",
    }),
  train_split: z.number().min(0.01).max(1).optional().meta({
    description: "Share of the groups on the training side, 0.01 to 1; LIGHTNING_TRAIN_SPLIT when absent.",
  }),
  test_split: z.number().min(0).max(1).optional().meta({
    description:
      "Share of the groups set aside as a test side, 0 to 1; 1 makes the whole file a test set that is never trained on.",
  }),
  format: z.enum(["sft", "dpo", "rft"]).optional().meta({
    description: "What the lines are; `sft` when absent, to which exports of other tools are converted.",
  }),
  include_endings: includeEndingsSchema,
  near_duplicates: nearDuplicatesSchema,
  bom: z.boolean().optional().meta({ description: "Write the files with a byte-order mark." }),
});
