import { findSpans, type Span } from "./spans.ts";
import { words } from "./text.ts";
import type { JsonSchema } from "./wire.ts";

/**
 * Fills a JSON schema from a request, knowing nothing of the tool but the schema: enumerations by their words, numbers
 * and paths by kind, everything else by what stands near the property's name, then by order of appearance.
 */
export function fillArguments(schema: JsonSchema | undefined, request: string): Record<string, unknown> {
  const spans = findSpans(request);
  return fillObject(schema ?? {}, request, { spans, used: new Set() });
}

export interface Pool {
  readonly spans: readonly Span[];
  readonly used: Set<Span>;
}

/** The schema's one type; of alternatives the first that is not null. */
export function typeOf(schema: JsonSchema): string {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) return typeOf(alternatives.find((one) => one.type !== "null") ?? {});
  const type = Array.isArray(schema.type)
    ? (schema.type as readonly string[]).find((one) => one !== "null")
    : schema.type;
  if (typeof type === "string") return type;
  return schema.properties === undefined ? (schema.items === undefined ? "string" : "array") : "object";
}

function fillObject(schema: JsonSchema, request: string, pool: Pool): Record<string, unknown> {
  const required = new Set(schema.required ?? []);
  const out: Record<string, unknown> = {};
  const properties = Object.entries(schema.properties ?? {});
  // Required ones choose first; an optional one is only filled when the request speaks of it.
  for (const [name, property] of properties.toSorted(
    ([a], [b]) => Number(required.has(b)) - Number(required.has(a)),
  )) {
    const value = fillProperty(name, property, required.has(name), request, pool);
    if (value !== undefined) out[name] = value;
  }
  return out;
}

/** One property's value, or undefined when it is optional and the request does not speak of it. */
export function fillProperty(
  name: string,
  schema: JsonSchema,
  required: boolean,
  request: string,
  pool: Pool,
): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) {
    const asked = new Set(words(request));
    const named = schema.enum.find((value) => {
      const own = words(String(value));
      return own.length > 0 && own.every((word) => asked.has(word));
    });
    return named ?? (required ? (schema.default ?? schema.enum[0]) : undefined);
  }
  const type = typeOf(schema);
  const mentioned = nameMentioned(name, request);
  if (type === "boolean") return mentioned ? true : required ? (schema.default ?? false) : undefined;
  if (type === "object") return required || mentioned ? fillObject(schema, request, pool) : undefined;
  if (type === "array") {
    if (!required && !mentioned) return undefined;
    return fillArray(name, schema, request, pool);
  }
  if (!required && !mentioned) return undefined;
  const span = chooseSpan(name, type, schema.description ?? "", pool);
  if (span !== undefined) {
    pool.used.add(span);
    return coerce(span.value, type);
  }
  if (!required) return undefined;
  return schema.default ?? (type === "string" ? request.trim() : 0);
}

function fillArray(name: string, schema: JsonSchema, request: string, pool: Pool): unknown[] {
  const item = schema.items ?? {};
  if (typeOf(item) === "object") return [fillObject(item, request, pool)];
  const first = chooseSpan(name, typeOf(item), item.description ?? schema.description ?? "", pool);
  if (first === undefined) return [];
  // All of one kind belong together: three paths in a request are three members of the list.
  const members = pool.spans.filter((span) => span.kind === first.kind && !pool.used.has(span));
  const chosen = first.kind === "word" || first.kind === "tail" ? [first] : members;
  for (const span of chosen) pool.used.add(span);
  return chosen.map((span) => coerce(span.value, typeOf(item)));
}

function nameMentioned(name: string, request: string): boolean {
  const asked = new Set(words(request));
  const own = words(name);
  return own.length > 0 && own.every((word) => asked.has(word));
}

const PATH_WORDS = new Set(words("path file directory folder filename source destination uri"));

function chooseSpan(name: string, type: string, description: string, pool: Pool): Span | undefined {
  const numeric = type === "number" || type === "integer";
  const free = pool.spans.filter(
    (span) => !pool.used.has(span) && (numeric ? span.kind === "number" : span.kind !== "number"),
  );
  const own = new Set(words(name));
  const near = free.find((span) => span.kind !== "tail" && words(span.left).some((word) => own.has(word)));
  const pathLike = [...own, ...words(description).slice(0, 6)].some((word) => PATH_WORDS.has(word));
  const kinds: readonly Span["kind"][] = numeric
    ? ["number"]
    : pathLike
      ? ["path", "url", "quoted", "tail"]
      : ["quoted", "email", "url", "name", "tail", "path"];
  if (near !== undefined && (numeric || kinds.includes(near.kind) || near.kind === "word")) return near;
  for (const kind of kinds) {
    const span = free.find((one) => one.kind === kind);
    if (span !== undefined) return span;
  }
  return undefined;
}

/** A span's text as the type that the schema asks for. */
export function coerce(value: string, type: string): unknown {
  if (type === "number" || type === "integer") {
    const number = Number(value);
    if (!Number.isFinite(number)) return 0;
    return type === "integer" ? Math.trunc(number) : number;
  }
  if (type === "boolean") return /^(true|yes|on|1)$/i.test(value);
  return value;
}
