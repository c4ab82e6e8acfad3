import type { Clock } from "../kernel/clock.ts";
import { fileRoutes } from "./file-routes.ts";
import type { ProviderFiles } from "./files.ts";
import { type Route, WireError, type WireReply, type WireRequest } from "./http.ts";
import { jobRoutes } from "./job-routes.ts";
import type { JobRunner } from "./jobs.ts";
import type { ProviderStore } from "./store.ts";

/** Every endpoint, from a request to its reply. */
export function createRoutes(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly chat: (request: WireRequest) => Promise<WireReply>;
}): (request: WireRequest) => Promise<WireReply> {
  const { store } = deps;
  const routes: readonly Route[] = [
    ...fileRoutes(deps),
    ...jobRoutes(deps),
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
