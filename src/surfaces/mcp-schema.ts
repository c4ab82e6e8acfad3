import { z } from "zod";
import type { Operation } from "../doors/operation.ts";
import { inputJsonSchema, type JsonSchema } from "./fields.ts";

/** A JSON Schema whose root is an object, as the protocol wants it of what goes in and what comes out. */
export type ToolSchema = Readonly<Record<string, unknown>> & { readonly type: "object" };
type Node = Readonly<Record<string, unknown>>;
type Definitions = Readonly<Record<string, Node>>;

/** Where an answer that is no object stands in the structured content. */
export const WRAPPED = "result";

/**
 * The input as models are shown it. Other spellings of a field are accepted but not shown, so the schema must not close
 * the object; what is neither is still refused by the row's own schema.
 */
export function toolInput(row: Pick<Operation, "input">): ToolSchema {
  const { additionalProperties: _closed, ...schema } = plain(inputJsonSchema(row));
  return { properties: {}, ...schema, type: "object" };
}

/**
 * What the structured content of an answer looks like. Objects are open, as answers gain fields; bounds and patterns are
 * left out, which are a matter of input; records in several states are one object that requires what all of them have.
 */
export function toolOutput(output: z.ZodType): ToolSchema {
  // As the row hands it over: a field that the schema would fill in may be absent.
  const schema = answered(plain(z.toJSONSchema(output, { io: "input", unrepresentable: "any" })));
  if (schema.type === "object") return { properties: {}, ...schema, type: "object" };
  return { type: "object", properties: { [WRAPPED]: schema }, required: [WRAPPED] };
}

/** References in their place, without what JSON Schema has no words for. What refers to itself is any JSON value. */
function plain(schema: object): Node {
  const { $defs = {} } = schema as { readonly $defs?: Definitions };
  const cycles = cyclesOf($defs);
  const visit = (node: Node): Node => {
    const { $schema: _dialect, $defs: _defs, $id: _id, id: _name, $ref: reference, ...rest } = node;
    if (typeof reference !== "string") return asWritten(rest);
    const named = reference.split("/").at(-1) ?? "";
    const target = $defs[named];
    return target === undefined || cycles.has(named) ? rest : visit({ ...target, ...rest });
  };
  return eachSchema(schema as Node, visit);
}

/** Zod bounds every integer by what a double can hold, which no model needs to be told. */
function asWritten(node: Node): Node {
  const { minimum, maximum, ...rest } = node;
  return {
    ...rest,
    ...(minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? {} : { minimum }),
    ...(maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? {} : { maximum }),
  };
}

/** The definitions that lead back to themselves. */
function cyclesOf(defs: Definitions): ReadonlySet<string> {
  const refs = new Map(
    Object.entries(defs).map(([name, node]) => [
      name,
      [...JSON.stringify(node).matchAll(/"\$ref":"[^"]*\/([^"/]+)"/g)].map(([, other = ""]) => other),
    ]),
  );
  const leadsTo = (name: string, from: string, seen: Set<string>): boolean =>
    (refs.get(from) ?? []).some((next) => {
      if (next === name) return true;
      if (seen.has(next)) return false;
      return leadsTo(name, next, seen.add(next));
    });
  return new Set([...refs.keys()].filter((name) => leadsTo(name, name, new Set())));
}

const IN_ANSWERS = new Set([
  "type",
  "properties",
  "required",
  "items",
  "anyOf",
  "enum",
  "const",
  "description",
  "format",
  "additionalProperties",
]);

function answered(schema: Node): Node {
  return eachSchema(schema, (node) => {
    const kept = Object.entries(mergedObjects(node)).filter(([key]) => IN_ANSWERS.has(key));
    const { additionalProperties: others, ...rest } = Object.fromEntries(kept);
    // Closed or of any kind: either way nothing is said.
    return others === undefined || others === false || JSON.stringify(others) === "{}"
      ? rest
      : { ...rest, additionalProperties: others };
  });
}

/** Alternatives and joined parts that all are objects, as one object. */
function mergedObjects(node: Node): Node {
  const { anyOf, oneOf, allOf, ...rest } = node;
  const either = (anyOf ?? oneOf) as readonly Node[] | undefined;
  const parts = (either ?? (allOf as readonly Node[] | undefined))?.map((part) => mergedObjects(part));
  if (parts === undefined) return node;
  if (!parts.every((part) => part.properties !== undefined && part.type === "object"))
    return either === undefined ? rest : { ...rest, anyOf: parts };
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.properties as Node)))];
  const required = names.filter((name) => {
    const holds = (part: Node) => (part.required as readonly string[] | undefined)?.includes(name) === true;
    return either === undefined ? parts.some(holds) : parts.every(holds);
  });
  const properties = names.map((name) => {
    const own = parts
      .map((part) => (part.properties as Definitions)[name])
      .filter((one) => one !== undefined);
    return [name, either === undefined ? (own[0] ?? {}) : alternatives(own)] as const;
  });
  return { ...rest, type: "object", properties: Object.fromEntries(properties), required };
}

