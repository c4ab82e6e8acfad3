import { z } from "zod";
import { typeText } from "./type-text.ts";

/** TypeScript types of zod schemas as they are on the wire, for programs that have no zod. */

export type Side = "input" | "output";
type JsonSchema = z.core.JSONSchema.JSONSchema;

export interface Wanted {
  readonly schema: z.ZodType;
  readonly side: Side;
}

/**
 * @param names what a schema is called where others hold it: its type is declared once and referred to. The input side of
 * a name that differs from its output is `NameInput`.
 * @returns the types wanted, in order, and the declarations that they refer to, in alphabetical order
 */
export function wireTypes(names: ReadonlyMap<z.ZodType, string>, wanted: readonly Wanted[]) {
  const registry = z.registry<{ id: string }>();
  for (const [schema, id] of names) registry.add(schema, { id });
  const declared = { input: new Map<string, string>(), output: new Map<string, string>() };

  const texts = wanted.map(({ schema, side }) => {
    // Held by another one, a schema with a name is a reference.
    const { $defs, properties } = jsonSchemaOf(z.object({ it: schema }), side, registry);
    for (const [name, one] of Object.entries($defs ?? {})) declared[side].set(name, typeText(one, 0));
    return { side, text: typeText(properties?.it, 1) };
  });

  function isSameOnBothSides(name: string, seen = new Set<string>()): boolean {
    if (name === ANY_JSON) return false;
    if (seen.has(name)) return true;
    seen.add(name);
    const [input, output] = [declared.input.get(name), declared.output.get(name)];
    if (input === undefined || output === undefined) return true;
    return input === output && references(input).every((one) => isSameOnBothSides(one, seen));
  }
  function nameOn(side: Side, name: string): string {
    if (side === "output") return name;
    if (name === ANY_JSON) return "unknown";
    return isSameOnBothSides(name) ? name : `${name}Input`;
  }
  const finished = (side: Side, text: string) =>
    text.replaceAll(REFERENCE, (_mark, name: string) => nameOn(side, name));

  const declarations = new Map(
    (["input", "output"] as const).flatMap((side) =>
      [...declared[side]]
        .filter(([name]) => nameOn(side, name) !== "unknown")
        .map(([name, text]) => [nameOn(side, name), finished(side, text)] as const),
    ),
  );
  return {
    types: texts.map(({ side, text }) => finished(side, text)),
    declarations: [...declarations]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => `export type ${name} = ${text};\n`),
  };
}

/** Any value may come in where JSON is asked for: an interface has no index signature, so it would not fit. */
const ANY_JSON = "Json";

/** As `typeText` spells a reference to a named type. */
const REFERENCE = /@(\w+)/g;
const references = (text: string) => [...text.matchAll(REFERENCE)].map(([, name]) => name ?? "");

function jsonSchemaOf(schema: z.ZodType, io: Side, metadata: z.core.$ZodRegistry<{ id: string }>) {
  return z.toJSONSchema(schema, {
    io,
    metadata,
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      // Descriptions stand in zod's own registry, in whose place `metadata` is read.
      const { description } = zodSchema as { description?: string };
      if (description !== undefined) jsonSchema.description = description;
      // A transform (a time made UTC) changes a value, not what it looks like on the wire.
      if (io === "output" && zodSchema instanceof z.ZodPipe && jsonSchema.type === undefined)
        Object.assign(jsonSchema, z.toJSONSchema(zodSchema.in as z.ZodType, { io: "input" }));
    },
  }) as JsonSchema;
}
