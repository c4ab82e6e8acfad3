import type { ErrorBody } from "../kernel/errors.ts";
import { ROUTE_PREFIX } from "../wire/row.ts";
import { OPERATIONS } from "../wire/table.ts";

type Fault = ErrorBody["error"];

/**
 * How a door names what errors speak of. Errors are made behind the doors: they name an operation by its own name in
 * backticks, so that every door can say it as its caller would call it.
 */
export interface DoorWords {
  operation(name: string): string;
  /** The sentence for `See the input of`. */
  input(name: string): string;
  /** Where the door has no headers: the field that stands for `Idempotency-Key`. */
  readonly key?: string;
}

const isOperation = (name: string): name is keyof typeof OPERATIONS => Object.hasOwn(OPERATIONS, name);

export const REST_WORDS: DoorWords = {
  operation(name) {
    if (!isOperation(name)) return name;
    const { method, path } = OPERATIONS[name].rest;
    return `${name} (${method} /api/${ROUTE_PREFIX}${path})`;
  },
  input: (name) => `See the input of ${name} in the API description (GET /api/${ROUTE_PREFIX}/openapi.json).`,
};

/** A sentence of an error in the door's words. */
export function inDoorWords(text: string, words: DoorWords): string {
  const told = text
    .replaceAll(/See the input of `(\w+)`\./g, (_whole, name: string) => words.input(name))
    .replaceAll(/`(\w+)`/g, (whole, name: string) => (isOperation(name) ? words.operation(name) : whole));
  return words.key === undefined ? told : told.replaceAll(/\bIdempotency-Key\b( header)?/g, words.key);
}

/** An error, its message and its remedy, in the door's words. */
export function errorInDoorWords<F extends Pick<Fault, "message" | "remedy" | "field">>(
  fault: F,
  words: DoorWords,
): F {
  const { message, remedy, field } = fault;
  return {
    ...fault,
    message: inDoorWords(message, words),
    ...(field === undefined || words.key === undefined ? {} : { field: inDoorWords(field, words) }),
    ...(remedy === undefined ? {} : { remedy: inDoorWords(remedy, words) }),
  };
}

/** An answer about many items, of which each has its own error. */
export function itemsInDoorWords<Body>(body: Body, words: DoorWords): Body {
  const { results } = (body ?? {}) as { readonly results?: unknown };
  if (!Array.isArray(results) || !results.some(hasError)) return body;
  return {
    ...body,
    results: results.map((item: unknown) =>
      hasError(item) ? { ...item, error: errorInDoorWords(item.error, words) } : item,
    ),
  };
}

function hasError(item: unknown): item is { readonly error: Fault } {
  const { error } = (item ?? {}) as { readonly error?: { readonly message?: unknown } | null };
  return typeof error?.message === "string";
}
