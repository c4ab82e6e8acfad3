import type { z } from "zod";

type JsonSchema = z.core.JSONSchema.JSONSchema;
type Part = JsonSchema | boolean | undefined;

/** The TypeScript type of a JSON schema; a reference to a definition is spelled `@Name`. */
export function typeText(schema: Part, depth: number): string {
  if (schema === undefined || typeof schema === "boolean") return "unknown";
  if (schema.$ref !== undefined) return `@${schema.$ref.replace("#/$defs/", "")}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  const union = schema.anyOf ?? schema.oneOf;
  if (union !== undefined) return unionText(union, depth);
  const { type } = schema;
  // One schema of several types, as `["string", "null"]`.
  if (Array.isArray(type))
    return unionText(
      type.map((one) => ({ ...schema, type: one })),
      depth,
    );
  if (type === "array") return arrayText(schema, depth);
  if (type === "object") return objectText(schema, depth);
  return SIMPLE[type ?? ""] ?? "unknown";
}

const SIMPLE: Readonly<Record<string, string>> = {
  string: "string",
  number: "number",
  integer: "number",
  boolean: "boolean",
  null: "null",
};

function unionText(parts: readonly Part[], depth: number): string {
  return [...new Set(parts.map((part) => typeText(part, depth)))].join(" | ");
}

function arrayText({ prefixItems, items }: JsonSchema, depth: number): string {
  if (prefixItems !== undefined)
    return `[${prefixItems.map((one) => typeText(one as Part, depth)).join(", ")}]`;
  const item = typeText(items as Part, depth);
  return / [|&] /.test(item) && !item.startsWith("{") ? `(${item})[]` : `${item}[]`;
}

function objectText({ properties, required, additionalProperties }: JsonSchema, depth: number): string {
  const indent = "  ".repeat(depth + 1);
  const needed = new Set(required);
  const members = Object.entries(properties ?? {}).map(([name, one]) => {
    const { description } = one as JsonSchema;
    const comment =
      description === undefined ? "" : `${indent}/** ${description.replaceAll("*/", "* /")} */\n`;
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const type = typeText(one, depth + 1);
    return needed.has(name)
      ? `${comment}${indent}${key}: ${type};\n`
      : `${comment}${indent}${key}?: ${type} | undefined;\n`;
  });
  const others = additionalProperties;
  if (typeof others === "object") members.push(`${indent}[name: string]: ${typeText(others, depth + 1)};\n`);
  if (members.length === 0) return "Record<string, never>";
  return `{\n${members.join("")}${"  ".repeat(depth)}}`;
}
