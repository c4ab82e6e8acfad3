import { randomUUID } from "node:crypto";
import { type ErrorBody, fatal, isLightningError, type LightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";

/**
 * What every door answers for something thrown. Our own errors are shown as they are; anything else is a fault of
 * ours: its text goes to the log under an id, the caller gets the id alone.
 */
export function toLightningError(thrown: unknown, where: string, logger?: Logger): LightningError {
  if (isLightningError(thrown)) return thrown;
  const errorId = randomUUID();
  logger?.error("unexpected error", { where, error_id: errorId, message: messageOf(thrown) });
  return fatal(
    "internal_error",
    "Something went wrong inside Agent Lightning; nothing is known to be stored.",
    {
      remedy: "Try again; if it stays, look for the error id in the log of the function app.",
      details: { error_id: errorId },
    },
  );
}

/** An error as text, for people: message first, then what helps. */
export function errorText(body: ErrorBody["error"]): string {
  return [
    body.message,
    `Code: ${body.code}`,
    ...(body.field === undefined ? [] : [`Field: ${body.field}`]),
    ...(body.remedy === undefined ? [] : [`Remedy: ${body.remedy}`]),
    ...(body.details === undefined ? [] : [`Details: ${JSON.stringify(body.details)}`]),
  ].join("\n");
}
