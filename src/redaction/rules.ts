import { isBase64 } from "../kernel/base64.ts";
import { redactCustom } from "./custom.ts";
import { redactEmails } from "./emails.ts";
import { mayHoldBareForm, redactForms } from "./forms/forms.ts";
import { type Hits, replaced } from "./hits.ts";
import { redactLabelled } from "./labels/labels.ts";
import { mayHoldNumbers, redactNumbers } from "./numbers.ts";
import { redactPrivateKeys } from "./pem.ts";
import { signsOf } from "./signs.ts";

/**
 * The rule pack. Raise the version whenever a rule changes what is found: it is stored on every episode, so that
 * older ones can be scanned again. Every expression is linear in practice: a run of one character class is only
 * entered at its start, bounded, or followed by nothing that can fail.
 */
export const REDACTION_VERSION = "2026.12";

const USERINFO = /(?<=[A-Za-z0-9]:\/\/)([^\s/?#"'<>\\`]{1,512})@/g;
/** No key with a form of its own is shorter, `bearer` or `basic` before it counted. */
const SHORTEST = 13;
const DATA_URL = /^data:[\w/+.-]{1,80};base64,/;

/**
 * False when no rule can find anything in a JSON text, so that it need not be parsed. Escapes such as `\u0040` could
 * hide what the tests look for.
 */
export function mayHoldSecret(json: string, hits: Hits): boolean {
  if (json.includes("\\u")) return true;
  const { privateKey, label, form, email, personal } = signsOf(json);
  return (
    privateKey ||
    label ||
    form ||
    email ||
    personal ||
    asksForPersonal(hits) ||
    mayHoldNumbers(json) ||
    mayHoldBareForm(json) ||
    NAMED_MEMBER.test(json)
  );
}
const asksForPersonal = ({ policy }: Hits): boolean => (policy.personal?.size ?? 0) > 0;
const NAMED_MEMBER =
  /"(?:pin|otp|cv[vc]2?|ssn|iban|card[_ -]?number|cc[_ -]?number|credit[_ -]?card[^"]{0,10})"/i;

function isDataUrl(text: string): boolean {
  const head = text.startsWith("data:") ? DATA_URL.exec(text.slice(0, 100))?.[0] : undefined;
  return head !== undefined && isBase64(text, head.length, "padded");
}

/** A replacement can bare a neighbour that was hidden by it; texts with that many layers are made for it. */
const MOST_PASSES = 5;

/**
 * Every rule over one text, again while anything is found, so that redacting the result finds nothing.
 * @param numbers false where a number can be none of a person: in an id that a machine made
 */
export function redactText(text: string, hits: Hits, numbers = true): string {
  if (isDataUrl(text)) return text;
  // No rule of the pack finds anything in so few characters; one of an agent's own may.
  if (text.length < 6) return hits.policy.custom === undefined ? text : redactCustom(text, hits);
  let out = redactOnce(text, hits, numbers);
  for (let pass = 1, before = text; out !== before && pass < MOST_PASSES; pass++) {
    before = out;
    out = redactOnce(before, hits, numbers);
  }
  return out;
}

/** Order: an agent's own rules, blocks, then labels (they know the whole value), then what is recognised by form. */
function redactOnce(text: string, hits: Hits, numbers: boolean): string {
  let out = hits.policy.custom === undefined ? text : redactCustom(text, hits);
  const isLong = text.length >= SHORTEST;
  const signs = signsOf(out);
  if (isLong && signs.privateKey) out = redactPrivateKeys(out, hits);
  if (signs.address && signs.email)
    out = out.replace(USERINFO, (whole, userinfo: string) =>
      /^[a-z]{1,12}$/.test(userinfo) ? whole : `${replaced(hits, "url_credentials", userinfo)}@`,
    );
  if (signs.label) out = redactLabelled(out, hits, signs);
  if (isLong && (signs.form || mayHoldBareForm(out))) out = redactForms(out, hits, signs.form);
  if (signs.email) out = redactEmails(out, hits);
  return numbers ? redactNumbers(out, hits, signs.personal || asksForPersonal(hits)) : out;
}
