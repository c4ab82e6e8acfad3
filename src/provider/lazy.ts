import type { Provider } from "./provider.ts";

/** A provider that is made (and, if local, started) at its first use; a failed start is retried at the next use. */
export function lazyProvider(kind: Provider["kind"], make: () => Promise<Provider>): Provider {
  let made: Promise<Provider> | undefined;
  let now: Provider | undefined;
  const get = () => {
    made ??= make().then(
      (provider) => (now = provider),
      (error: unknown) => {
        made = undefined;
        throw error;
      },
    );
    return made;
  };
  const later = async function* <T>(list: (provider: Provider) => AsyncIterable<T>): AsyncGenerator<T> {
    yield* list(await get());
  };
  return {
    kind,
    uploadFile: async (file) => (await get()).uploadFile(file),
    listFiles: () => later((provider) => provider.listFiles()),
    readFile: async (id) => (await get()).readFile(id),
    fileContent: (id) => later((provider) => provider.fileContent(id)),
    deleteFile: async (id) => (await get()).deleteFile(id),
    createJob: async (request) => (await get()).createJob(request),
    listJobs: () => later((provider) => provider.listJobs()),
    readJob: async (id) => (await get()).readJob(id),
    cancelJob: async (id) => (await get()).cancelJob(id),
    listEvents: (id) => later((provider) => provider.listEvents(id)),
    listCheckpoints: (id) => later((provider) => provider.listCheckpoints(id)),
    chat: async (request, options) => (await get()).chat(request, options),
    ping: async () => (await get()).ping(),
    local: () => now?.local?.(),
  };
}
