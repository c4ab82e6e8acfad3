import { z } from "zod";

/** What every refusal looks like. */
export const errorSchema = z
  .object({
    error: z.object({
      code: z.string().meta({ description: "Stable; each has a heading in docs/errors.md." }),
      formerly: z.string().optional().meta({ description: "The code of the release before." }),
      message: z.string(),
      field: z.string().optional().meta({ description: "The input field at fault, as a path." }),
      remedy: z.string().optional(),
      details: z.unknown().optional(),
      retry_after_seconds: z
        .number()
        .int()
        .optional()
        .meta({ description: "When to try again; of 429 and 503, as the header Retry-After." }),
    }),
  })
  .meta({ id: "Error", description: "What every refusal looks like." });
