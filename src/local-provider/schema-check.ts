import { Ajv2020 } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import { messageOf } from "../kernel/errors.ts";
import { WireError } from "./http.ts";
import type { JsonSchema } from "./model/wire.ts";

/** OpenAI's limit of properties in a schema, here of all its parts, and levels that no schema of people has. */
const MOST_PARTS = 5000;
const DEEPEST = 100;
/** What must at least be in an answer: items of an array, characters of a text. */
const MOST_DEMANDED: Readonly<Record<string, number>> = { minItems: 1000, minLength: 100_000 };
/** Of a pattern, when it is compiled: what a text costs is this times its length. */
const LARGEST_PATTERN = 2000;

const ONE = ["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const NAMED = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/** Patterns on an engine that is linear in the text, whatever the pattern. */
const linear = Object.assign(
  (pattern: string) => {
    const expression = RE2JS.compile(RE2JS.translateRegExp(pattern));
    if (expression.programSize() > LARGEST_PATTERN) throw new Error(`the pattern ${pattern} is too large`);
    return { test: (text: string) => expression.matcher(text).find(), toString: () => pattern };
  },
  { code: "linear" },
);

/** What a schema of a request is for, as refusals name it: `Invalid schema for function 'f'`, `tools`. */
interface Where {
  readonly what: string;
  readonly param: string;
}
const refusal = ({ what, param }: Where, message: string) =>
  new WireError(400, "invalid_value", `${what}: ${message}`, { param });

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws WireError 400 when a part of the schema has not the form of one, or it demands more than an answer can hold */
export function checkForm(schema: JsonSchema, where: Where): void {
  let parts = 0;
  const look = (node: unknown, at: readonly string[]): void => {
    const wrong = (message: string) =>
      refusal(where, `In context=(${at.map((key) => `'${key}'`).join(", ")}), ${message}.`);
    if (!isRecord(node)) throw wrong("a schema must be an object");
    if (++parts > MOST_PARTS) throw wrong(`there are more than ${MOST_PARTS} parts`);
    if (at.length > DEEPEST) throw wrong(`there are more than ${DEEPEST} levels`);
    if (node.$async !== undefined) throw wrong("'$async' is not supported");
    for (const [key, most] of Object.entries(MOST_DEMANDED))
      if (Number(node[key]) > most) throw wrong(`'${key}' is above ${most}`);
    for (const key of ["$ref", "pattern"])
      if (node[key] !== undefined && typeof node[key] !== "string") throw wrong(`'${key}' must be a text`);
    const { required, enum: values } = node;
    if (
      required !== undefined &&
      !(Array.isArray(required) && required.every((one) => typeof one === "string"))
    )
      throw wrong("'required' must be a list of names");
    if (values !== undefined && !(Array.isArray(values) && values.length > 0))
      throw wrong("'enum' must be a list of values");
    for (const key of ONE)
      if (node[key] !== undefined && typeof node[key] !== "boolean") look(node[key], [...at, key]);
    for (const key of LISTS) {
      const list = node[key];
      if (list === undefined) continue;
      if (!Array.isArray(list) || list.length === 0) throw wrong(`'${key}' must be a list of schemas`);
      for (const [i, one] of list.entries()) look(one, [...at, key, String(i)]);
    }
    for (const key of NAMED) {
      const named = node[key];
      if (named === undefined) continue;
      if (!isRecord(named)) throw wrong(`'${key}' must be an object of schemas`);
      for (const [name, one] of Object.entries(named)) look(one, [...at, key, name]);
    }
  };
  look(schema, []);
}

/**
 * Tells whether a value is one of the schema's.
 * @throws WireError 400 for a schema that is none, or that no value can be held to here
 */
export function validatorOf(schema: JsonSchema, where: Where): (value: unknown) => boolean {
  checkForm(schema, where);
  // Of which draft it is, and what it is called, is the same to this check; helpers of clients write draft 7.
  const { $schema: _draft, $id: _name, ...own } = schema as JsonSchema & Readonly<Record<string, unknown>>;
  try {
    const options = {
      strict: false,
      validateFormats: false,
      logger: false,
      code: { regExp: linear },
    } as const;
    return new Ajv2020(options).compile(own);
  } catch (thrown) {
    throw refusal(where, `${messageOf(thrown)}.`);
  }
}
