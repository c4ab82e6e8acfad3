import { randomUUID } from "node:crypto";
import { z } from "zod";
import { parseBody, unsupported } from "./bad-request.ts";
import type { Door } from "./doors.ts";
import { WireError } from "./http.ts";
import { methodSchema, readMethod, supervisedHyperparameters } from "./job-method.ts";
import type { Models } from "./models.ts";
import type { JobRow, ProviderStore } from "./store.ts";

const jobBody = z.strictObject({
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
  integrations: z.array(z.unknown()).nullish(),
});
/** The tier is Azure's own; here there is one machine. */
const azureBody = jobBody.extend({ trainingType: z.string().nullish() });

/**
 * The job that a request asks for. `createdAt`: seconds since the epoch.
 * @throws WireError 400 or 404 with OpenAI's codes
 */
export function newJob(
  body: unknown,
  {
    store,
    models,
    words,
  }: {
    readonly store: Pick<ProviderStore, "readFile">;
    readonly models: Pick<Models, "read">;
    readonly words: Door["words"];
  },
  createdAt: number,
): JobRow {
  const input = parseBody(words === "azure" ? azureBody : jobBody, body);
  if (input.integrations?.length) throw unsupported("integrations");
  models.read(input.model);
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
