import { invalid } from "../kernel/errors.ts";

/** Cosmos's limit on levels of objects and arrays. */
export const NESTING = 128;

interface Fault {
  /** What stands there, in words. */
  readonly what: string;
  /** Member names and positions from the inside out. */
  readonly path: (string | number)[];
}

/**
 * JSON values only: what JSON.stringify would drop or change without a word is refused.
 * @throws LightningError invalid `bad_document`, naming the member
 */
export function checkJson(value: unknown, name: string, depth: number): void {
  const fault = findFault(value, depth);
  if (fault === undefined) return;
  const path = [...(name === "" ? [] : [name]), ...fault.path.toReversed()].join(".").slice(0, 300);
  throw invalid("bad_document", `${path || "The document"} ${fault.what}.`, {
    field: path || undefined,
    remedy: "Leave it out, or give null, a string, a finite number, a boolean, an array or a plain object.",
  });
}

/** The path is built on the way out of a fault only: a good document of thousands of members costs no strings. */
function findFault(value: unknown, depth: number): Fault | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : fault(`is ${value}`);
  if (typeof value !== "object") return fault(value === undefined ? "is undefined" : `is a ${typeof value}`);
  // Cycles end here too.
  if (depth > NESTING) return fault(`is nested deeper than ${NESTING} levels`);
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = findFault(value[i], depth + 1);
      if (found !== undefined) return within(found, i);
    }
    return undefined;
  }
  if (!isPlain(value)) return fault("is an object of a class, not a plain one");
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return fault("has a toJSON method");
  for (const name of Object.keys(value)) {
    const found = findFault((value as Record<string, unknown>)[name], depth + 1);
    if (found !== undefined) return within(found, name);
  }
  return undefined;
}

function within(found: Fault, name: string | number): Fault {
  found.path.push(name);
  return found;
}

const fault = (what: string): Fault => ({ what, path: [] });

/** Without a prototype, or with one that has none itself: true for plain objects of every realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
