import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { smallTable, tableFile, tableRows, typesFile } from "../../tools/wire-table.ts";
import { wireTypes } from "../../tools/wire-types.ts";

const written = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, "../../src/wire", name), "utf8");

const TYPES = typesFile(tableRows());

/** When one of these fails: `npm run wire`. */
describe("the small table of operations", () => {
  it("is the operations table's: names, paths, aliases, effects (if not: npm run wire)", () => {
    expect(written("table.ts")).toBe(tableFile(tableRows()));
  });

  it("has the types of every row's input and output (if not: npm run wire)", () => {
    expect(written("types.ts")).toBe(TYPES);
  });

  it("does not depend on the machine's settings", () => {
    const elsewhere = operationRows(
      readSettings({
        LIGHTNING_AGENT_ID: "support",
        LIGHTNING_EPOCHS: "7",
        LIGHTNING_CLEAN_UP_AFTER_DAYS: "3",
      }),
    );
    expect(typesFile(elsewhere)).toBe(TYPES);
    expect(smallTable(elsewhere)).toEqual(smallTable(tableRows()));
  });

  it("says of each operation whether it is about one agent", () => {
    const { recordEpisodes, cleanUpTraining } = smallTable(tableRows());
    expect([recordEpisodes?.ofAgent, cleanUpTraining?.ofAgent]).toEqual([true, false]);
  });
});

describe("a type made from a schema", () => {
  const part = z.object({ kind: z.literal("a"), size: z.number().default(1) });
  const names = new Map<z.ZodType, string>([[part, "Part"]]);
  const typeOf = (schema: z.ZodType, side: "input" | "output" = "output") =>
    wireTypes(names, [{ schema, side }]).types[0]?.replaceAll(/\s+/g, " ");

  it.each([
    [z.string().nullable(), "string | null"],
    [z.array(z.union([z.string(), z.number()])), "(string | number)[]"],
    [z.array(z.enum(["a", "b"])), '("a" | "b")[]'],
    [z.tuple([z.string(), z.int()]), "[string, number]"],
    [z.record(z.string(), z.boolean()), "{ [name: string]: boolean; }"],
    [z.looseObject({ a: z.null() }), "{ a: null; [name: string]: unknown; }"],
    [z.strictObject({}), "Record<string, never>"],
    [z.object({ "a-b": z.unknown().optional() }), '{ "a-b"?: unknown | undefined; }'],
    [z.intersection(z.object({ a: z.string() }), z.object({ b: z.string() })), "{ a: string; b: string; }"],
    [z.string().transform((text) => text.length), "string"],
    [
      z.object({ a: z.string().meta({ description: "Ends */ here." }) }),
      "{ /** Ends * / here. */ a: string; }",
    ],
  ])("%# says what the schema says", (schema, type) => {
    expect(typeOf(schema)).toBe(type);
  });

  it("has what a default gives as optional in the input, and refers to a named type of that side", () => {
    const both = wireTypes(names, [
      { schema: z.object({ parts: z.array(part) }), side: "input" },
      { schema: z.object({ parts: z.array(part) }), side: "output" },
    ]);
    expect(both.types.map((type) => type.replaceAll(/\s+/g, " "))).toEqual([
      "{ parts: PartInput[]; }",
      "{ parts: Part[]; }",
    ]);
    expect(both.declarations).toEqual([
      'export type Part = {\n  kind: "a";\n  size: number;\n};\n',
      'export type PartInput = {\n  kind: "a";\n  size?: number | undefined;\n};\n',
    ]);
  });
});
