import type { Clock } from "../kernel/clock.ts";
import { decoded } from "./doors.ts";
import { fileRoutes } from "./file-routes.ts";
import type { ProviderFiles } from "./files.ts";
import { type Route, WireError, type WireReply, type WireRequest } from "./http.ts";
import { jobRoutes } from "./job-routes.ts";
import type { JobRunner } from "./jobs.ts";
import { modelRoutes } from "./model-routes.ts";
import type { Models } from "./models.ts";
import type { ProviderStore } from "./store.ts";

/** What OpenAI has besides (uploads in parts, responses, embeddings, moderations, …) is told apart by this sentence. */
const OFFER =
  "The local provider has files, fine-tuning jobs, models and chat completions, and nothing else.";

/** Every endpoint, from a request to its reply. */
export function createRoutes(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly jobs: JobRunner;
  readonly models: Models;
  readonly clock: Clock;
  readonly chat: (request: WireRequest) => Promise<WireReply>;
}): (request: WireRequest) => Promise<WireReply> {
  const routes: readonly Route[] = [
    ...fileRoutes(deps),
    ...jobRoutes(deps),
    ...modelRoutes(deps.models),
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
      if (method === request.method) return await handler(request, decoded(match[1] ?? ""));
    }
    throw known
      ? new WireError(405, "method_not_allowed", `${request.method} is not possible on ${request.path}.`)
      : new WireError(404, "unknown_url", `Unknown request URL: ${request.method} ${request.path}. ${OFFER}`);
  };
}
