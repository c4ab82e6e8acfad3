import { z } from "zod";
import { agentIdSchema, idSchema } from "../doors/schemas.ts";

/** What estimates ask of whoever keeps prices and limits: dated rows. What no row says is unknown, never 0. */
export interface PriceTables {
  readonly prices: readonly {
    readonly what: "training" | "reinforcement training" | "hosting";
    readonly model?: string | undefined;
    readonly training_type?: string | undefined;
    readonly sku?: string | undefined;
    readonly usd: number;
    readonly per: string;
    readonly source: string;
    readonly as_of: string;
  }[];
  readonly quotas: readonly {
    readonly name: string;
    readonly limit: number;
    readonly source: string;
    readonly as_of: string;
  }[];
}

export const estimateInputSchema = z.strictObject({
  agent_id: agentIdSchema,
  dataset_id: idSchema.meta({ description: "The dataset that would be trained on." }),
  base_model: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: "Model to train from, with its date; LIGHTNING_BASE_MODEL when absent." }),
  n_epochs: z
    .union([z.number().int().min(1).max(50), z.literal("auto")])
    .optional()
    .meta({
      description:
        "Times that the training examples are gone through, 1 to 50 or `auto`; LIGHTNING_EPOCHS when absent.",
    }),
  training_type: z
    .string()
    .regex(/^[A-Za-z]{1,40}$/)
    .optional()
    .meta({ description: "Azure's tier, which decides the price; LIGHTNING_TRAINING_TYPE when absent." }),
});

const range = z.object({ low: z.number(), high: z.number() });
const counts = z.object({ low: z.number().int(), high: z.number().int() });
const dated = { source: z.string(), as_of: z.string() };

export const estimateSchema = z.object({
  agent_id: z.string(),
  dataset_id: z.string(),
  base_model: z.string(),
  method: z.string(),
  training_type: z.string(),
  encoding: z.string(),
  exact_vocabulary: z
    .boolean()
    .meta({ description: "False: another maker's model; its own vocabulary counts a little otherwise." }),
  examples: z.number().int(),
  tokens_per_epoch: z.number().int(),
  longest_example: z.number().int(),
  n_epochs: counts,
  training_tokens: counts,
  price: z
    .object({
      usd: z.number().meta({ description: "Dollars." }),
      per: z.string().meta({ description: "What they are for: `million training tokens`, an hour." }),
      ...dated,
    })
    .optional()
    .meta({ description: "Absent: no dated source says it." }),
  cost_usd: range.optional().meta({ description: "Absent: nobody can say; `notes` tell why." }),
  hosting: z.array(
    z.object({ sku: z.string(), usd_per_hour: z.number(), usd_per_month: z.number(), ...dated }),
  ),
  limits: z.array(
    z.object({
      name: z.string(),
      wanted: z.number(),
      limit: z.number(),
      within: z.boolean().optional().meta({ description: "Absent: it cannot be told." }),
      ...dated,
    }),
  ),
  within_limits: z.boolean().optional().meta({ description: "Absent: of some limit it cannot be told." }),
  notes: z.array(z.string()),
});
export type Estimate = z.output<typeof estimateSchema>;
export type EstimateInput = z.output<typeof estimateInputSchema>;
