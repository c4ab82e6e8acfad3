import { Readable } from "node:stream";
import { type Abortable, read } from "./calls.ts";
import { createClients, ONCE, type ProviderOptions } from "./clients.ts";
import type { Provider } from "./provider.ts";
import { chatBody, jobBody } from "./request-bodies.ts";
import { createUpload, UPLOAD_TIMES } from "./upload-file.ts";
import { chatSchema, checkpointSchema, eventSchema, fileSchema, jobSchema } from "./wire.ts";

/** A chat may take so many times as long as another request: reasoning models think for a while before their first byte. */
const CHAT_TIMES = 3;
/** Longest time that a ping may take: somebody waits for the health of the app. */
const PING_MS = 10_000;

/** The one adapter to Azure OpenAI and to the local provider, on the `openai` package's v1 paths. */
export function createProvider(setup: ProviderOptions): Provider {
  const { kind } = setup;
  const clients = createClients(setup);
  const { client, datedClient, call, walk, each, timeoutMs } = clients;

  return {
    kind,
    ...(kind === "azure"
      ? {
          async deleteJob(id: string): Promise<void> {
            await call(`deleting job ${id}`, false, (options) =>
              datedClient().delete(`/fine_tuning/jobs/${encodeURIComponent(id)}`, options),
            );
          },
        }
      : {}),

    uploadFile: createUpload(setup, clients),
    listFiles: () =>
      walk(fileSchema, "listing files", (options) =>
        client.files.list({ purpose: "fine-tune", limit: 1000, order: "desc" }, options),
      ),
    async readFile(id) {
      const what = `reading file ${id}`;
      return read(fileSchema, what, await call(what, false, (options) => client.files.retrieve(id, options)));
    },
    async *fileContent(id) {
      const what = `reading the content of file ${id}`;
      const timeout = UPLOAD_TIMES * timeoutMs;
      const open = async (options: Abortable) => {
        const { body } = await client.files.content(id, { ...options, timeout });
        return (body ?? Readable.from([])) as AsyncIterable<Uint8Array>;
      };
      yield* each(what, open, timeout);
    },
    async deleteFile(id) {
      await call(`deleting file ${id}`, false, (options) => client.files.delete(id, options));
    },

    async createJob(request) {
      const what = "creating a training job";
      const raw = await call(what, true, (options) =>
        client.fineTuning.jobs.create(jobBody(kind, request), { ...ONCE, ...options }),
      );
      return read(jobSchema, what, raw, true);
    },
    listJobs: () =>
      walk(jobSchema, "listing jobs", (options) => client.fineTuning.jobs.list({ limit: 100 }, options)),
    async readJob(id) {
      const what = `reading job ${id}`;
      return read(
        jobSchema,
        what,
        await call(what, false, (options) => client.fineTuning.jobs.retrieve(id, options)),
      );
    },
    async cancelJob(id) {
      const what = `cancelling job ${id}`;
      return read(
        jobSchema,
        what,
        await call(what, false, (options) => client.fineTuning.jobs.cancel(id, options)),
      );
    },
    listEvents: (id) =>
      walk(eventSchema, `listing events of job ${id}`, (options) =>
        client.fineTuning.jobs.listEvents(id, { limit: 100 }, options),
      ),
    listCheckpoints: (id) =>
      walk(checkpointSchema, `listing checkpoints of job ${id}`, (options) =>
        client.fineTuning.jobs.checkpoints.list(id, { limit: 100 }, options),
      ),

    async chat(request, { signal } = {}) {
      const what = `asking ${request.model}`;
      const timeout = CHAT_TIMES * timeoutMs;
      const raw = await call(
        what,
        false,
        (options) =>
          client.chat.completions.create(chatBody(request), {
            timeout,
            signal: signal === undefined ? options.signal : AbortSignal.any([options.signal, signal]),
          }),
        timeout,
      );
      return read(chatSchema, what, raw);
    },
    async ping() {
      const timeout = Math.min(timeoutMs, PING_MS);
      await call(
        "asking for models",
        false,
        (options) => client.models.list({ ...ONCE, ...options, timeout }),
        timeout,
      );
    },
  };
}
