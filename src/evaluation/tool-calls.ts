import type { ToolDefinition } from "../doors/chat.ts";
import { DEEPEST_JSON, placeDeeperThan } from "../kernel/depth.ts";

/** A call as it stands in a message: the tool's name and its arguments as JSON text. */
export interface CallText {
  readonly name: string;
  readonly arguments: string;
}

type Schema = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * JSON text as a value. Whole numbers beyond 2^53 become BigInts, else two ids that differ in the last digits would be
 * equal. @throws SyntaxError, also when it is nested deeper than inputs may be
 */
export function parseArguments(text: string): unknown {
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === "number" &&
    !Number.isSafeInteger(value) &&
    context?.source !== undefined &&
    /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  if (text.trim() === "") return {};
  // What is bottomless is compared as text: whoever compares values goes down as deep as they do.
  if (placeDeeperThan(DEEPEST_JSON, JSON.parse(text)) !== undefined)
    throw new SyntaxError("nested too deeply");
  return JSON.parse(text, exact);
}

/** Whether two values are the same JSON: texts in NFC, objects whatever the order of their members. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (typeof a === "string" && typeof b === "string") return a.normalize("NFC") === b.normalize("NFC");
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, i) => isSameJson(one, b[i]));
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && isSameJson(a[name], b[name]))
    );
  }
  return a === b;
}

/**
 * Whether two calls are the same by the tool's schema: the same name, and arguments that mean the same. Absent ones take
 * the schema's default; null for an optional one is an absent one; numbers count by value, texts in NFC without blanks
 * around them, date-times by their instant, arrays in order unless their items are unique. Arguments that are no JSON
 * are only the same as the same text.
 */
export function isSameCall(a: CallText, b: CallText, tools: readonly ToolDefinition[] = []): boolean {
  if (a.name !== b.name) return false;
  const schema: unknown = tools.find((tool) => tool.function.name === a.name)?.function.parameters ?? {};
  let one: unknown;
  let other: unknown;
  try {
    one = parseArguments(a.arguments);
    other = parseArguments(b.arguments);
  } catch {
    return a.arguments.trim() === b.arguments.trim();
  }
  return createComparison(schema)(one, other, schema, 0);
}

/** References that lead in a circle are followed only so far. */
const DEEPEST = 50;

type Comparison = (a: unknown, b: unknown, schema: unknown, depth: number) => boolean;

function createComparison(root: unknown): Comparison {
  const isSame: Comparison = (a, b, given, depth) => {
    if (depth > DEEPEST) return isSameJson(a, b);
    const schema = resolved(given, root);
    for (const word of ["anyOf", "oneOf"]) {
      const branches = schema[word];
      // Which branch a value is of is the validator's business: the same under one of them is the same.
      if (Array.isArray(branches) && branches.some((branch) => isSame(a, b, branch, depth + 1))) return true;
    }
    if (typeof a === "string" && typeof b === "string") return isSameText(a, b, schema);
    if (Array.isArray(a) && Array.isArray(b)) {
      if (a.length !== b.length) return false;
      const itemSchema = (i: number) =>
        Array.isArray(schema.prefixItems) ? (schema.prefixItems[i] ?? schema.items) : schema.items;
      if (schema.uniqueItems === true)
        return isMatched(a, b, (one, other) => isSame(one, other, schema.items, depth + 1));
      return a.every((one, i) => isSame(one, b[i], itemSchema(i), depth + 1));
    }
    if (isObject(a) && isObject(b)) {
      const properties = isObject(schema.properties) ? schema.properties : {};
      const [one, other] = [filled(a, schema, properties, root), filled(b, schema, properties, root)];
      const names = new Set([...Object.keys(one), ...Object.keys(other)]);
      return [...names].every(
        (name) =>
          Object.hasOwn(one, name) &&
          Object.hasOwn(other, name) &&
          isSame(
            one[name],
            other[name],
            Object.hasOwn(properties, name) ? properties[name] : schema.additionalProperties,
            depth + 1,
          ),
      );
    }
    return a === b;
  };
  return isSame;
}

/** The schema that a reference within the document leads to, with the parts of `allOf` in one. */
function resolved(schema: unknown, root: unknown): Schema {
  let at = schema;
  for (let hops = 0; isObject(at) && typeof at.$ref === "string" && hops < DEEPEST; hops++) {
    const path = at.$ref.startsWith("#/") ? at.$ref.slice(2).split("/") : undefined;
    at = path?.reduce<unknown>(
      (inside, step) =>
        isObject(inside)
          ? inside[decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")]
          : undefined,
      root,
    );
  }
  if (!isObject(at)) return {};
  if (!Array.isArray(at.allOf)) return at;
  const parts = [at, ...at.allOf.map((part) => resolved(part, root))];
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map((part) => part.properties)),
    required: parts.flatMap((part) => (Array.isArray(part.required) ? part.required : [])),
  };
}

const allowsNull = (schema: Schema): boolean =>
  schema.type === "null" || (Array.isArray(schema.type) && schema.type.includes("null"));

/** The members with the schema's defaults for those that are absent; null for an optional one says no more than absence. */
function filled(values: Values, schema: Schema, properties: Values, root: unknown): Record<string, unknown> {
  const required: readonly unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const full = Object.fromEntries(
    Object.entries(values).filter(([name, value]) => {
      if (value !== null || required.includes(name)) return true;
      const own = resolved(properties[name], root);
      return allowsNull(own) && own.default !== undefined && own.default !== null;
    }),
  );
  for (const [name, property] of Object.entries(properties)) {
    const { default: usual } = resolved(property, root);
    if (usual !== undefined && usual !== null && !Object.hasOwn(full, name)) full[name] = usual;
  }
  return full;
}

function isSameText(a: string, b: string, schema: Schema): boolean {
  if (schema.format === "date-time") {
    const [one, other] = [Date.parse(a), Date.parse(b)];
    if (!Number.isNaN(one) && !Number.isNaN(other)) return one === other;
  }
  return a.normalize("NFC").trim() === b.normalize("NFC").trim();
}

/**
 * Whether each of one list can be given a partner of its own in the other: a maximum matching by augmenting paths.
 * Taking the first that fits would depend on the order where one fits several.
 */
export function isMatched<T>(a: readonly T[], b: readonly T[], fits: (one: T, other: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  const partner = new Map<number, number>();
  const place = (one: number, tried: Set<number>): boolean => {
    for (const [other, candidate] of b.entries()) {
      if (tried.has(other) || !fits(a[one] as T, candidate)) continue;
      tried.add(other);
      const before = partner.get(other);
      if (before !== undefined && !place(before, tried)) continue;
      partner.set(other, one);
      return true;
    }
    return false;
  };
  return a.every((_, one) => place(one, new Set()));
}
