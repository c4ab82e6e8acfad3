import { z } from "zod";
import { messageSchema } from "../doors/chat.ts";
import type { ChatReply, ProviderCheckpoint, ProviderEvent, ProviderFile, ProviderJob } from "./provider.ts";

/**
 * What comes back, read with tolerance: Azure has states (`pending`, `paused`, …) that the package's types do not name,
 * leaves fields out, and adds some. Only what the port needs must be there.
 */
const text = z.string();
const optionalText = z
  .string()
  .nullish()
  .transform((value) => value || undefined);
const optionalNumber = z
  .number()
  .nullish()
  .transform((value) => value ?? undefined);
const texts = z
  .record(z.string(), z.unknown())
  .nullish()
  .transform((pairs) =>
    Object.fromEntries(
      Object.entries(pairs ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
    ),
  );

export const fileSchema = z
  .object({
    id: text,
    filename: z.string().catch(""),
    bytes: z.number().catch(0),
    status: z.string().catch("unknown"),
    status_details: z.unknown().optional(),
  })
  .transform(
    ({ status, status_details: detail, ...rest }): ProviderFile => ({
      ...rest,
      state: status,
      detail: detail == null ? undefined : typeof detail === "string" ? detail : JSON.stringify(detail),
    }),
  );

const shown = (value: unknown): string =>
  typeof value === "string" ? value : value == null ? "" : JSON.stringify(value);

/** An error object has been seen as null, as text, as an object with nulls, and empty on jobs that did not fail. */
const jobError = z.unknown().transform((raw): ProviderJob["error"] => {
  if (raw == null || raw === "") return undefined;
  if (typeof raw !== "object") return { code: "provider_error", message: shown(raw) };
  const { code, message, param } = raw as { code?: unknown; message?: unknown; param?: unknown };
  if (!code && !message) return undefined;
  return {
    code: shown(code) || "provider_error",
    message: shown(message) || shown(code),
    ...(param ? { param: shown(param) } : {}),
  };
});

export const jobSchema = z
  .object({
    id: text,
    status: z.string().catch("unknown"),
    model: z.string().catch(""),
    training_file: z.string().catch(""),
    validation_file: optionalText,
    fine_tuned_model: optionalText,
    // Azure has returned objects here as well as ids.
    result_files: z
      .array(z.union([z.string(), z.looseObject({ id: z.string() }).transform((file) => file.id)]))
      .nullish()
      .transform((ids) => ids ?? []),
    trained_tokens: optionalNumber,
    error: jobError.optional(),
    metadata: texts,
    created_at: z.number(),
    finished_at: optionalNumber,
  })
  .transform(
    ({ status, created_at, finished_at, ...rest }): ProviderJob => ({
      ...rest,
      state: status,
      created_at: created_at * 1000,
      finished_at: finished_at === undefined ? undefined : finished_at * 1000,
    }),
  );

export const eventSchema = z
  .object({
    id: text,
    created_at: z.number(),
    level: z.string().catch("info"),
    message: z.string().catch(""),
    data: z.unknown().optional(),
  })
  .transform((event): ProviderEvent => ({ ...event, created_at: event.created_at * 1000 }));

export const checkpointSchema = z
  .object({
    id: text,
    fine_tuned_model_checkpoint: z.string().catch(""),
    step_number: z.number().catch(0),
    metrics: z
      .record(z.string(), z.unknown())
      .nullish()
      .transform((metrics) =>
        Object.fromEntries(
          Object.entries(metrics ?? {}).filter(
            (pair): pair is [string, number] => typeof pair[1] === "number",
          ),
        ),
      ),
  })
  .transform(
    (one): ProviderCheckpoint => ({
      id: one.id,
      model: one.fine_tuned_model_checkpoint,
      step: one.step_number,
      metrics: one.metrics,
    }),
  );

export const chatSchema = z
  .object({
    model: z.string().catch(""),
    choices: z.array(z.object({ message: messageSchema, finish_reason: z.string().nullish() })).min(1),
    usage: z
      .object({
        prompt_tokens: z.number().catch(0),
        completion_tokens: z.number().catch(0),
        total_tokens: z.number().catch(0),
      })
      .nullish(),
  })
  .transform(({ model, choices, usage }): ChatReply => {
    const [choice] = choices as [(typeof choices)[number]];
    return {
      message: choice.message,
      model,
      finish_reason: choice.finish_reason ?? "stop",
      usage: usage ?? { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    };
  });
