import { createWriteStream, openAsBlob } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import OpenAI, { AzureOpenAI } from "openai";
import type { z } from "zod";
import { unavailable } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { toProviderError } from "./errors.ts";
import type { ChatRequest, Provider, ProviderFile, ProviderJobRequest } from "./provider.ts";
import { chatSchema, checkpointSchema, eventSchema, fileSchema, jobSchema } from "./wire.ts";

export interface ProviderOptions {
  readonly kind: Provider["kind"];
  /** Ends with `/openai/v1` or `/openai/v1/`. */
  readonly baseURL: string;
  /** A function is asked before every request, so that an Entra token never grows old. */
  readonly apiKey: string | (() => Promise<string>);
  readonly logger: Logger;
  readonly fetch?: typeof globalThis.fetch;
  /** Retries of requests that only read; those that make something are sent once. Default 2. */
  readonly readRetries?: number;
  /** Timeout of one request, default 60 s; uploads and chat have their own. */
  readonly timeoutMs?: number;
  /** Files from this size on go up in parts; for tests. */
  readonly partsFrom?: number;
  readonly partBytes?: number;
}

/** Timeout of an upload: a file of 512 MB over a slow line. */
const UPLOAD_TIMEOUT_MS = 10 * 60_000;
/** Timeout of a chat call: reasoning models think for a while before their first byte. */
const CHAT_TIMEOUT_MS = 3 * 60_000;
/** Azure accepts one upload above some 150 MB and then fails the job: larger files go up in parts (docs/facts.md#large-uploads). */
const PARTS_FROM = 100 * 1024 * 1024;
const PART_BYTES = 64 * 1024 * 1024;
/** Uploads in parts and the removal of jobs are not on the v1 paths. */
const DATED_VERSION = "2025-04-01-preview";
/** `maxRetries` is 2 in the package, also for POST fine_tuning/jobs: three jobs for one request. */
const ONCE = { maxRetries: 0 } as const;

