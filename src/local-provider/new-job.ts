import { randomUUID } from "node:crypto";
import { z } from "zod";
import { WireError } from "./http.ts";
import { methodSchema, readMethod, supervisedHyperparameters } from "./job-method.ts";
import type { JobRow, ProviderStore } from "./store.ts";

const jobBody = z.looseObject({
  model: z.string().min(1),
  training_file: z.string().min(1),
  validation_file: z.string().min(1).nullish(),
  suffix: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .nullish(),
  seed: z.number().int().min(0).max(2_147_483_647).nullish(),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .refine((pairs) => Object.keys(pairs).length <= 16, "at most 16 pairs")
    .nullish(),
  hyperparameters: supervisedHyperparameters.nullish(),
  method: methodSchema.nullish(),
});

/**
 * The job that a request asks for. `createdAt`: seconds since the epoch.
 * @throws WireError 400 or 404 with OpenAI's codes
 */
export function newJob(
  body: unknown,
  store: Pick<ProviderStore, "readModel" | "readFile">,
  createdAt: number,
): JobRow {
  const parsed = jobBody.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new WireError(400, "invalid_value", issue?.message ?? "not valid", {
      param: issue?.path.join(".") ?? "",
    });
  }
  const input = parsed.data;
  if (input.model.includes(".local-ft-") && store.readModel(input.model) === undefined)
    throw new WireError(404, "model_not_found", `The model '${input.model}' does not exist.`, {
      param: "model",
    });
  for (const param of ["training_file", "validation_file"] as const) {
    const id = input[param];
    if (id && store.readFile(id) === undefined)
      throw new WireError(400, "invalid_file", `invalid ${param}: ${id}`, { param });
  }
  return {
    id: `ftjob-${randomUUID().replaceAll("-", "")}`,
    status: "validating_files",
    model: input.model,
    training_file: input.training_file,
    validation_file: input.validation_file ?? null,
    ...readMethod(input.method, input.hyperparameters),
    seed: input.seed ?? 42,
    suffix: input.suffix ?? null,
    metadata: input.metadata ?? {},
    created_at: createdAt,
    finished_at: null,
    fine_tuned_model: null,
    result_files: [],
    trained_tokens: null,
    error: null,
  };
}
