import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { nullsAsAbsent } from "../../src/doors/absent.ts";
import { parseInput } from "../../src/doors/operation.ts";

const ROWS = operationRows(readSettings({}));

describe("null for a field that may be absent", () => {
  const part = z.strictObject({ kind: z.literal("a"), size: z.number().optional() });
  const other = z.strictObject({ kind: z.literal("b"), text: z.string().default("x") });
  const schema = z.strictObject({
    name: z.string(),
    note: z.string().optional(),
    count: z.int().default(3),
    back: z.string().nullable().optional(),
    free: z.json().optional(),
    metadata: z.record(z.string(), z.json()).default({}),
    parts: z.array(z.discriminatedUnion("kind", [part, other])).optional(),
    either: z.union([z.string(), part]).optional(),
    trimmed: z.preprocess((text) => text, z.string().optional()),
    deep: z.object({ deeper: z.object({ at: z.string().optional() }).optional() }).optional(),
    loose: z.looseObject({ a: z.string().optional() }).optional(),
  });
  const given = { name: "n" };

  it.each([
    [{ note: null, count: null, parts: null, either: null, deep: null, trimmed: null }, {}],
    [
      {
        parts: [
          { kind: "a", size: null },
          { kind: "b", text: null },
        ],
      },
      { parts: [{ kind: "a" }, { kind: "b" }] },
    ],
    [{ either: { kind: "a", size: null } }, { either: { kind: "a" } }],
    [{ deep: { deeper: { at: null } } }, { deep: { deeper: {} } }],
    // Null has a meaning there.
    [{ back: null }, { back: null }],
    [{ free: null }, { free: null }],
    [{ free: { a: null, b: [null] } }, { free: { a: null, b: [null] } }],
    [{ metadata: { a: null, b: { c: null } } }, { metadata: { a: null, b: { c: null } } }],
    [{ loose: { a: null, b: null } }, { loose: { b: null } }],
  ])("%j is %j", (input, meant) => {
    expect(nullsAsAbsent(schema, { ...given, ...input })).toEqual({ ...given, ...meant });
  });

  it("stays where the field is demanded, so that the refusal names it", () => {
    expect(nullsAsAbsent(schema, { name: null })).toEqual({ name: null });
    expect(nullsAsAbsent(schema, { name: "n", nobody: null })).toEqual({ name: "n", nobody: null });
  });

  it.each(ROWS.map((row) => [row.name, row] as const))(
    "%s takes it at every optional field",
    (_name, row) => {
      const { shape } = row.input;
      const mayBeAbsent = Object.keys(shape).filter(
        (field) => (shape[field] as z.ZodType).safeParse(undefined).success,
      );
      const unset = Object.fromEntries(
        mayBeAbsent.filter((field) => !(field in row.example)).map((field) => [field, null]),
      );
      const meant = Object.fromEntries(
        Object.entries(unset).filter(([field]) => (shape[field] as z.ZodType).safeParse(null).success),
      );
      expect(parseInput(row, { ...row.example, ...unset })).toEqual(
        parseInput(row, { ...row.example, ...meant }),
      );
    },
  );
});
