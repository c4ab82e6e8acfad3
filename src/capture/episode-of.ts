/** The episode of one call, once the call has begun. */
export interface EpisodeBox {
  id?: string;
}

/** Answers by their own object, and by the id that the provider gave them. */
const byObject = new WeakMap<object, EpisodeBox>();
const byResponseId = new Map<string, string>();
const MOST_IDS = 10_000;

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

/** What a call returned before its episode was known: a promise, or a helper that makes one call or several. */
export function followAnswer(answer: unknown, box: EpisodeBox): void {
  if (isObject(answer)) byObject.set(answer, box);
}

/** Keeps which episode an answer became: a response, a stream's controller, an error, or the answer's own id. */
export function rememberAnswer(answer: unknown, episodeId: string): void {
  if (episodeId === "") return;
  if (typeof answer !== "string") {
    followAnswer(answer, { id: episodeId });
    return;
  }
  byResponseId.delete(answer);
  byResponseId.set(answer, episodeId);
  for (const oldest of byResponseId.keys()) {
    if (byResponseId.size <= MOST_IDS) break;
    byResponseId.delete(oldest);
  }
}

/**
 * The id of the episode that an answer of a wrapped client or tool became: for rewards.
 * @param answer - What the call gave, in whichever form: a completion or response, plain or parsed; a stream, or one of
 *   its chunks; a stream helper or tool runner (its last call so far); the raw `Response`, or the pair that
 *   `withResponse()` gives; the promise of any of these once the request is made; a wrapped tool's result; the error
 *   that either of them threw.
 * @returns undefined where it was not captured, or is known by its id alone and one of more than 10,000 ago. A provider
 *   that gives one id to several answers is answered for the last of them.
 */
export function episodeIdOf(answer: unknown): string | undefined {
  if (!isObject(answer)) return undefined;
  const { controller, response, id } = answer as { controller?: unknown; response?: unknown; id?: unknown };
  for (const one of [answer, controller, response]) {
    const known = isObject(one) ? byObject.get(one)?.id : undefined;
    if (known !== undefined) return known;
  }
  return typeof id === "string" ? byResponseId.get(id) : undefined;
}
