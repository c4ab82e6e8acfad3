import { type Hits, isPlaceholder, looksSecret, replaced } from "./redaction-hits.ts";

/**
 * Values announced by a label in running text: `Password=…;`, `"api_key": "…"`, `--token …`, `Authorization: …`.
 * A regular expression finds the label only; where the value ends is decided by code that reads forward once, so
 * the whole pass is linear in the text.
 */
type Family =
  | "password"
  | "secret"
  | "token"
  | "authorization"
  | "connection_string"
  | "cookie"
  | "signature";

const GAP = "[ _.-]?";
const WORDS: readonly [Family, string][] = [
  [
    "connection_string",
    `connection${GAP}string|conn${GAP}str(?:ing)?|shared${GAP}access${GAP}signature|(?<![a-z])sas${GAP}(?:token|uri|url)`,
  ],
  [
    "secret",
    [
      `api${GAP}(?:key|token|secret)`,
      `(?:access|account|shared${GAP}access|private|subscription|functions?|signing|encryption|master|auth|host|storage|service)${GAP}key`,
      `access${GAP}key${GAP}id`,
      `secret(?:${GAP}access)?(?:${GAP}key)?`,
      "credentials?",
    ].join("|"),
  ],
  ["authorization", "authorization"],
  ["password", "password|passwd|passphrase|passcode|pwd|(?<![a-z])(?:pass|pw)|kennwort|passwort"],
  ["cookie", "(?:set-)?cookie"],
  ["token", "token|jwt|bearer"],
  ["signature", "(?<![a-z])sig|(?:x-(?:amz|goog)-)signature|x-amz-(?:security-token|credential)"],
];

/** Label, then closing quotes of the label itself, then what joins label and value. */
const LABEL = new RegExp(
  `(?:${WORDS.map(([, words]) => `(${words})`).join("|")})` +
    `(?:["'\`\\\\\\]]{0,8}[ \\t]{0,8}(:=|=>|==?|::?|>)[ \\t]{0,8}|([ \\t]{1,4}(?:is|was|to)[ \\t]{1,4}|[ \\t]{1,4})(?=\\S))`,
  "gi",
);
/** Cheap test that lets most texts pass without the expression above. */
const GATE =
  /pass|pwd|(?:^|[^a-z])pw|kennwort|secret|token|jwt|key|auth|credential|cookie|conn|sig|sas|bearer/i;

