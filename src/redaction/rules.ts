import { type Hits, looksSecret, replaced } from "./hits.ts";
import { mayHoldLabel, redactLabelled } from "./labels.ts";
import { mayHoldNumbers, redactNumbers } from "./numbers.ts";

/**
 * The rule pack. Raise the version whenever a rule changes what is found: it is stored on every episode, so that
 * older ones can be scanned again. Every expression is linear in practice: a run of one character class is only
 * entered at its start, bounded, or followed by nothing that can fail.
 */
export const REDACTION_VERSION = "2026.11";

/** Credentials that are recognised by their own form, wherever they stand. */
const BY_FORM: readonly { kind: string; gate: RegExp | string; pattern: RegExp; check?: boolean }[] = [
  {
    kind: "jwt",
    gate: "eyJ",
    pattern: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,3}/g,
  },
  {
    kind: "api_key",
    gate: "sk-",
    pattern: /(?<![A-Za-z0-9_-])sk-[A-Za-z0-9_-]{10,}/g,
    check: true,
  },
  {
    kind: "aws_access_key",
    gate: /A[KSBC][IC]A/,
    pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g,
  },
  {
    kind: "github_token",
    gate: /gh[pousr]_|github_pat_/,
    pattern: /(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/g,
  },
  {
    kind: "gitlab_token",
    gate: "gl",
    pattern: /(?<![A-Za-z0-9])gl(?:pat|dt|rt|ptt|cbt|ft|soat|agent|imt|oas)-[A-Za-z0-9_.-]{16,}/g,
    check: true,
  },
  {
    kind: "slack_token",
    gate: /xox[a-z]-|xapp-|hooks\.slack/,
    pattern:
      /(?<![A-Za-z0-9])(?:xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,})|(?<=hooks\.slack\.com\/(?:services|workflows)\/)[A-Za-z0-9_/]{16,}/g,
  },
  {
    kind: "google_key",
    gate: /AIza|ya29\.|GOCSPX-/,
    pattern: /(?<![A-Za-z0-9])(?:AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{16,}|GOCSPX-[A-Za-z0-9_-]{16,})/g,
  },
  {
    kind: "stripe_key",
    gate: /[srp]k_(?:live|test)_|whsec_/,
    pattern: /(?<![A-Za-z0-9])(?:[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})/g,
  },
  {
    kind: "npm_token",
    gate: "npm_",
    pattern: /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{20,}/g,
    check: true,
  },
  {
    kind: "api_key",
    gate: /hf_|pypi-|dop_v1_|SG\.|shp[a-z]{2}_|hvs\.|dckr_pat_|lin_api_|rubygems_/,
    pattern:
      /(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{20,}|pypi-[A-Za-z0-9_-]{30,}|dop_v1_[a-f0-9]{32,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}|hvs\.[A-Za-z0-9_-]{20,}|dckr_pat_[A-Za-z0-9_-]{20,}|lin_api_[A-Za-z0-9]{20,}|rubygems_[a-f0-9]{32,})/g,
  },
  {
    // A storage account key: 64 bytes in base64. Nothing else in common use has this length and padding.
    kind: "azure_key",
    gate: "==",
    pattern: /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])/g,
  },
];

