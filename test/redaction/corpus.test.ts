import { describe, expect, test } from "@jest/globals";
import { redact } from "../../src/redaction/redact.ts";
import { type Case, corpus, outcome } from "./corpus/corpus.ts";
import { HARMLESS } from "./corpus/harmless.ts";
import { HOSTILE } from "./corpus/hostile.ts";
import { changedParagraphs, paragraphsBelow } from "./corpus/paragraphs.ts";

const CASES = corpus(1);
const cases = (by: Case["by"]) => CASES.filter((one) => one.by === by);
/** Those of which something is left, as a reader wants to see them when there are too many. */
const left = (of: readonly Case[]) =>
  of.filter(({ value, secret }) => outcome(redact(value).value, secret) !== "removed");
const told = (of: readonly Case[]) =>
  of.map(({ kind, context, secret }) => `${kind}: ${context} <<${secret}>>`);
/** Those cases, when they are more than the share that has to go leaves. */
const tooMany = (of: readonly Case[], share: number) => {
  const those = left(of);
  return those.length > of.length * (1 - share) ? told(those) : [];
};

const groups = (of: readonly Case[], by: "kind" | "context") =>
  [...Map.groupBy(of, (one) => one[by])].map(([name, those]): [string, Case[]] => [name, those]);

describe("the product's own corpus", () => {
  test("it has at least 600 cases in 20 kinds", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(600);
    expect(groups(CASES, "kind").length).toBeGreaterThanOrEqual(20);
    expect(CASES.every(({ value, secret }) => outcome(value, secret) === "missed")).toBe(true);
  });

  test("of secrets that a label, a name or a neighbour announces, 99 of 100 go", () => {
    expect(tooMany(cases("label"), 0.99)).toEqual([]);
  });

  test.each(groups(cases("label"), "kind"))("%s: 19 of 20 go", (_kind, those) => {
    expect(tooMany(those, 0.95)).toEqual([]);
  });

  test("of secrets that their vendors marked, 99 of 100 go", () => {
    expect(tooMany(cases("vendor form"), 0.99)).toEqual([]);
  });

  test.each(groups(cases("azure form"), "kind"))("%s: 19 of 20 go", (_kind, those) => {
    expect(tooMany(those, 0.95)).toEqual([]);
  });

  test.each(groups(cases("azure form"), "context"))(
    "Azure's marked keys in %s: 19 of 20 go",
    (_context, those) => {
      expect(tooMany(those, 0.95)).toEqual([]);
    },
  );
});

describe("what is no secret stays", () => {
  test.each(HARMLESS.map((value) => [value]))("%j", (value) => {
    expect(redact(value)).toEqual({ value, counts: {} });
  });

  test("of the prose of installed packages, less than one paragraph in 200 is changed", () => {
    const paragraphs = paragraphsBelow("node_modules", ["md"], 20_000);
    expect(paragraphs.length).toBeGreaterThan(2_000);
    expect(changedParagraphs(paragraphs).length).toBeLessThan(paragraphs.length * 0.005);
  });

  test.each(["js", "d.ts"])("of their .%s files, less than one paragraph in 100 is changed", (ending) => {
    const paragraphs = paragraphsBelow("node_modules", [ending], 15_000);
    expect(paragraphs.length).toBeGreaterThan(2_000);
    expect(changedParagraphs(paragraphs).length).toBeLessThan(paragraphs.length * 0.01);
  });
});

test.each(HOSTILE)("a megabyte of %j takes less than a second of the processor", (unit) => {
  const text = unit.repeat(Math.ceil(1_000_000 / unit.length));
  const before = process.cpuUsage();
  redact(text);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(1);
});
