import { record, text } from "../episodes/odd/values.ts";
import type { ToolDefinitionInput as ToolDefinition } from "../wire/types.ts";

/** What `registerTool` of the MCP SDKs takes beside a tool's name, and what a JSON tool list says of it. */
export interface ToolConfig {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** JSON Schema, a schema object that can tell its JSON Schema (zod 4, Standard Schema), or its members by name. */
  readonly inputSchema?: object | undefined;
}

/** The definition as the model is given it. What cannot be told as JSON Schema is left out, and nothing is made up. */
export function definitionOf(name: string, { title, description, inputSchema }: ToolConfig): ToolDefinition {
  const told = text(description) ?? text(title);
  const parameters = inputSchema === undefined ? undefined : jsonSchemaOf(inputSchema);
  return {
    type: "function",
    function: {
      name,
      ...(told === undefined ? {} : { description: told }),
      ...(parameters === undefined ? {} : { parameters }),
    },
  };
}

type Schema = Record<string, unknown>;
interface TellsItself {
  toJSONSchema?(options?: object): Schema;
  readonly "~standard"?: { readonly jsonSchema?: { input(options: object): Schema } };
  safeParse?(value: undefined): { readonly success: boolean };
}

function jsonSchemaOf(schema: object): Schema | undefined {
  const told = toldBy(schema);
  if (told !== undefined) return told;
  const members = Object.entries(schema) as [string, unknown][];
  if (
    members.every(
      ([, member]) => typeof member !== "object" || member === null || toldBy(member) === undefined,
    )
  )
    return isJsonSchema(schema) ? { ...schema } : undefined;
  const properties: Record<string, Schema> = {};
  const required: string[] = [];
  for (const [name, member] of members) {
    const of = toldBy(Object(member) as object);
    if (of === undefined) return undefined;
    properties[name] = of;
    if ((member as TellsItself).safeParse?.(undefined).success !== true) required.push(name);
  }
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

const isJsonSchema = (schema: object): boolean =>
  Object.keys(schema).length === 0 ||
  record(schema).type === "object" ||
  "properties" in schema ||
  "$ref" in schema;

/** What a schema says of itself, as the model has to write it; undefined: it says nothing. */
function toldBy(schema: object): Schema | undefined {
  const teller = schema as TellsItself;
  try {
    const told =
      typeof teller.toJSONSchema === "function"
        ? teller.toJSONSchema({ io: "input" })
        : teller["~standard"]?.jsonSchema?.input({ target: "draft-2020-12" });
    if (told === undefined) return undefined;
    const { $schema: _version, ...rest } = told;
    // What a schema library knows beside is hidden, and no JSON.
    return JSON.parse(JSON.stringify(rest)) as Schema;
  } catch {
    return undefined;
  }
}
