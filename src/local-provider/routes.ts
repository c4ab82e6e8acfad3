import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../kernel/clock.ts";
import type { ProviderFiles } from "./files.ts";
import { page, WireError, type WireReply, type WireRequest } from "./http.ts";
import { isTerminal, type JobRunner } from "./jobs.ts";
import type { FileRow, JobRow, ProviderStore } from "./store.ts";

type Handler = (request: WireRequest, id: string) => Promise<WireReply> | WireReply;

const numberOrAuto = z.union([z.number().positive(), z.literal("auto")]).optional();
const hyperparametersSchema = z.looseObject({
  n_epochs: z.union([z.number().int().min(1).max(50), z.literal("auto")]).optional(),
  batch_size: z.union([z.number().int().min(1).max(256), z.literal("auto")]).optional(),
  learning_rate_multiplier: numberOrAuto,
});
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
  hyperparameters: hyperparametersSchema.nullish(),
  method: z
    .looseObject({
      type: z.string(),
      supervised: z.looseObject({ hyperparameters: hyperparametersSchema.nullish() }).nullish(),
    })
    .nullish(),
});

/** Every endpoint: method, path (`*` stands for an id) and what it does. */
export function createRoutes(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly chat: (request: WireRequest) => Promise<WireReply>;
}): (request: WireRequest) => Promise<WireReply> {
  const { store, files, jobs, clock } = deps;
  const seconds = () => Math.floor(clock.now() / 1000);
  const readJob = (id: string): JobRow => {
    const job = store.readJob(id);
    if (job === undefined)
      throw new WireError(404, "fine_tune_not_found", `Could not find fine-tuning job: ${id}`, {
        param: "id",
      });
    return job;
  };
  const going = (id: string, verb: string): JobRow => {
    const job = readJob(id);
    if (isTerminal(job.status))
      throw new WireError(400, "invalid_job_state", `The job has ${job.status} and cannot be ${verb}.`);
    return job;
  };

  const routes: readonly [string, string, Handler][] = [
    [
      "POST",
      "/files",
      async (request) => {
        const form = await request.form();
        const file = form.get("file");
        if (file === null || typeof file === "string")
          throw new WireError(400, "missing_file", "The form has no file.", { param: "file" });
        if (form.get("purpose") !== "fine-tune")
          throw new WireError(400, "invalid_purpose", "The only purpose here is 'fine-tune'.", {
            param: "purpose",
          });
        if (file.size === 0) throw new WireError(400, "empty_file", "The file is empty.", { param: "file" });
        return { json: fileView(await files.upload(file.stream(), file.name)) };
      },
    ],
    [
      "GET",
      "/files",
      (request) => {
        const purpose = request.query.get("purpose");
        const all = store.listFiles().filter((row) => purpose === null || row.purpose === purpose);
        return {
          json: page(
            (request.query.get("order") === "asc" ? all.toReversed() : all).map(fileView),
            request.query,
            10_000,
          ),
        };
      },
    ],
    ["GET", "/files/*", (_request, id) => ({ json: fileView(files.read(id)) })],
    [
      "GET",
      "/files/*/content",
      (_request, id) => ({ bytes: files.content(id), contentType: "application/octet-stream" }),
    ],
    [
      "DELETE",
      "/files/*",
      async (_request, id) => {
        await files.delete(id);
        return { json: { id, object: "file", deleted: true } };
      },
    ],
    [
      "POST",
      "/fine_tuning/jobs",
      async (request) => {
        const parsed = jobBody.safeParse(await request.json());
        if (!parsed.success) {
          const issue = parsed.error.issues[0];
          throw new WireError(400, "invalid_value", issue?.message ?? "not valid", {
            param: issue?.path.join(".") ?? "",
          });
        }
        const input = parsed.data;
        const method = input.method?.type ?? "supervised";
        if (method !== "supervised")
          throw new WireError(400, "unsupported_method", `The local provider has no '${method}' training.`, {
            param: "method",
          });
        if (input.model.includes(".local-ft-") && store.readModel(input.model) === undefined)
          throw new WireError(404, "model_not_found", `The model '${input.model}' does not exist.`, {
            param: "model",
          });
        for (const param of ["training_file", "validation_file"] as const) {
          const id = input[param];
          if (id && store.readFile(id) === undefined)
            throw new WireError(400, "invalid_file", `invalid ${param}: ${id}`, { param });
        }
        const chosen = { ...input.hyperparameters, ...input.method?.supervised?.hyperparameters };
        const hyperparameters = Object.fromEntries(
          (["n_epochs", "batch_size", "learning_rate_multiplier"] as const).map((key) => [
            key,
            chosen[key] ?? "auto",
          ]),
        );
        const job: JobRow = {
          id: `ftjob-${randomUUID().replaceAll("-", "")}`,
          status: "validating_files",
          model: input.model,
          training_file: input.training_file,
          validation_file: input.validation_file ?? null,
          hyperparameters,
          seed: input.seed ?? 42,
          suffix: input.suffix ?? null,
          metadata: input.metadata ?? {},
          created_at: seconds(),
          finished_at: null,
          fine_tuned_model: null,
          result_files: [],
          trained_tokens: null,
          error: null,
        };
        store.putJob(job);
        jobs.start(job.id);
        return { json: jobView(job) };
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs",
      (request) => {
        const wanted = [...request.query].flatMap(([key, value]) => {
          const name = /^metadata\[(.+)\]$/.exec(key)?.[1];
          return name === undefined ? [] : [[name, value] as const];
        });
        const all = store
          .listJobs()
          .filter((job) => wanted.every(([name, value]) => job.metadata[name] === value));
        return { json: page(all.map(jobView), request.query, 100) };
      },
    ],
    ["GET", "/fine_tuning/jobs/*", (_request, id) => ({ json: jobView(readJob(id)) })],
    [
      "POST",
      "/fine_tuning/jobs/*/cancel",
      (_request, id) => {
        going(id, "cancelled");
        return { json: jobView(jobs.cancel(id)) };
      },
    ],
    [
      "POST",
      "/fine_tuning/jobs/*/pause",
      (_request, id) => {
        if (going(id, "paused").status !== "running")
          throw new WireError(400, "invalid_job_state", "Only a running job can be paused.");
        return { json: jobView(jobs.setStatus(id, "paused", "The job was paused")) };
      },
    ],
    [
      "POST",
      "/fine_tuning/jobs/*/resume",
      (_request, id) => {
        if (going(id, "resumed").status !== "paused")
          throw new WireError(400, "invalid_job_state", "Only a paused job can be resumed.");
        return { json: jobView(jobs.setStatus(id, "running", "The job goes on")) };
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs/*/events",
      (request, id) => {
        readJob(id);
        const events = store
          .listEvents(id)
          .map(({ job_id: _job, seq: _seq, ...event }) => ({ object: "fine_tuning.job.event", ...event }));
        return { json: page(events, request.query, 1000) };
      },
    ],
    [
      "GET",
      "/fine_tuning/jobs/*/checkpoints",
      (request, id) => {
        readJob(id);
        const checkpoints = store.listCheckpoints(id).map(({ job_id, ...checkpoint }) => ({
          object: "fine_tuning.job.checkpoint",
          fine_tuning_job_id: job_id,
          ...checkpoint,
        }));
        return { json: page(checkpoints, request.query, 100) };
      },
    ],
    [
      "GET",
      "/models",
      () => {
        // Any name without `.local-ft-` is answered by the one untrained model; those that jobs used are listed.
        const bases = [...new Set(store.listJobs().map((job) => job.model))].filter(
          (name) => !name.includes(".local-ft-"),
        );
        const rows = [...bases.map((name) => ({ name, created_at: 0 })), ...store.listModels()];
        const data = rows.map(({ name, created_at }) => ({
          id: name,
          object: "model",
          created: created_at,
          owned_by: "local",
        }));
        return { json: { object: "list", data } };
      },
    ],
    ["POST", "/chat/completions", (request) => deps.chat(request)],
  ];
  const table = routes.map(([method, path, handler]) => ({
    method,
    pattern: new RegExp(`^${path.replaceAll("*", "([^/]+)")}$`),
    handler,
  }));
  return async (request) => {
    let known = false;
    for (const { method, pattern, handler } of table) {
      const match = pattern.exec(request.path);
      if (match === null) continue;
      known = true;
      if (method === request.method) return await handler(request, decodeURIComponent(match[1] ?? ""));
    }
    throw known
      ? new WireError(405, "method_not_allowed", `${request.method} is not possible on ${request.path}.`)
      : new WireError(404, "unknown_url", `Unknown request URL: ${request.method} ${request.path}.`);
  };
}

const fileView = (row: FileRow) => ({ object: "file", ...row });
const jobView = (job: JobRow) => ({
  object: "fine_tuning.job",
  ...job,
  organization_id: "local",
  estimated_finish: null,
  integrations: [],
  method: { type: "supervised", supervised: { hyperparameters: job.hyperparameters } },
});
