import { randomUUID } from "node:crypto";
import {
  type ErrorBody,
  fatal,
  invalid,
  isLightningError,
  type LightningError,
  messageOf,
} from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { redact } from "../redaction/redact.ts";

/**
 * What every door answers for something thrown. Our own errors are shown as they are; anything else is a fault of
 * ours: its text goes to the log under an id, the caller gets the id alone.
 */
export function toLightningError(thrown: unknown, where: string, logger?: Logger): LightningError {
  if (isLightningError(thrown)) return thrown.code === "invalid_input" ? withoutSecrets(thrown) : thrown;
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

/**
 * What a schema refuses is told by the names that the caller gave, which may be anything. By the standard rules: a call
 * that was refused is of no agent yet. It is answered to who sent it, and kept nowhere.
 */
function withoutSecrets(error: LightningError): LightningError {
  const { message, field, remedy, details } = error;
  const { value, counts } = redact({ message, field, remedy, details });
  return Object.keys(counts).length === 0 ? error : invalid(error.code, value.message, value);
}

/** An error as text, for people: message first, then what helps. */
export function errorText(body: ErrorBody["error"]): string {
  return [
    body.message,
    `Code: ${body.code}`,
    ...(body.field === undefined ? [] : [`Field: ${body.field}`]),
    ...(body.remedy === undefined ? [] : [`Remedy: ${body.remedy}`]),
    ...(body.retry_after_seconds === undefined ? [] : [`Try again after: ${body.retry_after_seconds} s`]),
    ...(body.details === undefined ? [] : [`Details: ${JSON.stringify(body.details)}`]),
  ].join("\n");
}
