import { endingOfReason, type FaultBy } from "../../episodes/endings.ts";
import { list, record, text, textOrJson } from "../../episodes/odd/values.ts";
import { messageOf } from "../../kernel/errors.ts";
import type { CallAnswer, CallForm, Ending } from "./model-call.ts";

/** How an answer that came ended. `body` is the answer as it came: providers send errors with status 200, too. */
export function endingOf(form: CallForm, body: unknown, answer: CallAnswer): Ending {
  // A response has a status, of which one alone says that it is whole; a choice has a reason for its end.
  const unknown = form === "responses" ? "unfinished" : "finished";
  const endings = answer.choices.map(({ finishReason }) =>
    finishReason === undefined ? "unfinished" : (endingOfReason(finishReason) ?? unknown),
  );
  const error = errorIn(body);
  if (error !== undefined || endings.length === 0 || endings.includes("failed"))
    return {
      state: saysAnything(answer) ? "unfinished" : "failed",
      fault: { by: "provider", message: error ?? "The answer holds no choices." },
    };
  return {
    state: (["filtered", "cut", "unfinished"] as const).find((one) => endings.includes(one)) ?? "finished",
  };
}

/** Whether any of an answer came. */
export const saysAnything = ({ choices }: CallAnswer): boolean =>
  choices.some(({ parts }) => parts.some((part) => !("text" in part) || part.text !== ""));

/** An answer's own error, or, as gateways tell that of the provider behind them, one of its choices'. */
export function errorIn(body: unknown): string | undefined {
  const { error, choices } = record(body);
  const told = [error, ...list(choices).map((choice) => record(choice).error)].find(
    (one) => one !== undefined && one !== null && one !== false,
  );
  if (told === undefined) return undefined;
  return text(record(told).message) ?? (textOrJson(told) || "The answer is an error.");
}

/** Names of the errors that clients throw: the `openai` package in all of its majors, the frameworks above it. */
const BY_NAME: ReadonlyMap<string, FaultBy> = new Map(
  Object.entries<FaultBy>({
    APIUserAbortError: "caller",
    ModelAbortError: "caller",
    AbortError: "caller",
    APIConnectionError: "network",
    APIConnectionTimeoutError: "network",
    TimeoutError: "network",
  }),
);

/** Whose fault it is that a call of a model failed, by what the client threw. */
export function faultOf(thrown: unknown): NonNullable<Ending["fault"]> {
  const by = faultOfCall(thrown) ?? (classOf(thrown) === "TypeError" ? "caller" : "provider");
  return { by, message: messageOf(thrown) };
}

/** Whether the provider's filter refused the request: it answers so instead of an answer. */
export const isFilteredRequest = (thrown: unknown): boolean =>
  (thrown as { code?: unknown } | null | undefined)?.code === "content_filter";

/** How deep an error is looked for in what it was made of. */
const DEEPEST_CAUSE = 4;

/**
 * Whose fault an error was that may have come from a call of a model, or from anything else; undefined: it does not say.
 * What it was made of is asked, too, as a client's own errors are often wrapped.
 */
export function faultOfCall(thrown: unknown): FaultBy | undefined {
  try {
    return faultNamed(thrown);
  } catch {
    // Anything can be thrown, a proxy that throws at every look among it.
    return undefined;
  }
}

function faultNamed(thrown: unknown): FaultBy | undefined {
  for (let at = thrown, depth = 0; depth < DEEPEST_CAUSE && typeof at === "object" && at !== null; depth++) {
    const { status: told, statusCode, code, cause, name } = at as Record<string, unknown>;
    // An error in the middle of an answer may bear the answer's own 200.
    const status = told ?? statusCode;
    if (typeof status === "number" && status >= 400 && status < 600)
      return status === 408 || status === 409 || status === 429 || status >= 500 ? "provider" : "caller";
    const named = BY_NAME.get(classOf(at)) ?? BY_NAME.get(typeof name === "string" ? name : "");
    if (named !== undefined) return named;
    if (typeof code === "string" && /^(?:E[A-Z]+$|ERR_STREAM_|UND_ERR_)/.test(code)) return "network";
    // What `fetch` throws is a TypeError with a cause.
    if (classOf(at) === "TypeError" && cause !== undefined) return "network";
    at = cause;
  }
  return undefined;
}

const classOf = (thrown: unknown): string =>
  (thrown as { constructor?: { name?: string } } | null | undefined)?.constructor?.name ?? "";
