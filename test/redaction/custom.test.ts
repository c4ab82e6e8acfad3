import { describe, expect, test } from "@jest/globals";
import * as fc from "fast-check";
import { isLightningError } from "../../src/kernel/errors.ts";
import { compileRules, refuseSlowRules } from "../../src/privacy/compile.ts";
import { MOST_RULES, type RedactionRule } from "../../src/privacy/contract.ts";
import { isPlaceholder } from "../../src/redaction/hits.ts";
import type { RedactionPolicy } from "../../src/redaction/policy.ts";
import { createPseudonyms, policyFromSettings, tokensOf } from "../../src/redaction/pseudonyms.ts";
import { redact, redactOrWithhold } from "../../src/redaction/redact.ts";

const KEY = "a secret of at least thirty-two characters";
const pseudonyms = createPseudonyms(KEY, "support");
const rule = (pattern: string, more: Partial<RedactionRule> = {}): RedactionRule => ({
  name: "Customer number",
  pattern,
  pseudonym: false,
  enabled: true,
  ...more,
});
const policyWith = (...rules: RedactionRule[]): RedactionPolicy => ({
  version: "test",
  custom: compileRules(rules, pseudonyms),
});
const CUSTOMER = rule("\\bK-\\d{6}\\b");

describe("an owner's rule", () => {
  test("finds its pattern in texts, names of members, JSON in strings and numbers, and is counted by its kind", () => {
    const { value, counts } = redact(
      {
        text: "about K-123456.",
        "K-123456": 1,
        json: '{"customer":"K-123456","n":[" K-654321"]}',
        short: "K-123456",
        other: "K-12345",
      },
      policyWith(CUSTOMER),
    );
    expect(value).toEqual({
      text: "about [REDACTED:customer_number].",
      "[REDACTED:customer_number]": 1,
      json: '{"customer":"[REDACTED:customer_number]","n":[" [REDACTED:customer_number]"]}',
      short: "[REDACTED:customer_number]",
      other: "K-12345",
    });
    expect(counts).toEqual({ customer_number: 5 });
    const number = redact({ customer: 87654321, size: 8765432100 }, policyWith(rule("8765\\d{4}")));
    expect(number.value).toEqual({ customer: "[REDACTED:customer_number]", size: 8765432100 });
  });

  test("is refused where a text can be made that it takes long for, by the time it takes and not by its size", () => {
    const names = Array.from({ length: 25 }, (_, n) => `apollo${n}`).join("|");
    for (const pattern of [
      "\\bCUST-\\d{6}\\b",
      "[A-Z]{2}\\d{6}[A-Z]?",
      `(?i)project (?:${names})`,
      "\\w+@\\w+\\.corp",
    ])
      expect(() => refuseSlowRules([rule(pattern)])).not.toThrow();
    for (const pattern of ["(?:[a-z]+){1,60}\\d", "(?:[A-Z]?){90}\\d", "[a-z0-9]{1,98}@"]) {
      const set = () => refuseSlowRules([CUSTOMER, rule(pattern, { name: "Slow", enabled: false })]);
      expect(set).toThrow(
        expect.objectContaining({ code: "redaction_rule_slow", message: expect.stringMatching(/"Slow"/) }),
      );
    }
  });

  test("takes no more than its time: a value that takes longer is withheld, not kept as it stands", () => {
    const slow = Array.from({ length: 7 }, (_, n) => rule("(?:[a-z]+){1,60}\\d", { name: `Slow ${n}` }));
    const policy = policyWith(...slow);
    const text = "abcdefghij".repeat(20_000);
    const before = process.cpuUsage();
    const result = redactOrWithhold({ text }, (reason) => ({ text: reason }), policy);
    const { user, system } = process.cpuUsage(before);
    expect(result).toMatchObject({ withheld: true, value: { text: expect.stringMatching(/take too long/) } });
    expect((user + system) / 1e6).toBeLessThan(4);
    expect(redactOrWithhold({ text: "short" }, () => ({ text: "" }), policy)).toMatchObject({
      value: { text: "short" },
    });
  });

  test("leaves the placeholders of others alone, and what stands beside one is replaced", () => {
    const policy = policyWith(rule("[A-Za-z]{6,}"), rule("mail: .*", { name: "Mail", kind: "mail" }));
    const once = redact("mail: jane.doe@example.org, password=hunter22", policy).value;
    expect(once).not.toMatch(/jane|hunter/);
    expect(redact(once, policy)).toEqual({ value: once, counts: {} });
    expect(redact("[REDACTED:email] secretly", policy).value).toBe(
      "[REDACTED:email] [REDACTED:customer_number]",
    );
  });

  test("changes nothing when it runs again, whatever the pattern and the text", () => {
    const piece = fc.constantFrom(
      "K-123456",
      "jane.doe@example.org",
      "password=",
      "hunter22x",
      " ",
      "[REDACTED:email]",
      "[REDACTED:",
      "]",
      "a",
      "42",
      "{",
      '"',
      "\n",
    );
    const texts = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
    const patterns = fc.constantFrom(
      "K-\\d+",
      "[A-Z]+",
      "a|4",
      "\\d{2}",
      "^.",
      "\\S+$",
      "REDACTED",
      "[^ ]+ [^ ]+",
      "(?s).+",
    );
    fc.assert(
      fc.property(texts, patterns, fc.boolean(), (text, pattern, pseudonym) => {
        const policy = policyWith(rule(pattern, { pseudonym }));
        const once = redact({ text }, policy).value;
        expect(redact(once, policy)).toEqual({ value: once, counts: {} });
      }),
      { numRuns: 500, seed: 19 },
    );
  });

  test.each([
    ["looking ahead", "K-(?=1)", /"Customer number" cannot be read at character 3/, 2],
    ["a backreference", "(a)\\1", /character 4/, 3],
    ["an open bracket", "K-(1", /missing closing \)/, undefined],
    ["too many repetitions", "a{1001}", /invalid repeat count/, 1],
    ["a huge program", "(?:abcdefghij){400}", /too large/, undefined],
    ["the empty text", "x*", /matches the empty text/, undefined],
  ])("is refused for %s, with its name, the place and what to do", (_what, pattern, message, position) => {
    const refused = () => compileRules([rule("fine", { name: "Fine" }), rule(pattern)]);
    expect(refused).toThrow(message);
    try {
      refused();
    } catch (thrown) {
      if (!isLightningError(thrown)) throw thrown;
      expect(thrown).toMatchObject({ kind: "invalid", code: "redaction_rule_invalid" });
      expect(thrown.toBody().error).toMatchObject({
        field: "rules.1.pattern",
        remedy: expect.stringMatching(/\w/) as unknown,
        details: { rule: "Customer number", ...(position === undefined ? {} : { position }) },
      });
    }
  });

  test("costs time by the length of the text alone, also with patterns made to take long", () => {
    const text = `${"x".repeat(250_000)} ${"ab ".repeat(80_000)}`;
    const rules = ["(x+x+)+y", "(\\w|\\w)*\\d$", "(a|b|ab)*c", "(.*)(.*)(.*)z"].map((pattern, i) =>
      rule(`(?:${pattern})Q`, { name: `Rule ${i}` }),
    );
    const policy = policyWith(...rules);
    const once = (length: number) => {
      const begun = process.cpuUsage();
      redact(text.slice(0, length), policy);
      const { user, system } = process.cpuUsage(begun);
      return user + system;
    };
    once(60_000);
    const [half, whole] = [once(text.length / 2), once(text.length)];
    // A backtracking engine would not come back at all; twice the text takes about twice as long.
    expect(whole).toBeLessThan(8 * half + 200_000);
  });

  test("is left out when it is switched off, and bounded in number by the contract", () => {
    expect(redact("K-123456", policyWith({ ...CUSTOMER, enabled: false })).value).toBe("K-123456");
    expect(MOST_RULES).toBe(50);
  });
});

