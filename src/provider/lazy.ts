import type { Provider } from "./provider.ts";

/**
 * A provider that is opened by the first call: starting the local one, or getting the first token, must not slow
 * down a start that may never need it. An opening that failed is tried again by the next call.
 */
export function lazyProvider(kind: Provider["kind"], open: () => Promise<Provider>): Provider {
  let opened: Promise<Provider> | undefined;
  const get = (): Promise<Provider> => {
    opened ??= open().catch((thrown: unknown) => {
      opened = undefined;
      throw thrown;
    });
    return opened;
  };
  async function* stream<T>(items: (provider: Provider) => AsyncIterable<T>): AsyncGenerator<T> {
    yield* items(await get());
  }
  return {
    kind,
    uploadFile: async (file) => (await get()).uploadFile(file),
    listFiles: () => stream((p) => p.listFiles()),
    readFile: async (id) => (await get()).readFile(id),
    fileContent: (id) => stream((p) => p.fileContent(id)),
    deleteFile: async (id) => (await get()).deleteFile(id),
    createJob: async (request) => (await get()).createJob(request),
    listJobs: () => stream((p) => p.listJobs()),
    readJob: async (id) => (await get()).readJob(id),
    cancelJob: async (id) => (await get()).cancelJob(id),
    listEvents: (id) => stream((p) => p.listEvents(id)),
    listCheckpoints: (id) => stream((p) => p.listCheckpoints(id)),
    chat: async (request, options) => (await get()).chat(request, options),
    ping: async () => (await get()).ping(),
  };
}
