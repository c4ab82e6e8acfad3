import { RE2JS, RE2JSException } from "re2js";
import { invalid, messageOf } from "../kernel/errors.ts";
import type { CustomRule } from "../redaction/policy.ts";
import type { Pseudonyms } from "../redaction/pseudonyms.ts";
import { kindOf, type RedactionRule } from "./contract.ts";
import { isSlow } from "./slow-rules.ts";

/**
 * Instructions of a compiled pattern, and of all patterns of a record: what a text costs at most is their number times its
 * length, some 20 ms an instruction and megabyte with patterns made for it, which `refuseSlowRules` refuses. As people write
 * them a pattern takes some 15 instructions, and fifty of them about 10 ms a megabyte.
 */
const LARGEST_PROGRAM = 200;
const LARGEST_PROGRAMS = 1_500;

/**
 * Rules as redaction runs them, on an engine that is linear in the text whatever the pattern (RE2's, in JavaScript).
 * Rules that are switched off are checked like the others and left out.
 * @throws invalid `redaction_rule_invalid` that names the rule, the place in its pattern and what to do
 */
export function compileRules(rules: readonly RedactionRule[], pseudonyms?: Pseudonyms): CustomRule[] {
  const named = new Set<string>();
  const compiled: CustomRule[] = [];
  let programs = 0;
  for (const [index, rule] of rules.entries()) {
    if (named.has(rule.name))
      throw refusal(index, rule, "stands there twice", "Give each rule its own name.", "name");
    named.add(rule.name);
    const expression = compile(index, rule);
    programs += expression.programSize();
    if (expression.programSize() > LARGEST_PROGRAM || programs > LARGEST_PROGRAMS)
      throw refusal(
        index,
        rule,
        `is too large: it compiles to ${expression.programSize()} instructions, ${programs} with the rules before it; ${LARGEST_PROGRAM} and ${LARGEST_PROGRAMS} are allowed`,
        "Repeat less often, `{1,20}` instead of `{1,900}`, or look for less in one rule.",
      );
    if (expression.matcher("").find())
      throw refusal(
        index,
        rule,
        "matches the empty text, and so stands everywhere",
        "Ask for at least one character: `+` instead of `*`.",
      );
    if (rule.enabled) compiled.push(ready(rule, expression, pseudonyms));
  }
  return compiled;
}

/**
 * Tries rules that are about to be set on texts that are made against them; those that hold already are not tried again.
 * @throws invalid as `compileRules`, `redaction_rule_slow` that names the rule
 */
export function refuseSlowRules(rules: readonly RedactionRule[]): void {
  const enabled = rules.map((rule) => ({ ...rule, enabled: true }));
  for (const [index, compiled] of compileRules(enabled).entries()) {
    const rule = enabled[index];
    if (rule !== undefined && isSlow(compiled, rule.pattern))
      throw refusal(
        index,
        rule,
        "takes more than a second for a megabyte of a text that is made for it",
        "Repeat fewer things that may be of any length, `[a-z]{1,20}` instead of `(?:[a-z]+){1,90}`, or begin with letters that seldom occur, `CUST-`.",
        "pattern",
        {},
        "redaction_rule_slow",
      );
  }
}

function compile(index: number, rule: RedactionRule): RE2JS {
  try {
    return RE2JS.compile(rule.pattern);
  } catch (thrown) {
    if (!(thrown instanceof RE2JSException)) throw thrown;
    const { input } = thrown as { readonly input?: unknown };
    const at = typeof input === "string" ? rule.pattern.indexOf(input) : -1;
    const place = at < 0 ? "" : ` at character ${at + 1}`;
    const why = messageOf(thrown).replace(/^error parsing regexp: /, "");
    throw refusal(
      index,
      rule,
      `cannot be read${place}: ${why}`,
      "Patterns are in RE2's syntax: without looking ahead or behind (`(?=`, `(?<!`) and without backreferences (`\\1`); a repetition is at most 1,000.",
      "pattern",
      at < 0 ? {} : { position: at },
    );
  }
}

function refusal(
  index: number,
  { name }: RedactionRule,
  what: string,
  remedy: string,
  field: "name" | "pattern" = "pattern",
  place: { readonly position?: number } = {},
  code: "redaction_rule_invalid" | "redaction_rule_slow" = "redaction_rule_invalid",
) {
  return invalid(code, `The rule "${name}" ${what}.`, {
    field: `rules.${index}.${field}`,
    remedy,
    details: { rule: name, ...place },
  });
}

function ready(rule: RedactionRule, expression: RE2JS, pseudonyms: Pseudonyms | undefined): CustomRule {
  const kind = kindOf(rule);
  return {
    kind,
    spans(text) {
      const matcher = expression.matcher(text);
      const found: [number, number][] = [];
      while (matcher.find())
        if (matcher.end() > matcher.start()) found.push([matcher.start(), matcher.end()]);
      return found;
    },
    ...(rule.pseudonym && pseudonyms !== undefined
      ? { token: (value: string) => pseudonyms(kind, value) }
      : {}),
  };
}
