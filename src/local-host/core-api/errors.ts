import { format, types } from "node:util";

/** A fault of the app's use of the host, as the Node worker marks it; the library looks at the mark. */
export class SystemError extends Error {
  readonly isAzureFunctionsSystemError = true;
}

/** For an unknown hook: @azure/functions recognises an old host by exactly this name and mark. */
export class SystemRangeError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
}

/** Anything thrown as an Error, as the Node worker does it (its `ensureErrorType`). */
export function toError(thrown: unknown): Error {
  if (thrown instanceof Error || types.isNativeError(thrown)) return thrown;
  if (thrown === undefined || thrown === null) return new Error("Unknown error");
  if (typeof thrown === "object") return new Error(JSON.stringify(thrown));
  return new Error(format("%s", thrown));
}

/** An error's message and, below it, where it came from. */
export function failureText(error: Error): string {
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [error.message, ...frames].join("\n");
}
