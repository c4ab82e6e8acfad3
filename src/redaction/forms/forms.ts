import { type Hits, looksSecret, replaced } from "../hits.ts";
import { byMark, type Found, MARK_SIGNS, nextByStart } from "./find.ts";
import { BYTES_64, MARKED } from "./marked.ts";

/** What stands before a digest: `sha512-`, `"integrity": "`, `sha-512=:`, `"contentHash": "`. */
const DIGEST =
  /(?:sha-?512|sha3-512|blake2b|integrity|content_?hash|checksum|digest|shasum)\b["'\\]{0,4}\s{0,2}[-:=(]{0,2}\s{0,2}["'\\:]{0,4}$/i;

const BEARER = /(?<![A-Za-z0-9])(bearer[ \t]{1,4})([A-Za-z0-9._~+/=-]{6,})/gi;
const BASIC = /(?<![A-Za-z0-9])(basic[ \t]{1,4})([A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z0-9+/=])/gi;
const SCHEMES = /earer|asic|EARER|ASIC/;
/** A secret access key beside its `AKIA…`: forty base64 characters. */
const AWS_SECRET = /(?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g;
/** Addresses that whoever knows them may post to. */
const WEBHOOK =
  /(?<=hooks\.slack\.com\/(?:services|workflows|triggers)\/|discord(?:app)?\.com\/api\/webhooks\/\d{5,25}\/|\.webhook\.office\.com\/webhookb2\/)[A-Za-z0-9_/@+-]{16,}/g;
const WEBHOOKS = /hooks\.slack|\/api\/webhooks\/|webhook\.office/;
/** The key of a function or of an extension in an address (`?code=`), and the one-time code of a sign-in. */
const CODE = /((?:[?&]|u0026|&amp;|%26|%3F)code(?:=|%3D))([A-Za-z0-9_.~%+/-]{16,}={0,2})/gi;
const CODES = /code(?:=|%3[dD])/;

/** `user:password` in base64 is printable text with a colon. */
function isBasicCredential(value: string): boolean {
  const decoded = Buffer.from(value, "base64").toString("utf8");
  if (decoded.includes(":") && !/[\p{Cc}\ufffd]/u.test(decoded)) return true;
  return (
    value.endsWith("=") ||
    (value.length >= 16 && /\d/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value))
  );
}

/** Without one of these a text holds no credential with a form of its own, unless it is told by its beginning or its end. */
export const FORM_SIGNS: readonly string[] = [
  ...MARK_SIGNS,
  ..."bearer basic code= code%3d hooks.slack /api/webhooks/ webhook.office".split(" "),
];
/** Whether a word begins as a key does, or ends as one of 64 bytes. */
export const mayHoldBareForm = (text: string): boolean =>
  text.includes("==") || nextByStart(text, 0) !== undefined;

/**
 * Replaces credentials that are recognised by their own form, wherever they stand.
 * @param isMarked whether any of `FORM_SIGNS` stands in the text
 */
export function redactForms(text: string, hits: Hits, isMarked: boolean): string {
  let out = text;
  if (isMarked) for (const marked of MARKED) out = replaceAll(out, byMark(out, marked), hits);
  out = replaceAll(out, byStart(out), hits);
  if (out.includes("==")) out = replaceAll(out, bytes64(out), hits);
  if ((hits.counts.aws_access_key ?? 0) > 0) out = redactAwsSecrets(out, hits);
  if (!isMarked) return out;
  if (WEBHOOKS.test(out)) out = out.replace(WEBHOOK, (secret) => replaced(hits, "webhook", secret));
  if (CODES.test(out))
    out = out.replace(CODE, (whole, name: string, value: string) =>
      looksSecret(value) ? name + replaced(hits, "url_credentials", value) : whole,
    );
  return SCHEMES.test(out) ? redactSchemes(out, hits) : out;
}

function* byStart(text: string): Generator<Found> {
  for (let found = nextByStart(text, 0); found !== undefined; found = nextByStart(text, found.end))
    yield found;
}

function replaceAll(text: string, found: Iterable<Found>, hits: Hits): string {
  let out = "";
  let done = 0;
  for (const { kind, start, end } of found) {
    out += text.slice(done, start) + replaced(hits, kind, text.slice(start, end));
    done = end;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** Keys of 64 bytes that have no mark, and no word for a digest before them. */
function* bytes64(text: string): Generator<Found> {
  for (const found of byMark(text, BYTES_64))
    if (!DIGEST.test(text.slice(Math.max(0, found.start - 40), found.start))) yield found;
}

function redactAwsSecrets(text: string, hits: Hits): string {
  return text.replace(AWS_SECRET, (secret) =>
    /\d/.test(secret) && /[a-z]/.test(secret) && /[A-Z]/.test(secret)
      ? replaced(hits, "aws_secret_key", secret)
      : secret,
  );
}

function redactSchemes(text: string, hits: Hits): string {
  return text
    .replace(BEARER, (whole, scheme: string, value: string) =>
      looksSecret(value) ? scheme + replaced(hits, "bearer", value) : whole,
    )
    .replace(BASIC, (whole, scheme: string, value: string) =>
      isBasicCredential(value) ? scheme + replaced(hits, "basic", value) : whole,
    );
}
