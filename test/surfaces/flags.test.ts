import { describe, expect, test } from "@jest/globals";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { type Operation, parseInput } from "../../src/doors/operation.ts";
import { flagsOf, inputOf } from "../../src/surfaces/cli/options.ts";

const rows = operationRows(readSettings({})).filter(({ cli }) => cli !== undefined);

/** Words that some field takes besides its numbers, and values of every kind. */
const WORDS = ["auto", "default", "0", "1", "3", "0.5", "51", "1000", "true", "a", "base", "active"];

const camel = (name: string) => name.replaceAll(/-(.)/g, (_dash, letter: string) => letter.toUpperCase());
const takes = (row: Operation, name: string, word: string): boolean => {
  const given = inputOf(flagsOf(row), { [camel(name)]: [word] });
  const own = Object.keys(given).map((key) => row.aliases?.[key] ?? key);
  const others = Object.entries(row.example).filter(([key]) => !own.includes(row.aliases?.[key] ?? key));
  try {
    parseInput(row, { ...Object.fromEntries(others), ...given });
    return true;
  } catch {
    return false;
  }
};

/** Options that name one field: a short one and the long one of the same field, or of the object's that it stands for. */
const pairs = rows.flatMap((row) => {
  const flags = flagsOf(row);
  const target = (path: readonly string[]) => row.aliases?.[path.at(-1) ?? ""] ?? path.at(-1);
  return flags.flatMap((one, n) =>
    flags
      .slice(n + 1)
      .filter((other) => one.name !== other.name && target(one.path) === target(other.path))
      // Fields of one name in unlike objects are unlike fields: only those that repeat a field of the top.
      .filter((other) => one.path.length === 1 || other.path.length === 1)
      .filter(
        ({ path }) =>
          ![...one.path, ...path].some((step) => ["dataset", "evaluation", "approval"].includes(step)),
      )
      .map((other) => [`${row.cli}`, one.name, other.name, row] as const),
  );
});

describe("an option and its other spelling", () => {
  test("are known, the short --epochs among them", () => {
    expect(pairs.map(([cli, a, b]) => `${cli} ${a} ${b}`)).toContain("train epochs hyperparameters-n-epochs");
  });

  test.each(pairs)("%s: --%s takes what --%s takes", (_cli, a, b, row) => {
    const words = (name: string) => WORDS.filter((word) => takes(row, name, word));
    expect(words(a)).toEqual(words(b));
  });
});
