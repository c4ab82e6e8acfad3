import type { Logger, LogLevel } from "../kernel/logger.ts";
import type { RedactionPolicy } from "./policy.ts";
import { personalOf } from "./pseudonyms.ts";
import { redact, STANDARD } from "./redact.ts";

/** A logger whose lines hold no secret, wherever their texts come from: errors quote what they choked on. */
export function redactedLogger(logger: Logger, policy: RedactionPolicy = STANDARD): Logger {
  const at =
    (level: LogLevel): Logger[LogLevel] =>
    (message, fields) => {
      logger[level](safe(message, policy), fields && safe(fields, policy));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** By which a log is redacted that is of no agent: the standard rules, and the kinds of numbers that the settings name. */
export const logPolicy = (settings: Parameters<typeof personalOf>[0]): RedactionPolicy => ({
  ...STANDARD,
  ...personalOf(settings).policy,
});

/** What cannot be looked through is left out. */
function safe<T extends string | object>(value: T, policy: RedactionPolicy): T {
  try {
    return redact(value, policy).value;
  } catch {
    return (typeof value === "string" ? "[WITHHELD]" : {}) as T;
  }
}