/** What follows a label in forms, messages and documentation and is not a value. */
const NOT_A_VALUE =
  /^(?:null|none|nil|true|false|undefined|required|optional|missing|invalid|incorrect|expired|unknown|must|is|are|was|should|cannot|please|click|enter|string|number|boolean|object|array|not|empty|n\/a|\[\]|\{\}|\[|\{)(?![\w-])/i;
const NEXT_PAIR = /[,\s&|]\s*(?=[A-Za-z_][\w.-]{0,40} ?[=:])/;
const SENTENCE_END = /[.,;!?)](?=\s|$)|\s{2,}|\s[-–—(]/;
const QUOTES = `"'\``;

const LEADING_PLACEHOLDERS = /(?:\[REDACTED(?::[a-z_]{1,40})?\])+/y;

/** Index of the first of `stops` after `from`, or the text's length; a placeholder's own bracket is no stop. */
function until(text: string, from: number, stops: RegExp): number {
  LEADING_PLACEHOLDERS.lastIndex = from;
  stops.lastIndex = from + (LEADING_PLACEHOLDERS.exec(text)?.[0].length ?? 0);
  const match = stops.exec(text);
  return match === null ? text.length : match.index;
}
const LINE_END = /[\r\n]/g;
const LINE_OR_DOUBLE_QUOTE = /[\r\n"]/g;
const PAIR_END = /[\r\n";<]/g;
const WORD_END = /[\s"'`<>,;&)\]}]/g;
const SIGNATURE_END = /[\s"'`<>,;&)\]}\\]/g;
const SAS_END = /[\s"'`<>;\\]/g;

/** Where a quoted value starting at `open` ends, honouring `\"` and quotes that are escaped themselves. */
function quotedEnd(text: string, open: number): { start: number; end: number } | undefined {
  let at = open;
  while (text[at] === "\\") at++;
  const quote = text[at];
  if (quote === undefined || !QUOTES.includes(quote)) return undefined;
  const slashes = at - open;
  const start = at + 1;
  for (let close = text.indexOf(quote, start); close !== -1; close = text.indexOf(quote, close + 1)) {
    let before = 0;
    while (text[close - 1 - before] === "\\" && close - 1 - before >= start) before++;
    if (before === slashes) return { start, end: close - before };
    if (before < slashes) return { start, end: close - before };
  }
  return { start, end: until(text, start, LINE_END) };
}

function shorten(text: string, start: number, end: number, stop: RegExp): number {
  const match = stop.exec(text.slice(start, end));
  return match === null || match.index === 0 ? end : start + match.index;
}

function trimEnd(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && /\s/.test(text[last - 1] ?? "")) last--;
  return last;
}

/** End of an unquoted password: spaces belong to it, a connection string's `;`, the next pair or a sentence end it. */
function passwordEnd(text: string, label: number, start: number): number {
  const lineEnd = until(text, start, PAIR_END);
  let end = shorten(text, start, lineEnd, NEXT_PAIR);
  const inConnectionString = text[lineEnd] === ";" || /;\s*$/.test(text.slice(Math.max(0, label - 3), label));
  if (!inConnectionString || text.slice(start, end).length > 256)
    end = shorten(text, start, end, SENTENCE_END);
  const last = text[end - 1];
  if ((last === "'" || last === "`" || last === ")") && end - 1 > start) end--;
  return trimEnd(text, start, end);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The value that belongs to a label, or undefined when what follows is not one. */
function valueSpan(
  text: string,
  family: Family,
  label: number,
  from: number,
  joint: string,
): Span | undefined {
  const flag = text.slice(Math.max(0, label - 24), label);
  const isFlag = joint === "" && /(?:^|\s)--?[\w-]{0,20}$/.test(flag);
  const quoted = quotedEnd(text, from);
  if (quoted !== undefined) {
    const { start, end } = quoted;
    if (end <= start) return undefined;
    const value = text.slice(start, Math.min(end, start + 400));
    if (joint === "" && !isFlag && /\s/.test(value)) return undefined;
    if (family === "token" && !looksSecret(value) && !(value.length >= 8 && !/\s/.test(value)))
      return undefined;
    if (family === "authorization") return { start: start + schemeLength(value), end };
    return { start, end };
  }
  const wordEnd = until(text, from, WORD_END);
  const first = text.slice(from, wordEnd);
  if (joint === "") {
    // "password is hunter2", "--token abc": one word, and outside a command line only if it cannot be prose.
    const end = isFlag ? wordEnd : trimSentence(text, from, wordEnd);
    const value = text.slice(from, end);
    if (value === "" || value.startsWith("-")) return undefined;
    return isFlag || (looksSecret(value) && /[^a-z-]/i.test(value)) ? { start: from, end } : undefined;
  }
  if (first === "" && family !== "password") return undefined;
  if (joint === ">") return { start: from, end: until(text, from, /[<\r\n]/g) };
  if (joint.startsWith(":") && NOT_A_VALUE.test(text.slice(from, from + 24))) return undefined;
  switch (family) {
    case "password":
      return { start: from, end: passwordEnd(text, label, from) };
    case "connection_string": {
      const isSas = /sas|signature/i.test(text.slice(label, label + 24));
      const end = until(text, from, isSas ? SAS_END : LINE_OR_DOUBLE_QUOTE);
      return /[=]|:\/\//.test(text.slice(from, Math.min(end, from + 2000)))
        ? { start: from, end }
        : undefined;
    }
    case "authorization": {
      const end = until(text, from, LINE_OR_DOUBLE_QUOTE);
      const value = text.slice(from, Math.min(end, from + 400));
      const scheme = schemeLength(value);
      if (scheme === 0 && !looksSecret(first)) return undefined;
      return { start: from + scheme, end: scheme === 0 ? wordEnd : trimEnd(text, from, end) };
    }
    case "cookie": {
      const end = until(text, from, LINE_OR_DOUBLE_QUOTE);
      return first.includes("=") ? { start: from, end } : undefined;
    }
    case "signature": {
      const end = until(text, from, SIGNATURE_END);
      return end - from >= 8 ? { start: from, end } : undefined;
    }
    case "token": {
      const end = trimSentence(text, from, wordEnd);
      return looksSecret(text.slice(from, end)) ? { start: from, end } : undefined;
    }
    case "secret": {
      if (joint !== ":" && joint !== "::" && /^secret/i.test(text.slice(label, label + 6)))
        return { start: from, end: passwordEnd(text, label, from) };
      const end = trimSentence(text, from, wordEnd);
      const alone = /^(?:$|[\r\n"'<;.,)\]}&])/.test(text.slice(wordEnd, wordEnd + 1));
      return looksSecret(text.slice(from, end)) || (alone && end - from >= 3) || !joint.startsWith(":")
        ? { start: from, end }
        : undefined;
    }
  }
}

/** A full stop that ends the sentence is not part of the value. */
function trimSentence(text: string, start: number, end: number): number {
  let last = end;
  while (last > start + 1 && ".!?:".includes(text[last - 1] ?? "")) last--;
  return last;
}

/** Length of `Bearer `, `Basic `, … at the start: the scheme is worth keeping. */
function schemeLength(value: string): number {
  return (
    /^\s*(?:bearer|basic|digest|token|apikey|negotiate|ntlm|sharedkey|sharedaccesssignature|aws4-hmac-sha256)\s+/i.exec(
      value,
    )?.[0].length ?? 0
  );
}

/** Replaces every labelled secret in a text. */
export function redactLabelled(text: string, hits: Hits): string {
  if (!GATE.test(text)) return text;
  let out = "";
  let done = 0;
  LABEL.lastIndex = 0;
  for (let match = LABEL.exec(text); match !== null; match = LABEL.exec(text)) {
    const family = WORDS[match.slice(1, 1 + WORDS.length).findIndex((group) => group !== undefined)]?.[0];
    const joint = match[WORDS.length + 1] ?? "";
    const end = match.index + match[0].length;
    if (family === undefined) continue;
    const span = valueSpan(text, family, match.index, end, joint);
    if (span === undefined || span.end <= span.start) {
      // The next label may begin inside what followed this one ("secret key: token=…").
      LABEL.lastIndex = Math.max(match.index + 1, end - 1);
      continue;
    }
    const value = text.slice(span.start, span.end);
    if (!isPlaceholder(value)) {
      out += text.slice(done, span.start) + replaced(hits, family, value);
      done = span.end;
    }
    LABEL.lastIndex = Math.max(span.end, match.index + 1);
  }
  return done === 0 ? text : out + text.slice(done);
}
