import { invalid } from "../kernel/errors.ts";
import { type Hits, PLACEHOLDERS, replaced } from "./hits.ts";
import type { CustomRule } from "./policy.ts";

/** Milliseconds of processor time for a value, and more for each million letters of it. */
const MOST_MS = 1_000;
/** Letters a rule may read before the clock is asked again. */
const UNCHECKED = 65_536;

/**
 * Rules are linear in a text and were tried when they were set, and yet many of them can take long together. A value that
 * takes too long is refused as one that cannot be walked is: it is withheld, not stored as it stands.
 * @throws invalid `redaction_rules_exhausted`
 */
function spend(text: string, hits: Hits): void {
  hits.spent ??= { letters: 0, unchecked: 0, since: process.cpuUsage() };
  const { spent } = hits;
  spent.unchecked += text.length;
  if (spent.unchecked < UNCHECKED) return;
  spent.unchecked = 0;
  const { user, system } = process.cpuUsage(spent.since);
  if ((user + system) / 1_000 > MOST_MS * (1 + spent.letters / 1_000_000))
    throw invalid(
      "redaction_rules_exhausted",
      "The agent's own redaction rules take too long for this text.",
      {
        remedy: "Simplify the rules (`setRedactionRules`), or send less at a time.",
      },
    );
}

/**
 * An agent's own rules over one text. What stands for earlier findings is left alone: of a match that reaches into a
 * placeholder only what lies outside of it is replaced, so that redacting the result finds nothing new.
 */
export function redactCustom(text: string, hits: Hits): string {
  let out = text;
  for (const rule of hits.policy.custom ?? []) {
    out = redactByRule(out, rule, hits);
    spend(text, hits);
  }
  if (hits.spent !== undefined) hits.spent.letters += text.length;
  return out;
}

/** Counts, weights and bounds have few digits; what is numbered has more. */
const FEWEST_DIGITS = 5;

/** A JSON number of five digits or more that a rule takes as a whole, as a customer's number may be written. */
export function redactNumberByRule(value: number, hits: Hits): string | undefined {
  const text = String(value);
  if (text.length < FEWEST_DIGITS) return undefined;
  for (const rule of hits.policy.custom ?? [])
    if (rule.spans(text).some(([start, end]) => start === 0 && end === text.length))
      return replacedByRule(rule, text, hits);
  return undefined;
}

function redactByRule(text: string, rule: CustomRule, hits: Hits): string {
  const spans = rule.spans(text);
  if (spans.length === 0) return text;
  const kept = text.includes("[REDACTED") ? [...text.matchAll(PLACEHOLDERS)] : [];
  let out = "";
  let done = 0;
  let next = 0;
  for (const [start, end] of spans) {
    let from = Math.max(start, done);
    while (from < end) {
      while (next < kept.length && endOf(kept[next]) <= from) next++;
      const mark = kept[next];
      const until = mark === undefined ? end : Math.min(end, mark.index);
      const piece = text.slice(from, until);
      if (piece.trim() !== "") {
        out += text.slice(done, from) + replacedByRule(rule, piece, hits);
        done = until;
      }
      from = mark === undefined ? end : Math.max(until, Math.min(end, endOf(mark)));
    }
  }
  return out + text.slice(done);
}

const endOf = (mark: RegExpExecArray | RegExpMatchArray | undefined): number =>
  mark === undefined ? 0 : (mark.index ?? 0) + mark[0].length;

function replacedByRule(rule: CustomRule, value: string, hits: Hits): string {
  const { token } = rule;
  return replaced(
    token === undefined
      ? hits
      : { counts: hits.counts, policy: { ...hits.policy, token: (_kind, found) => token(found) } },
    rule.kind,
    value,
  );
}
