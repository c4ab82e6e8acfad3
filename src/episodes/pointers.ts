import { pointerIn } from "../parts/pointer.ts";
import { isRawJson, redact } from "../redaction/redact.ts";

/**
 * Keeps pointers at parts apart while an episode is redacted: a text that was cut behind a label (`password: `) would take
 * the pointer for the label's value, and an owner's rule its hash for a number. What stands in front of a pointer is
 * redacted where it stands.
 */

interface Apart {
  /** Members and items, from the outside. */
  readonly place: readonly string[];
  readonly pointer: string;
}

/** A value without its pointers at these parts, and where they stood. What a member's name makes a secret is left whole. */
export function withoutPointers<T extends object>(
  value: T,
  parts: readonly string[],
): { readonly value: T; readonly apart: readonly Apart[] } {
  const named = new Set(parts);
  const apart: Apart[] = [];
  const walk = (of: unknown, place: readonly string[], name: string): unknown => {
    if (typeof of === "string") {
      const found = pointerIn(of);
      if (found === undefined || !named.has(found.sha256) || isSecretName(name)) return of;
      apart.push({ place, pointer: of.slice(found.before.length) });
      return found.before;
    }
    if (typeof of !== "object" || of === null || isRawJson(of)) return of;
    if (Array.isArray(of)) return of.map((item, i) => walk(item, [...place, String(i)], name));
    return Object.fromEntries(
      Object.entries(of).map(([member, its]) => [member, walk(its, [...place, member], member)]),
    );
  };
  return { value: walk(value, [], "") as T, apart };
}

/** Puts pointers back behind what is left of the texts they stood in. Where redaction left no text there is none. */
export function withPointers<T extends object>(value: T, apart: readonly Apart[]): T {
  for (const { place, pointer } of apart) {
    let holder: unknown = value;
    for (const step of place.slice(0, -1)) holder = memberOf(holder, step);
    const last = place.at(-1) ?? "";
    const text = memberOf(holder, last);
    if (typeof text === "string") (holder as Record<string, unknown>)[last] = text + pointer;
  }
  return value;
}

const memberOf = (of: unknown, name: string): unknown =>
  typeof of === "object" && of !== null && Object.hasOwn(of, name)
    ? (of as Record<string, unknown>)[name]
    : undefined;

/** Whether whatever a member of this name holds is taken out. */
const isSecretName = (name: string): boolean =>
  name !== "" && Object.keys(redact({ [name]: "Zq7-unlikely-word" }).counts).length > 0;