const BEARER = /(?<![A-Za-z0-9])(bearer[ \t]{1,4})([A-Za-z0-9._~+/=-]{6,})/gi;
const BASIC = /(?<![A-Za-z0-9])(basic[ \t]{1,4})([A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z0-9+/=])/gi;
const USERINFO = /(?<=[A-Za-z0-9]:\/\/)([^\s/?#"'<>\\`]{1,512})@/g;
/** A secret access key beside its `AKIA…`: forty base64 characters. */
const AWS_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g;
const DOMAIN =
  /(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.){1,8}(?:\p{L}{2,24}|xn--[a-z0-9-]{2,59})(?![\p{L}\p{N}_])/uy;
const LOCAL_PART = /[\p{L}\p{N}._%+'!#$&*/=?^`{|}~-]/u;
/** `icon@2x.png` is a file. */
const FILE_ENDING = /\.(?:png|jpe?g|gif|svg|webp|ico|css|js|mjs|ts|json|map|md|html?)$/i;

/** `user:password` in base64 is printable text with a colon. */
function isBasicCredential(value: string): boolean {
  const decoded = Buffer.from(value, "base64").toString("utf8");
  if (decoded.includes(":") && !/[\p{Cc}\ufffd]/u.test(decoded)) return true;
  return (
    value.endsWith("=") ||
    (value.length >= 16 && /\d/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value))
  );
}

/** PEM blocks, also with escaped line ends; one that is cut off reaches to the end of the text. */
function redactPem(text: string, hits: Hits): string {
  let out = "";
  let done = 0;
  for (let start = text.indexOf("-----BEGIN "); start !== -1; start = text.indexOf("-----BEGIN ", done)) {
    const labelEnd = text.indexOf("-----", start + 11);
    const label = labelEnd === -1 || labelEnd - start > 80 ? undefined : text.slice(start + 11, labelEnd);
    const endMark = label === undefined ? "-----END " : `-----END ${label}-----`;
    const close = text.indexOf(endMark, start);
    const end = close === -1 ? text.length : close + endMark.length;
    out += text.slice(done, start) + replaced(hits, "pem", text.slice(start, end));
    done = end;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** E-mail addresses, found from the `@` outwards so that long runs of letters cost nothing. */
function redactEmails(text: string, hits: Hits): string {
  let out = "";
  let done = 0;
  let floor = 0;
  for (const sign of text.matchAll(/@|%40/g)) {
    const at = sign.index;
    let start = at;
    const lowest = Math.max(done, floor);
    floor = at + sign[0].length;
    while (start > lowest && LOCAL_PART.test(text[start - 1] ?? "")) start--;
    // Quotes and brackets are legal in an address but far more often stand around it.
    while (start < at && /[^\p{L}\p{N}]/u.test(text[start] ?? "")) start++;
    if (start === at) continue;
    DOMAIN.lastIndex = at + sign[0].length;
    const domain = DOMAIN.exec(text)?.[0];
    if (domain === undefined || FILE_ENDING.test(domain)) continue;
    const end = at + sign[0].length + domain.length;
    // An ssh remote: `git@host:path`.
    if (text.slice(start, at) === "git" && text[end] === ":") continue;
    const local = text.slice(start, at);
    const pair = Math.max(
      local.lastIndexOf("="),
      local.lastIndexOf("/"),
      local.lastIndexOf("?"),
      local.lastIndexOf("&"),
    );
    const from = pair >= 0 && pair < local.length - 1 ? start + pair + 1 : start;
    out += text.slice(done, from) + replaced(hits, "email", text.slice(from, end));
    done = end;
  }
  return done === 0 ? text : out + text.slice(done);
}

const DATA_URL = /^data:[\w/+.-]{1,80};base64,[A-Za-z0-9+/=]*$/;
/** What no credential of `BY_FORM` and no bearer or basic token is without. Apart from each other: see `mayHoldForm`. */
const UNDERLINED =
  /gh[pousr]_|github_pat_|k_(?:live|test)_|whsec_|npm_|hf_|dop_v1_|dckr_pat_|lin_api_|rubygems_/;
const HYPHENED = /sk-|gl[a-z]{2,5}-|xapp-|GOCSPX-|pypi-/;
const DOTTED = /hooks\.slack|ya29\.|SG\.|hvs\./;
const LETTERS = /eyJ|A[KSBC][IC]A|AIza|xox|shp/;
const SCHEMES = /[Bb]earer|[Bb]asic|BEARER|BASIC/;

/**
 * Cheap test that lets most texts pass. One expression of all of it would look at every letter several times; a sign
 * that prose seldom holds, and a few words of one kind, are found many characters at a time.
 */
const mayHoldForm = (text: string): boolean =>
  (text.includes("_") && UNDERLINED.test(text)) ||
  (text.includes("-") && HYPHENED.test(text)) ||
  text.includes("==") ||
  DOTTED.test(text) ||
  LETTERS.test(text) ||
  SCHEMES.test(text);

/**
 * False when no rule can find anything in a JSON text, so that it need not be parsed. Escapes such as `\u0040` could
 * hide what the tests look for.
 */
export function mayHoldSecret(json: string): boolean {
  return (
    json.includes("@") ||
    json.includes("\\u") ||
    json.includes("-----BEGIN ") ||
    json.includes("%40") ||
    mayHoldNumbers(json) ||
    mayHoldLabel(json) ||
    mayHoldForm(json) ||
    NAMED_MEMBER.test(json)
  );
}
const NAMED_MEMBER =
  /"(?:pin|otp|cv[vc]2?|ssn|iban|card[_ -]?number|cc[_ -]?number|credit[_ -]?card[^"]{0,10})"/i;

/** A replacement can bare a neighbour that was hidden by it; texts with that many layers are made for it. */
const MOST_PASSES = 5;

/** Every rule over one text, again while anything is found, so that redacting the result finds nothing. */
export function redactText(text: string, hits: Hits): string {
  if (text.length < 6 || (text.startsWith("data:") && DATA_URL.test(text))) return text;
  let out = redactOnce(text, hits);
  for (let pass = 1, before = text; out !== before && pass < MOST_PASSES; pass++) {
    before = out;
    out = redactOnce(before, hits);
  }
  return out;
}

/** Order: blocks, then labels (they know the whole value), then what is recognised by form. */
function redactOnce(text: string, hits: Hits): string {
  let out = text;
  if (out.includes("-----BEGIN ")) out = redactPem(out, hits);
  if (out.includes("://") && out.includes("@"))
    out = out.replace(USERINFO, (whole, userinfo: string) =>
      /^[a-z]{1,12}$/.test(userinfo) ? whole : `${replaced(hits, "url_credentials", userinfo)}@`,
    );
  out = redactLabelled(out, hits);
  if (mayHoldForm(out)) out = redactByForm(out, hits);
  if (out.includes("@") || out.includes("%40")) out = redactEmails(out, hits);
  return redactNumbers(out, hits);
}

function redactByForm(text: string, hits: Hits): string {
  let out = text;
  for (const { kind, gate, pattern, check } of BY_FORM) {
    if (typeof gate === "string" ? !out.includes(gate) : !gate.test(out)) continue;
    out = out.replace(pattern, (secret) =>
      check && !looksSecret(secret.slice(3)) ? secret : replaced(hits, kind, secret),
    );
  }
  if ((hits.aws_access_key ?? 0) > 0)
    out = out.replace(AWS_SECRET, (secret) =>
      /\d/.test(secret) && /[a-z]/.test(secret) && /[A-Z]/.test(secret)
        ? replaced(hits, "aws_secret_key", secret)
        : secret,
    );
  return out
    .replace(BEARER, (whole, scheme: string, value: string) =>
      looksSecret(value) ? scheme + replaced(hits, "bearer", value) : whole,
    )
    .replace(BASIC, (whole, scheme: string, value: string) =>
      isBasicCredential(value) ? scheme + replaced(hits, "basic", value) : whole,
    );
}
