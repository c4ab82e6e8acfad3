import { read } from "./calls.ts";
import { createClients, ONCE, type ProviderOptions } from "./clients.ts";
import type { Provider } from "./provider.ts";
import { chatBody, jobBody } from "./request-bodies.ts";
import { createUpload, UPLOAD_TIMEOUT_MS } from "./upload-file.ts";
import { chatSchema, checkpointSchema, eventSchema, fileSchema, jobSchema } from "./wire.ts";

/** Timeout of a chat call: reasoning models think for a while before their first byte. */
const CHAT_TIMEOUT_MS = 3 * 60_000;

/** The one adapter to Azure OpenAI and to the local provider, on the `openai` package's v1 paths. */
export function createProvider(options: ProviderOptions): Provider {
  const { kind } = options;
  const clients = createClients(options);
  const { client, datedClient, call, walk, toError } = clients;

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

    uploadFile: createUpload(options, clients),
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
        throw toError(error, what, false);
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
