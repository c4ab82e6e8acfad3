import type { CustomRule, RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";
import { kindOf, type RedactionRule } from "./contract.ts";

/** What a value holds by a policy, told without the values. */
export interface Trial<T> {
  readonly redacted: T;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: Finding[];
  /** More were found than are told. */
  readonly more: number;
}
interface Finding {
  readonly kind: string;
  /** The owner's rules that look for this kind; absent: the rule pack. */
  readonly rules?: string[] | undefined;
  /** Where in the value, as a JSON pointer; "" is the value itself. */
  readonly path: string;
  /** In UTF-16 units of the string there; absent in JSON held in a string that was written anew, and of what was no string. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

const MOST_TOLD = 200;
const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";
const MARK = /\[REDACTED:([a-z][a-z0-9_]{0,39})#([a-z2-7]{12})\]/g;

/**
 * Redacts a value and tells where something was found. Each finding is given a token of its own first, whose value is
 * known, so that its place in the original can be reckoned; what is answered is redacted by the policy itself.
 */
export function tryRedaction<T>(
  value: T,
  policy: RedactionPolicy,
  rules: readonly RedactionRule[],
): Trial<T> {
  const marks = new Map<string, string>();
  const marked = redact(value, marking(policy, marks)).value;
  const { value: redacted, counts } = redact(value, policy);
  const byKind = Map.groupBy(
    rules.filter((rule) => rule.enabled),
    kindOf,
  );
  const found = [...findings(value, marked, "", marks)].map((one): Finding => {
    const names = byKind.get(one.kind)?.map((rule) => rule.name);
    return names === undefined ? one : { ...one, rules: names };
  });
  return {
    redacted,
    counts,
    findings: found.slice(0, MOST_TOLD),
    more: Math.max(0, found.length - MOST_TOLD),
  };
}

/** The same policy with a numbered token for each finding, `marks` from the token to what it stands for. */
function marking(policy: RedactionPolicy, marks: Map<string, string>): RedactionPolicy {
  const mark = (kind: string, value: string): string => {
    let letters = "";
    for (let i = 0, rest = marks.size; i < 12; i++, rest = Math.floor(rest / 32))
      letters = (LETTERS[rest % 32] ?? "") + letters;
    const token = `[REDACTED:${kind}#${letters}]`;
    marks.set(token, value);
    return token;
  };
  const custom = policy.custom?.map(
    (rule): CustomRule => ({ ...rule, token: (value) => mark(rule.kind, value) }),
  );
  return { ...policy, token: mark, ...(custom === undefined ? {} : { custom }) };
}

function* findings(
  before: unknown,
  after: unknown,
  path: string,
  marks: ReadonlyMap<string, string>,
): Generator<Finding> {
  if (before === after) return;
  if (typeof after === "string") {
    yield* inText(typeof before === "string" ? before : undefined, after, path, marks);
    return;
  }
  if (typeof after !== "object" || after === null || typeof before !== "object" || before === null) return;
  const names = Object.keys(before);
  for (const [index, [name, member]] of Object.entries(after).entries()) {
    // Redaction keeps the order of members, a name may be replaced itself.
    const original = names[index] ?? name;
    if (original !== name) yield* inText(undefined, name, `${path}/${escaped(name)}`, marks);
    yield* findings((before as Record<string, unknown>)[original], member, `${path}/${escaped(name)}`, marks);
  }
}

function* inText(
  before: string | undefined,
  after: string,
  path: string,
  marks: ReadonlyMap<string, string>,
): Generator<Finding> {
  const known = before !== undefined && expanded(after, marks) === before;
  let from = 0;
  let at = 0;
  for (const match of after.matchAll(MARK)) {
    const original = marks.get(match[0]);
    if (original === undefined) continue;
    at += match.index - from;
    from = match.index + match[0].length;
    const { length } = expanded(original, marks);
    const kind = match[1] ?? "";
    yield known ? { kind, path, start: at, end: at + length } : { kind, path };
    at += length;
  }
}

/** The original of a marked text: what a token stands for may hold tokens of earlier findings. */
function expanded(text: string, marks: ReadonlyMap<string, string>): string {
  return text.replace(MARK, (token) => {
    const original = marks.get(token);
    return original === undefined ? token : expanded(original, marks);
  });
}

const escaped = (name: string): string =>
  name.replace(MARK, "[REDACTED:$1]").replace(/~/g, "~0").replace(/\//g, "~1");
