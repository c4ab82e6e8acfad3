import { neverAnswered } from "../history/failures.ts";
import type { HttpRequestAction } from "./actions.ts";
import type { ReplayContext } from "./replay-context.ts";
import type { Steps } from "./task.ts";

/** The extension's own activity behind `callHttp`. */
export const HTTP_ACTIVITY = "BuiltIn::HttpActivity";

/** What that activity answers: names as .NET spells them, a list where a header came more than once. */
export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly content: string;
}

/** Sent with the first request only, since a poll may go to another host's address. */
const FIRST_ONLY = "x-functions-key";

/**
 * `df.callHttp`: a 202 with a Location is polled until it is something else, unless the app switched that off.
 * @param pollMs between polls that name no Retry-After
 * @throws Error where the extension cannot go on: the orchestration fails
 */
export function* callHttp(request: HttpRequestAction, context: ReplayContext, pollMs: number): Steps {
  if (/^[a-z][a-z0-9+.-]*:/i.test(request.uri) && !URL.canParse(request.uri))
    throw new Error(
      `Error converting value "${request.uri}" to type 'System.Uri'. Path 'actions[0][0].httpRequest.uri'.`,
    );
  let outcome = yield context.scheduleActivity(HTTP_ACTIVITY, JSON.stringify([request]));
  while (outcome.ok && request.asynchronousPatternEnabled !== false) {
    const answer = JSON.parse(outcome.value ?? "null") as HttpAnswer | null;
    if (answer?.statusCode !== 202) return outcome;
    yield context.createTimer(context.now + pauseMs(header(answer, "retry-after"), pollMs), false);
    const location = header(answer, "location");
    // The SDK has taken the answer as it is; the orchestration waits for the timer all the same, as in Azure.
    if (location === undefined) return outcome;
    const uri = URL.parse(location, request.uri);
    if (uri === null) throw new Error(neverAnswered(`callHttp cannot poll the Location "${location}".`));
    const headers = Object.entries(request.headers ?? {}).filter(
      ([name]) => name.toLowerCase() !== FIRST_ONLY,
    );
    const poll: HttpRequestAction = {
      ...request,
      method: "GET",
      uri: uri.href,
      content: null,
      headers: Object.fromEntries(headers),
    };
    outcome = yield context.scheduleActivity(HTTP_ACTIVITY, JSON.stringify([poll]));
  }
  return outcome;
}

function header({ headers }: HttpAnswer, wanted: string): string | undefined {
  const value = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
  return typeof value === "string" || value === undefined ? value : value.join(", ");
}

/** The extension reads whole seconds; of anything else, a date too, int.Parse makes an exception that nobody hears of. */
function pauseMs(retryAfter: string | undefined, pollMs: number): number {
  if (retryAfter === undefined) return pollMs;
  if (/^\s*[+-]?\d+\s*$/.test(retryAfter)) return Number(retryAfter) * 1000;
  throw new Error(
    neverAnswered(`callHttp cannot read the Retry-After "${retryAfter}" as a number of seconds.`),
  );
}
