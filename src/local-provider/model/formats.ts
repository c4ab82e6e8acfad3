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
  const full = inlined(schema, schema, 0);
  return shaped(
    full,
    draft ?? (full.properties === undefined ? undefined : fillArguments(full, words)),
    words,
  );
}

/** Rounds of a schema that refers to itself; deeper down nothing is allowed. */
const DEEPEST = 4;
const NOTHING: JsonSchema = { not: {} };

/** The schema with what it refers to in place of the references. */
function inlined(schema: JsonSchema, root: JsonSchema, depth: number): JsonSchema {
  if (schema.$ref !== undefined) {
    if (depth >= DEEPEST) return NOTHING;
    const target = targetOf(schema.$ref, root);
    return target === undefined ? {} : inlined(target, root, depth + 1);
  }
  const each = (list: readonly JsonSchema[] | undefined) => list?.map((one) => inlined(one, root, depth));
  const { properties, items, anyOf, oneOf, allOf, $defs: _defs, ...rest } = schema;
  return {
    ...rest,
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, one]) => [name, inlined(one, root, depth)]),
          ),
        }),
    ...(items === undefined ? {} : { items: inlined(items, root, depth) }),
    ...(anyOf === undefined ? {} : { anyOf: each(anyOf) }),
    ...(oneOf === undefined ? {} : { oneOf: each(oneOf) }),
    ...(allOf === undefined ? {} : { allOf: each(allOf) }),
  } as JsonSchema;
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
