import { z } from "zod";
import type { Operation } from "../doors/operation.ts";
import { isLightningError } from "../kernel/errors.ts";
import { parseExact } from "../kernel/exact-json.ts";

/** The part of JSON Schema that zod writes and the doors read. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

type Kind = "string" | "number" | "integer" | "boolean" | "array" | "object" | "null";

/** One field of an operation's input, as a door that only has texts (query, command line) needs to know it. */
export interface Field {
  readonly name: string;
  /** Kinds of JSON value the schema takes; free text is among them only when any text will do. */
  readonly kinds: ReadonlySet<Kind>;
  /** Fixed values, when there are no others. */
  readonly choices: readonly string[] | undefined;
  /** Of an array: what an element is. */
  readonly items: Field | undefined;
  /** Of an object with named fields only. */
  readonly fields: readonly Field[] | undefined;
  readonly required: boolean;
  readonly default: unknown;
  readonly description: string | undefined;
}

const schemas = new WeakMap<Operation["input"], JsonSchema>();
const described = new WeakMap<Operation["input"], readonly Field[]>();

/** The input schema as JSON Schema 2020-12, as a caller writes it (defaults are optional, transforms not yet done). */
export function inputJsonSchema(operation: Pick<Operation, "input">): JsonSchema {
  let schema = schemas.get(operation.input);
  if (schema === undefined) {
    schema = z.toJSONSchema(operation.input, { io: "input", unrepresentable: "any" }) as JsonSchema;
    schemas.set(operation.input, schema);
  }
  return schema;
}

/** The input's fields in the order of the schema. */
export function inputFields(operation: Pick<Operation, "input">): readonly Field[] {
  let fields = described.get(operation.input);
  if (fields === undefined) {
    const schema = inputJsonSchema(operation);
    fields = fieldsOf(schema, schema.$defs ?? {});
    described.set(operation.input, fields);
  }
  return fields;
}

type Definitions = Readonly<Record<string, JsonSchema>>;

/** `seen` holds the references followed so far: what refers to itself is any JSON value and is not looked into again. */
function fieldsOf(schema: JsonSchema, defs: Definitions, seen: readonly string[] = []): Field[] {
  return Object.entries(schema.properties ?? {}).map(([name, member]) =>
    describe(name, member, schema.required?.includes(name) === true, defs, seen),
  );
}

function describe(
  name: string,
  schema: JsonSchema,
  required: boolean,
  defs: Definitions,
  seen: readonly string[],
): Field {
  const branches = flatten(schema, defs, seen);
  const below = schema.$ref === undefined ? seen : [...seen, nameOf(schema.$ref)];
  const kinds = new Set<Kind>();
  const choices: string[] = [];
  let free = false;
  for (const branch of branches) {
    const values = branch.const === undefined ? branch.enum : [branch.const];
    if (values !== undefined) {
      choices.push(...values.map(String));
      for (const value of values) if (typeof value !== "string") kinds.add(typeof value as Kind);
      continue;
    }
    free = true;
    for (const type of typeof branch.type === "string" ? [branch.type] : (branch.type ?? []))
      kinds.add(type as Kind);
  }
  const array = branches.find((branch) => branch.type === "array");
  const object = branches.find((branch) => branch.properties !== undefined);
  return {
    name,
    kinds,
    choices: choices.length > 0 && !free ? choices : undefined,
    items: typeof array?.items === "object" ? describe(name, array.items, true, defs, below) : undefined,
    fields: object === undefined || branches.length > 1 ? undefined : fieldsOf(object, defs, below),
    required,
    default: schema.default,
    description: schema.description,
  };
}

const nameOf = (reference: string) => reference.split("/").at(-1) ?? "";

/** Alternatives side by side, each reference followed once. */
function flatten(schema: JsonSchema, defs: Definitions, seen: readonly string[]): JsonSchema[] {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    const target = defs[name];
    return target === undefined || seen.includes(name) ? [] : flatten(target, defs, [...seen, name]);
  }
  const alternatives = schema.anyOf ?? schema.oneOf;
  return alternatives === undefined
    ? [schema]
    : alternatives.flatMap((alternative) => flatten(alternative, defs, seen));
}

/** What a JSON number looks like; `0x10` and `1_000` are text. */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * The value a text stands for in a field. A text that fits no other kind stays as it is, so that the schema refuses it
 * with the field's name.
 */
function valueOfText(field: Field, text: string): unknown {
  const { kinds } = field;
  if ((kinds.has("number") || kinds.has("integer")) && !kinds.has("string") && NUMBER.test(text))
    return Number(text);
  if (kinds.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if ((kinds.has("array") || kinds.has("object")) && /^\s*[[{]/.test(text)) {
    try {
      return parseExact(text);
    } catch (thrown) {
      if (isLightningError(thrown)) throw thrown;
      return text;
    }
  }
  return text;
}

/** The value of texts given for one field: an array by repetition or commas, anything else by a single text. */
export function valueOfTexts(field: Field, texts: readonly string[]): unknown {
  if (field.items !== undefined && !field.kinds.has("string")) {
    const element = field.items;
    if (texts.length === 1 && /^\s*\[/.test(texts[0] ?? "")) return valueOfText(field, texts[0] ?? "");
    return texts
      .flatMap((text) => text.split(","))
      .map((text) => text.trim())
      .filter((text) => text !== "")
      .map((text) => valueOfText(element, text));
  }
  const values = texts.map((text) => valueOfText(field, text));
  return values.length === 1 ? values[0] : values;
}

/** The field a name or its other spelling stands for. */
export function fieldNamed(operation: Pick<Operation, "input" | "aliases">, name: string): Field | undefined {
  const own = operation.aliases?.[name] ?? name;
  return inputFields(operation).find((field) => field.name === own);
}
