import type { Settings } from "../config/settings.ts";
import type { PolicyOf } from "../redaction/policy.ts";
import { episodeReads } from "./read-operations.ts";
import { recordOperation } from "./record-operation.ts";
import type { EpisodeService } from "./service.ts";

/** The rows of episodes in the operations table. */
export function episodeOperations(deps: {
  service: EpisodeService;
  settings: Pick<Settings, "agentId" | "redactSecrets">;
  policyOf?: PolicyOf | undefined;
}) {
  return [recordOperation(deps), ...episodeReads(deps)];
}