/** One schema for a field that differs between the alternatives. */
function alternatives(own: readonly Node[]): Node {
  const different = [...new Map(own.map((one) => [JSON.stringify(one), one])).values()];
  const [first = {}] = different;
  if (different.length === 1) return first;
  const values = different.map(({ const: value, enum: some }) => (value === undefined ? some : [value]));
  if (values.every((some) => Array.isArray(some)) && different.every(({ type }) => type === first.type)) {
    const { const: _one, ...rest } = first;
    return { ...rest, enum: [...new Set(values.flat())] };
  }
  return mergedObjects({ anyOf: different });
}

/** Applies `visit` to a schema and then to every schema inside what came of it. */
function eachSchema(schema: Node, visit: (node: Node) => Node): Node {
  const inside = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inside);
    return typeof value === "object" && value !== null ? eachSchema(value as Node, visit) : value;
  };
  const byName = (value: unknown) =>
    Object.fromEntries(Object.entries(value as Node).map(([name, member]) => [name, inside(member)]));
  return Object.fromEntries(
    Object.entries(visit(schema)).map(([key, value]) => {
      if (key === "properties") return [key, byName(value)];
      return [key, SCHEMAS_IN.has(key) ? inside(value) : value];
    }),
  );
}

const SCHEMAS_IN = new Set([
  "items",
  "prefixItems",
  "anyOf",
  "oneOf",
  "allOf",
  "not",
  "additionalProperties",
  "propertyNames",
]);

type Field = JsonSchema & Node;

/**
 * The input in short, for a list that a small model can bear: kinds and choices of its fields, and a sentence about those
 * that are needed or that the example has. All that it says is true of what the whole schema takes.
 */
export function inputInShort(schema: ToolSchema, row: Pick<Operation, "example">): ToolSchema {
  const { required = [] } = schema as { readonly required?: readonly string[] };
  const told = new Set([...required, ...Object.keys(row.example)]);
  return {
    type: "object",
    properties: mapped(fieldsOf(schema), (field, name) => ({
      ...kindOf(field, true),
      ...(told.has(name) ? firstSentence(field) : {}),
    })),
    ...(required.length === 0 ? {} : { required }),
  };
}

/** The answer by the kinds of its fields; what lies inside of these is left open. */
export const outputFields = (schema: ToolSchema): ToolSchema => ({
  ...schema,
  properties: mapped(fieldsOf(schema), (field) => kindOf(field, true)),
});

/** The answer by the kinds of the fields that are always there. */
export function outputInShort(schema: ToolSchema): ToolSchema {
  const { required = [] } = schema as { readonly required?: readonly string[] };
  const always = Object.entries(fieldsOf(schema)).filter(([name]) => required.includes(name));
  return { type: "object", properties: mapped(Object.fromEntries(always), (field) => kindOf(field, false)) };
}

const fieldsOf = ({ properties = {} }: ToolSchema) => properties as Readonly<Record<string, Field>>;

const mapped = (fields: Readonly<Record<string, Field>>, map: (field: Field, name: string) => Node) =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, map(field, name)]));

function kindOf({ type, enum: values, anyOf, items }: Field, choices: boolean): Node {
  const either = anyOf?.map((one) => one.type);
  const kinds = type ?? (either?.includes(undefined) === false ? [...new Set(either.flat())] : undefined);
  return {
    ...(kinds === undefined ? {} : { type: Array.isArray(kinds) && kinds.length === 1 ? kinds[0] : kinds }),
    ...(values === undefined || !choices ? {} : { enum: values }),
    ...(typeof items === "object" ? { items: kindOf(items as Field, choices) } : {}),
  };
}

function firstSentence({ description }: Field): Node {
  const [sentence] = description?.split(/(?<=[a-z)`]\.) /, 1) ?? [];
  return sentence === undefined ? {} : { description: sentence };
}