describe("pseudonyms", () => {
  const policy: RedactionPolicy = {
    version: "test",
    token: tokensOf(["email", "phone"], pseudonyms),
    custom: compileRules([{ ...CUSTOMER, pseudonym: true }], pseudonyms),
  };

  test("give the same value the same token, in prose, in tool arguments and in JSON held in strings", () => {
    const { value } = redact(
      {
        user_input: "Mail Jane.Doe@example.org about K-123456",
        tool_calls: [{ arguments: { to: "jane.doe@example.org", customer: "K-123456" } }],
        messages: [
          { tool_calls: [{ function: { arguments: '{"to":"jane.doe@example.org","c":"K-123456"}' } }] },
        ],
        url: "https://example.org/?to=jane.doe%40example.org",
      },
      policy,
    );
    const text = JSON.stringify(value);
    const tokens = (kind: string) =>
      [...text.matchAll(new RegExp(`\\[REDACTED:${kind}#[a-z2-7]{12}\\]`, "g"))].map(String);
    expect(tokens("email")).toHaveLength(4);
    expect(new Set(tokens("email")).size).toBe(1);
    expect(tokens("customer_number")).toHaveLength(3);
    expect(new Set(tokens("customer_number")).size).toBe(1);
    expect(tokens("email")[0]).toBe(pseudonyms("email", "jane.doe@example.org"));
    expect(isPlaceholder(tokens("email")[0] ?? "")).toBe(true);
    expect(redact(value, policy)).toEqual({ value, counts: {} });
    expect(redact(value)).toEqual({ value, counts: {} });
  });

  test("differ between values, agents and keys", () => {
    const of = (key: string, agent: string, mail: string) => createPseudonyms(key, agent)("email", mail);
    const tokens = [
      of(KEY, "support", "a@example.org"),
      of(KEY, "support", "b@example.org"),
      of(KEY, "sales", "a@example.org"),
      of(`${KEY}2`, "support", "a@example.org"),
    ];
    expect(new Set(tokens).size).toBe(4);
  });

  test("are never made of a credential", () => {
    const secrets = redact(
      {
        password: "hunter22",
        text: "Bearer abc123xyz token, AKIAIOSFODNN7EXAMPLE, card 4111 1111 1111 1111",
      },
      policy,
    ).value;
    expect(JSON.stringify(secrets)).not.toContain("#");
  });

  test("are the same in an agent's own process, under the same key", () => {
    const own = policyFromSettings({ pseudonyms: "email,phone", pseudonymKey: KEY }, "support");
    expect(redact("jane.doe@example.org", own).value).toBe(pseudonyms("email", "jane.doe@example.org"));
    expect(redact("jane.doe@example.org", policyFromSettings({ pseudonyms: "email" }, "support")).value).toBe(
      "[REDACTED:email]",
    );
  });
});