/** The one adapter to Azure OpenAI and to the local provider, on the `openai` package's v1 paths. */
export function createProvider(options: ProviderOptions): Provider {
  const { kind, apiKey, readRetries = 2 } = options;
  const client = new OpenAI({
    baseURL: options.baseURL.replace(/\/*$/, "/"),
    apiKey,
    // Azure takes its keys in a header of their own; Entra tokens go as Bearer.
    ...(kind === "azure" && typeof apiKey === "string"
      ? { defaultHeaders: { "api-key": apiKey, authorization: null } }
      : {}),
    maxRetries: readRetries,
    timeout: options.timeoutMs ?? 60_000,
    // The package would take these from the environment: nothing of another account may be sent.
    adminAPIKey: null,
    organization: null,
    project: null,
    logLevel: "off",
    ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
  });

  /** The paths with an api-version, made at first use. */
  let dated: AzureOpenAI | undefined;
  const datedClient = () => {
    dated ??= new AzureOpenAI({
      baseURL: options.baseURL.replace(/\/v1\/*$/, ""),
      apiVersion: DATED_VERSION,
      ...(typeof apiKey === "string" ? { apiKey } : { azureADTokenProvider: apiKey }),
      maxRetries: 0,
      timeout: options.timeoutMs ?? 60_000,
      organization: null,
      project: null,
      logLevel: "off",
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
    });
    return dated;
  };

  /** Until it is completed there is no file; what a lost answer leaves behind expires at the service. */
  async function uploadInParts(name: string, content: Blob): Promise<ProviderFile> {
    const what = "uploading a file in parts";
    const { uploads } = datedClient();
    const upload = await call(what, false, () =>
      uploads.create({
        bytes: content.size,
        filename: name,
        mime_type: "application/jsonl",
        purpose: "fine-tune",
      }),
    );
    const partBytes = options.partBytes ?? PART_BYTES;
    const part_ids: string[] = [];
    for (let at = 0; at < content.size; at += partBytes) {
      const data = new File([content.slice(at, at + partBytes)], "part");
      const part = await call(what, false, () =>
        uploads.parts.create(upload.id, { data }, { timeout: UPLOAD_TIMEOUT_MS }),
      );
      part_ids.push(part.id);
    }
    const done = await call(what, true, () =>
      uploads.complete(upload.id, { part_ids }, { timeout: UPLOAD_TIMEOUT_MS }),
    );
    return read(fileSchema, what, done.file, true);
  }

  return {
    kind,
    ...(kind === "azure"
      ? {
          async deleteJob(id: string): Promise<void> {
            await call(`deleting job ${id}`, false, () =>
              datedClient().delete(`/fine_tuning/jobs/${encodeURIComponent(id)}`),
            );
          },
        }
      : {}),

    async uploadFile({ name, content }) {
      const what = "uploading a file";
      // Through a file on disk: the package needs a length, and a Blob of a file is read piece by piece.
      const folder = await mkdtemp(path.join(tmpdir(), "lightning-upload-"));
      try {
        const draft = path.join(folder, "upload.jsonl");
        await pipeline(Readable.from(content), createWriteStream(draft));
        const blob = await openAsBlob(draft);
        if (kind === "azure" && blob.size >= (options.partsFrom ?? PARTS_FROM))
          return await uploadInParts(name, blob);
        const file = new File([blob], name);
        const raw = await call(what, true, () =>
          client.files.create({ file, purpose: "fine-tune" }, { ...ONCE, timeout: UPLOAD_TIMEOUT_MS }),
        );
        return read(fileSchema, what, raw, true);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    listFiles: () =>
      walk(fileSchema, "listing files", () =>
        client.files.list({ purpose: "fine-tune", limit: 1000, order: "desc" }),
      ),
    async readFile(id) {
      const what = `reading file ${id}`;
      return read(fileSchema, what, await call(what, false, () => client.files.retrieve(id)));
    },
    async *fileContent(id) {
      const what = `reading the content of file ${id}`;
      const response = await call(what, false, () =>
        client.files.content(id, { timeout: UPLOAD_TIMEOUT_MS }),
      );
      try {
        if (response.body !== null) yield* response.body as unknown as AsyncIterable<Uint8Array>;
      } catch (error) {
        throw toProviderError(error, what, false);
      }
    },
    async deleteFile(id) {
      await call(`deleting file ${id}`, false, () => client.files.delete(id));
    },

    async createJob(request) {
      const what = "creating a training job";
      const raw = await call(what, true, () => client.fineTuning.jobs.create(jobBody(kind, request), ONCE));
      return read(jobSchema, what, raw, true);
    },
    listJobs: () => walk(jobSchema, "listing jobs", () => client.fineTuning.jobs.list({ limit: 100 })),
    async readJob(id) {
      const what = `reading job ${id}`;
      return read(jobSchema, what, await call(what, false, () => client.fineTuning.jobs.retrieve(id)));
    },
    async cancelJob(id) {
      const what = `cancelling job ${id}`;
      return read(jobSchema, what, await call(what, false, () => client.fineTuning.jobs.cancel(id)));
    },
    listEvents: (id) =>
      walk(eventSchema, `listing events of job ${id}`, () =>
        client.fineTuning.jobs.listEvents(id, { limit: 100 }),
      ),
    listCheckpoints: (id) =>
      walk(checkpointSchema, `listing checkpoints of job ${id}`, () =>
        client.fineTuning.jobs.checkpoints.list(id, { limit: 100 }),
      ),

    async chat(request, { signal } = {}) {
      const what = `asking ${request.model}`;
      const raw = await call(what, false, () =>
        client.chat.completions.create(chatBody(request), {
          timeout: CHAT_TIMEOUT_MS,
          ...(signal === undefined ? {} : { signal }),
        }),
      );
      return read(chatSchema, what, raw);
    },
    async ping() {
      await call("asking for models", false, () => client.models.list({ ...ONCE, timeout: 10_000 }));
    },
  };
}

async function call<T>(what: string, creates: boolean, send: () => PromiseLike<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    throw toProviderError(error, what, creates);
  }
}

/** A reply that cannot be read says nothing about whether the request was carried out. */
function read<S extends z.ZodType>(schema: S, what: string, raw: unknown, creates = false): z.output<S> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unavailable(
    "provider_unreadable",
    `${what}: the reply has no usable ${issue?.path.join(".") || "body"}.`,
    {
      ambiguous: creates,
    },
  );
}

/** Items of all pages; ends when a server that ignores `after` starts over. */
async function* walk<S extends z.ZodType<{ id: string }>>(
  schema: S,
  what: string,
  first: () => PromiseLike<AsyncIterable<unknown>>,
): AsyncGenerator<z.output<S>> {
  const seen = new Set<string>();
  try {
    for await (const raw of await first()) {
      const item = read(schema, what, raw);
      if (seen.has(item.id)) return;
      seen.add(item.id);
      yield item;
    }
  } catch (error) {
    throw toProviderError(error, what, false);
  }
}

/** `trainingType` is Azure's own and in no type of the package; other servers may refuse it. */
function jobBody(kind: Provider["kind"], request: ProviderJobRequest): OpenAI.FineTuning.JobCreateParams {
  const body: OpenAI.FineTuning.JobCreateParams & { trainingType?: string } = {
    model: request.model,
    training_file: request.training_file,
    method: methodBody(request),
    seed: request.seed,
    metadata: { ...request.metadata },
    ...(request.validation_file === undefined ? {} : { validation_file: request.validation_file }),
    ...(request.suffix === undefined ? {} : { suffix: request.suffix }),
    ...(kind === "azure" ? { trainingType: request.training_type } : {}),
  };
  return body;
}

function methodBody({ method = "supervised", hyperparameters, grader }: ProviderJobRequest) {
  const body = {
    type: method,
    [method]: { hyperparameters, ...(method === "reinforcement" ? { grader } : {}) },
  };
  return body as OpenAI.FineTuning.JobCreateParams["method"] & object;
}

function chatBody(request: ChatRequest): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { model, messages, tools, tool_choice, temperature, max_tokens } = request;
  return {
    model,
    // Both sides follow the same wire form; the package's union of message types is only narrower to write.
    messages: messages.map(
      ({ weight: _training, ...message }) => message,
    ) as OpenAI.ChatCompletionMessageParam[],
    ...(tools === undefined || tools.length === 0
      ? {}
      : {
          tools: tools as OpenAI.ChatCompletionTool[],
          ...(tool_choice === undefined ? {} : { tool_choice }),
        }),
    ...(temperature === undefined ? {} : { temperature }),
    // `max_tokens` is refused by the reasoning models; its successor is taken by all.
    ...(max_tokens === undefined ? {} : { max_completion_tokens: max_tokens }),
  };
}
