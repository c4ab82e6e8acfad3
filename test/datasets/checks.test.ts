import { describe, expect, test } from "@jest/globals";
import { capabilityOf } from "../../src/catalog/capabilities.ts";
import { checkFile } from "../../src/datasets/validate/file.ts";
import { FILE_RULES, LINE_RULES, WARNINGS } from "../../src/datasets/validate/line-rules.ts";
import { validateOperation } from "../../src/datasets/validate/operation.ts";
import { CHECKS, type Check, type Fixture, jsonl } from "./checks.ts";

const validate = validateOperation();

/** What the door says of a file: the rules and warnings that it names, each with its line and remedy. */
async function said(fixture: Fixture, check: Check) {
  const input = {
    file: "train.jsonl",
    format: check.format ?? "sft",
    provider: "openai",
    ...check.with,
    ...fixture.with,
    content: typeof fixture.lines === "string" ? fixture.lines : jsonl(fixture.lines as readonly unknown[]),
    ...(fixture.validation === undefined ? {} : { validation_content: jsonl(fixture.validation) }),
  };
  const parsed = validate.input.parse(input) as never;
  const { body } = await validate.run(parsed, {} as never);
  const reply = validate.output.parse(body) as {
    valid: boolean;
    faults: { file: string; line?: number; rule: string; message: string; remedy: string }[];
    files: { warnings: Record<string, number> }[];
  };
  return {
    valid: reply.valid,
    faults: reply.faults,
    rules: new Set([
      ...reply.faults.map((fault) => fault.rule),
      ...reply.files.flatMap((file) => Object.keys(file.warnings)),
    ]),
  };
}

/** Bytes, or a file under limits of its own: the door takes texts, and limits from the table alone. */
async function limited({ fails, format = "sft", limits }: Check) {
  const { report } = await checkFile("train.jsonl", bytes(fails.lines), {
    format,
    capability: { ...capabilityOf("azure", "gpt-4.1-2025-04-14"), ...limits },
    epochs: fails.with?.n_epochs as number | undefined,
  });
  const rules = [...report.faults.map((fault) => fault.rule), ...Object.keys(report.warnings)];
  return { valid: report.faults_found === 0, faults: report.faults, rules: new Set<string>(rules) };
}
async function* bytes(lines: Fixture["lines"]) {
  yield lines instanceof Uint8Array ? lines : Buffer.from(typeof lines === "string" ? lines : jsonl(lines));
}

const isWarning = (rule: string) => rule in WARNINGS && !(rule in LINE_RULES) && !(rule in FILE_RULES);

describe.each(["Microsoft", "OpenAI", "own"] as const)("checks described by %s", (by) => {
  const own = CHECKS.filter((check) => check.by === by);
  test.each(own.map((check) => [check.says, check] as const))("%s", async (_says, check) => {
    const isDirect = check.fails.lines instanceof Uint8Array || Object.keys(check.limits ?? {}).length > 0;
    const bad = isDirect ? await limited(check) : await said(check.fails, check);
    expect([...bad.rules]).toContain(check.rule);
    const good = await said(check.passes, check);
    expect([...good.rules]).not.toContain(check.rule);
    // What passes is a file to train on: nothing else is wrong with it.
    expect(good.faults).toEqual([]);
    // A warning stops nothing, a fault does and says where and what to do.
    if (check.warns === true || isWarning(check.rule)) expect(bad.valid).toBe(true);
    else {
      expect(bad.valid).toBe(false);
      for (const fault of bad.faults) {
        expect(fault.file).not.toBe("");
        expect(fault.message).toMatch(/\.$/);
        expect(fault.remedy).toMatch(/^[A-Z].*[.}"']$/);
      }
    }
  });
});

test("every rule of the validator has a passing and a failing file here", () => {
  const rules = new Set([...Object.keys(LINE_RULES), ...Object.keys(FILE_RULES), ...Object.keys(WARNINGS)]);
  expect([...rules].filter((rule) => !CHECKS.some((check) => check.rule === rule))).toEqual([]);
  expect(CHECKS.filter((check) => !rules.has(check.rule)).map((check) => check.rule)).toEqual([]);
});

test("the limits that cannot be written out as a file are those of the documents", () => {
  expect(capabilityOf("azure", "gpt-4.1-2025-04-14")).toMatchObject({
    fewest_examples: 10,
    most_bytes: 512_000_000,
    most_tokens: 2_000_000_000,
  });
});
