import { fillArguments } from "./arguments.ts";
import { shaped } from "./shaped.ts";
import type { JsonSchema } from "./wire.ts";

/** JSON that an answer must be: any object, or a value of a schema. */
export type AnswerFormat =
  | { readonly kind: "json_object" }
  | { readonly kind: "schema"; readonly schema: JsonSchema; readonly validate: (value: unknown) => boolean };

/**
 * What the model would say, as the JSON that is asked for. Said JSON that fits stays as it is; other words choose among
 * the schema's values, as a request's do.
 * @returns undefined when no value could be found that the schema allows
 */
export function inFormat(format: AnswerFormat, said: string): string | undefined {
  const parsed = jsonOf(said);
  if (format.kind === "json_object")
    return JSON.stringify(
      typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : { answer: said },
    );
  if (parsed !== undefined && format.validate(parsed)) return JSON.stringify(parsed);
  const value = allowedValue(format.schema, parsed ?? undefined, said);
  return format.validate(value) ? JSON.stringify(value) : undefined;
}

/** A value of the schema, as near to `draft` as it allows, with the rest filled from the words. */
export function allowedValue(schema: JsonSchema, draft: unknown, words: string): unknown {
  const full = inlinedOf(schema);
  return shaped(
    full,
    draft ?? (full.properties === undefined ? undefined : fillArguments(full, words)),
    words,
  );
}

/** Rounds of a schema that refers to itself; deeper down, and when it has become this large, nothing is allowed. */
const DEEPEST = 4;
const MOST_PARTS = 10_000;
const NOTHING: JsonSchema = { not: {} };
const known = new WeakMap<JsonSchema, JsonSchema>();

/** The schema with what it refers to in place of the references. What has not the form of a schema is left out. */
export function inlinedOf(schema: JsonSchema): JsonSchema {
  let full = known.get(schema);
  if (full === undefined) {
    full = inlined(schema, { root: schema, parts: 0 }, 0);
    known.set(schema, full);
  }
  return full;
}

interface Inlining {
  readonly root: JsonSchema;
  parts: number;
}
const isRecord = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function inlined(schema: unknown, state: Inlining, depth: number): JsonSchema {
  if (!isRecord(schema)) return {};
  if (++state.parts > MOST_PARTS) return NOTHING;
  if (typeof schema.$ref === "string") {
    if (depth >= DEEPEST) return NOTHING;
    return inlined(targetOf(schema.$ref, state.root), state, depth + 1);
  }
  const below = (one: unknown) => inlined(one, state, depth);
  const { $defs: _defs, $ref: _ref, ...rest } = schema;
  const full: Record<string, unknown> = { ...rest };
  if (rest.properties !== undefined)
    full.properties = isRecord(rest.properties)
      ? Object.fromEntries(Object.entries(rest.properties).map(([name, one]) => [name, below(one)]))
      : {};
  if (rest.items !== undefined) full.items = below(rest.items);
  for (const key of ["anyOf", "oneOf", "allOf"] as const)
    if (rest[key] !== undefined) full[key] = Array.isArray(rest[key]) ? rest[key].map(below) : [];
  for (const key of ["required", "enum"] as const) if (!Array.isArray(full[key])) delete full[key];
  return full;
}

function targetOf(reference: string, root: JsonSchema): JsonSchema | undefined {
  if (!reference.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const part of reference.slice(1).split("/").filter(Boolean))
    at = (at as Record<string, unknown> | undefined)?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  return at as JsonSchema | undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
