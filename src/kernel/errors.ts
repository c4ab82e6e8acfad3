/**
 * The errors every room throws. A kind says what the caller can do; a `code` is stable and has a heading in
 * `docs/errors.md`. Nothing secret goes into a message: it is shown to callers and written to logs.
 */
export type ErrorKind =
  | "bad_request" // 400: cannot be read at all (not JSON, not UTF-8)
  | "invalid" // 422: read, but refused; nothing was stored
  | "unauthenticated" // 401: nobody known is asking
  | "forbidden" // 403: known, but not allowed
  | "not_found" // 404
  | "conflict" // 409: the state of the thing forbids it
  | "precondition" // 412: somebody else was faster; read again and retry
  | "too_large" // 413
  | "unsupported" // 415: not a content type or coding that is taken
  | "out_of_range" // 416: no byte of the file is in the range
  | "limited" // 429: too much was asked for; later the same is taken, see retryAfterMs
  | "unavailable" // 503: try again later, see retryAfterMs
  | "fatal"; // 500: a bug or a broken store; retrying does not help

const STATUS: Record<ErrorKind, number> = {
  bad_request: 400,
  invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 412,
  too_large: 413,
  unsupported: 415,
  out_of_range: 416,
  limited: 429,
  unavailable: 503,
  fatal: 500,
};

export interface ErrorFacts {
  /** The input field at fault, as a path: `messages.0.role`. */
  field?: string | undefined;
  /** What the caller can do about it, one sentence. */
  remedy?: string | undefined;
  /** Further facts, safe to show. */
  details?: unknown;
  /** The code that this fault had in the release before, for clients that still switch on it. */
  formerly?: string | undefined;
  /** For `limited` and `unavailable`: when to try again. */
  retryAfterMs?: number | undefined;
  /** For `unavailable` after a write was sent: true when it may have been applied. */
  ambiguous?: boolean | undefined;
  cause?: unknown;
}

/** The wire form of an error, on every door. */
export interface ErrorBody {
  error: {
    code: string;
    /** The code of the release before: `error.formerly ?? error.code` is what old clients switch on. */
    formerly?: string;
    message: string;
    field?: string;
    remedy?: string;
    details?: unknown;
    /** When to try again, in whole seconds; beside the header `Retry-After` of REST. */
    retry_after_seconds?: number;
  };
}

export class LightningError extends Error {
  override readonly name = "LightningError";
  readonly kind: ErrorKind;
  readonly code: string;
  readonly field: string | undefined;
  readonly remedy: string | undefined;
  readonly details: unknown;
  readonly formerly: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly ambiguous: boolean;

  constructor(kind: ErrorKind, code: string, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.code = code;
    this.field = facts.field;
    this.remedy = facts.remedy;
    this.details = facts.details;
    this.formerly = facts.formerly;
    this.retryAfterMs = facts.retryAfterMs;
    this.ambiguous = facts.ambiguous ?? false;
  }

  /** The HTTP status that stands for this kind. */
  get status(): number {
    return STATUS[this.kind];
  }

  toBody(): ErrorBody {
    return {
      error: {
        code: this.code,
        ...(this.formerly === undefined ? {} : { formerly: this.formerly }),
        message: this.message,
        ...(this.field === undefined ? {} : { field: this.field }),
        ...(this.remedy === undefined ? {} : { remedy: this.remedy }),
        ...(this.details === undefined ? {} : { details: this.details }),
        ...(this.retryAfterMs === undefined
          ? {}
          : { retry_after_seconds: retryAfterSeconds(this.retryAfterMs) }),
      },
    };
  }
}

/** As `Retry-After` gives it: whole seconds, at least one. */
export const retryAfterSeconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

/** True for our own errors, also those that crossed a realm or module copy. */
export function isLightningError(value: unknown): value is LightningError {
  return (
    typeof value === "object" && value !== null && (value as { name?: unknown }).name === "LightningError"
  );
}

/** Whether it is one of our errors, of one of these kinds: `catch (thrown) { if (!isKind(thrown, "conflict")) throw thrown; … }`. */
export function isKind(thrown: unknown, ...kinds: readonly ErrorKind[]): thrown is LightningError {
  return isLightningError(thrown) && kinds.includes(thrown.kind);
}

export const badRequest = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("bad_request", code, message, facts);
export const invalid = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("invalid", code, message, facts);
export const unauthenticated = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("unauthenticated", code, message, facts);
export const forbidden = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("forbidden", code, message, facts);
export const notFound = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("not_found", code, message, facts);
export const conflict = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("conflict", code, message, facts);
export const preconditionFailed = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("precondition", code, message, facts);
export const tooLarge = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("too_large", code, message, facts);
export const unsupported = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("unsupported", code, message, facts);
export const outOfRange = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("out_of_range", code, message, facts);
export const limited = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("limited", code, message, facts);
export const unavailable = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("unavailable", code, message, facts);
export const fatal = (code: string, message: string, facts?: ErrorFacts) =>
  new LightningError("fatal", code, message, facts);

/** The text of anything thrown, be it an object without a prototype or one whose getters throw. */
export function messageOf(thrown: unknown): string {
  try {
    if (typeof thrown === "object" && thrown !== null && "message" in thrown) return String(thrown.message);
    return String(thrown);
  } catch {
    return "something that has no text was thrown";
  }
}
