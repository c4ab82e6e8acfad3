import { conflict, forbidden, type LightningError } from "../../kernel/errors.ts";
import type { Deployment } from "../contract.ts";

/** Codes that a caller can act on are told as themselves. */
export function notPromoted(record: Deployment): LightningError {
  const { failure } = record;
  const details = {
    deployment_id: record.id,
    deployment_name: record.deployment_name,
    state: record.state,
    ...(failure?.candidates === undefined ? {} : { candidates: failure.candidates }),
  };
  if (failure?.code === "deployment_quota")
    return conflict("deployment_quota", failure.message, {
      field: "prune",
      remedy:
        'Promote with prune: "oldest_inactive" to let the oldest idle deployment go, or remove one yourself.',
      details,
    });
  if (failure?.code === "permission_missing")
    return forbidden("permission_missing", failure.message, {
      remedy:
        "Give the app's identity the role Cognitive Services Contributor on the account, or promote with deployment_name.",
      details,
    });
  return conflict(
    "promotion_failed",
    `The model was not put into service: ${record.error ?? "no reason given"}`,
    { remedy: "What served before still serves. Promote again when the cause is gone.", details },
  );
}
