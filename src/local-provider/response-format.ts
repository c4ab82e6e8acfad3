import type { ChatBody } from "./chat-parameters.ts";
import { WireError } from "./http.ts";
import type { AnswerFormat } from "./model/formats.ts";
import type { JsonSchema } from "./model/wire.ts";
import { validatorOf } from "./schema-check.ts";

const refuse = (message: string) =>
  new WireError(400, "invalid_value", message, { param: "response_format" });

/** What an answer must be besides text, if anything. @throws WireError 400 for a schema that no answer can be held to */
export function formatOf(
  format: ChatBody["response_format"],
  texts: readonly string[],
): AnswerFormat | undefined {
  if (format === undefined || format.type === "text") return undefined;
  if (format.type === "json_object") {
    if (!texts.some((text) => /json/i.test(text)))
      throw refuse(
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
      );
    return { kind: "json_object" };
  }
  const { name, schema, strict } = format.json_schema;
  // Without a schema any JSON will do.
  if (schema === undefined) return { kind: "json_object" };
  const where = { what: `Invalid schema for response_format '${name}'`, param: "response_format" };
  const validate = validatorOf(schema, where);
  if (strict) checkStrict(schema, where.what, where.param);
  return { kind: "schema", schema, validate };
}

/** A strict schema leaves nothing open: each object requires all that it names, and allows nothing else. */
export function checkStrict(
  schema: JsonSchema,
  what: string,
  param: string,
  at: readonly string[] = [],
): void {
  const wrong = (message: string) =>
    new WireError(
      400,
      "invalid_value",
      `${what}: In context=(${at.map((key) => `'${key}'`).join(", ")}), ${message}`,
      { param },
    );
  const below = (key: string, inner: JsonSchema) => checkStrict(inner, what, param, [...at, key]);
  if (at.length === 0 && schema.type !== "object" && schema.$ref === undefined)
    throw wrong("schema must be of type 'object'.");
  const { properties } = schema;
  if (schema.type === "object" || properties !== undefined) {
    if (schema.additionalProperties !== false)
      throw wrong("'additionalProperties' is required to be supplied and to be false.");
    const missing = Object.keys(properties ?? {}).find((name) => !schema.required?.includes(name));
    if (missing !== undefined)
      throw wrong(`'required' must name every key of 'properties'. '${missing}' is missing.`);
  }
  for (const [name, inner] of Object.entries(properties ?? {})) below(name, inner);
  for (const [name, inner] of Object.entries(schema.$defs ?? {})) below(name, inner);
  if (schema.items !== undefined) below("items", schema.items);
  schema.anyOf?.forEach((inner, i) => {
    below(String(i), inner);
  });
}
