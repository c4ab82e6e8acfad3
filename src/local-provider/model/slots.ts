import { coerce, fillArguments, fillProperty, type Pool, typeOf } from "./arguments.ts";
import { findSpans, type Span, type SpanKind } from "./spans.ts";
import type { JsonSchema } from "./wire.ts";

/**
 * What a training example teaches about arguments: for each leaf (`entities.0.name`) where in its request the value
 * stood, or the value itself when the request did not hold it.
 */
export type Leaf =
  | { readonly path: string; readonly kind: SpanKind; readonly index: number; readonly left: string }
  | { readonly path: string; readonly value: unknown };

const MOST_LEAVES = 40;

export function learnLeaves(args: unknown, request: string): Leaf[] {
  const spans = findSpans(request);
  const leaves: Leaf[] = [];
  const visit = (path: string, value: unknown) => {
    if (leaves.length >= MOST_LEAVES) return;
    if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
      for (const [key, member] of Object.entries(value)) visit(path === "" ? key : `${path}.${key}`, member);
      return;
    }
    const text = String(value).trim().toLowerCase();
    const span =
      typeof value === "string" || typeof value === "number"
        ? spans.find((one) => one.value.trim().toLowerCase() === text)
        : undefined;
    if (span === undefined) leaves.push({ path, value });
    else leaves.push({ path, kind: span.kind, index: span.index, left: span.left });
  };
  visit("", args);
  return leaves;
}

/**
 * Arguments for a new request in the pattern of a similar example. What the pattern does not find is taken by the
 * untrained extraction; what the schema does not know is left out.
 */
export function fillLike(
  leaves: readonly Leaf[],
  schema: JsonSchema | undefined,
  request: string,
): Record<string, unknown> {
  const properties = schema?.properties;
  if (properties === undefined || leaves.length === 0) return fillArguments(schema, request);
  const pool: Pool = { spans: findSpans(request), used: new Set() };
  const out: Record<string, unknown> = {};
  for (const leaf of leaves) {
    const [top = ""] = leaf.path.split(".");
    if (!(top in properties)) continue;
    if ("value" in leaf) {
      setAt(out, leaf.path, leaf.value);
      continue;
    }
    const span = matchSpan(leaf, pool);
    if (span === undefined) continue;
    pool.used.add(span);
    setAt(out, leaf.path, coerce(span.value, typeOf(schemaAt(schema ?? {}, leaf.path))));
  }
  for (const name of schema?.required ?? []) {
    const property = properties[name];
    if (out[name] === undefined && property !== undefined)
      out[name] = fillProperty(name, property, true, request, pool);
  }
  return out;
}

/** The same kind after the same word, else the same one of its kind. */
function matchSpan(leaf: Extract<Leaf, { kind: SpanKind }>, pool: Pool): Span | undefined {
  const free = pool.spans.filter((span) => !pool.used.has(span));
  const alike = free.filter((span) => span.kind === leaf.kind);
  return (
    alike.find((span) => span.left === leaf.left) ??
    alike.find((span) => span.index === leaf.index) ??
    // One writer quotes a value where another does not: after the same word any kind will do.
    free.find((span) => span.left === leaf.left && span.kind !== "tail" && leaf.left !== "^")
  );
}

function schemaAt(schema: JsonSchema, path: string): JsonSchema {
  let at: JsonSchema = schema;
  for (const key of path.split(".")) at = (/^\d+$/.test(key) ? at.items : at.properties?.[key]) ?? {};
  return at;
}

/** Sets `a.0.b` within a value, and makes what is not there. */
export function setAt(target: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split(".");
  let at = target as Record<string, unknown> | unknown[];
  keys.forEach((key, i) => {
    const record = at as Record<string, unknown>;
    if (i === keys.length - 1) {
      record[key] = value;
      return;
    }
    record[key] ??= /^\d+$/.test(keys[i + 1] ?? "") ? [] : {};
    at = record[key] as Record<string, unknown>;
  });
}
