import { type Hits, isPlaceholder, looksSecret, replaced } from "./hits.ts";

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

export const mayHoldLabel = (text: string): boolean => GATE.test(text);

/** What follows a label in forms, messages and documentation and is not a value. */
const NOT_A_VALUE =
  /^(?:null|none|nil|true|false|undefined|required|optional|missing|invalid|incorrect|expired|unknown|must|is|are|was|should|cannot|please|click|enter|string|number|boolean|object|array|not|empty|n\/a|\[\]|\{\}|\[|\{)(?![\w-])/i;
const NEXT_PAIR = /[,\s&|]\s*(?=[A-Za-z_][\w.-]{0,40} ?[=:])/;
const NEXT_PAIR_OR_SENTENCE = new RegExp(`${NEXT_PAIR.source}|[.,;!?)](?=\\s|$)|\\s{2,}|\\s[-–—(]`);
const MOST_WORDS = /^\s*(?:\S+\s+){0,9}\S*/;
const QUOTES = `"'\``;

const LEADING_PLACEHOLDERS = /(?:\[REDACTED(?::[a-z_]{1,40})?\])+/y;

/**
 * Where each kind of stop comes next. A stop found once is still the next one for every place before it, so that many
 * labels on one endless line cost one look at the line.
 */
class Reader {
  readonly text: string;
  readonly #found = new Map<RegExp, { from: number; at: number }>();

  constructor(text: string) {
    this.text = text;
  }

  /** Index of the first of `stops` at or after `from`, or the text's length; a placeholder's bracket is no stop. */
  until(from: number, stops: RegExp): number {
    LEADING_PLACEHOLDERS.lastIndex = from;
    const start = from + (LEADING_PLACEHOLDERS.exec(this.text)?.[0].length ?? 0);
    const known = this.#found.get(stops);
    if (known !== undefined && known.from <= start && start <= known.at) return known.at;
    stops.lastIndex = start;
    const at = stops.exec(this.text)?.index ?? this.text.length;
    this.#found.set(stops, { from: start, at });
    return at;
  }
}
const TAG = /[<\r\n]/g;
const LINE_END = /[\r\n]/g;
const LINE_OR_DOUBLE_QUOTE = /[\r\n"]/g;
const PAIR_END = /[\r\n";<]/g;
const WORD_END = /[\s"'`<>,;&)\]}]/g;
const SIGNATURE_END = /[\s"'`<>,;&)\]}\\]/g;
const SAS_END = /[\s"'`<>;\\]/g;

/** Where a quoted value starting at `open` ends, honouring `\"` and quotes that are escaped themselves. */
function quotedEnd(reader: Reader, open: number): { start: number; end: number } | undefined {
  const { text } = reader;
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
  return { start, end: reader.until(start, LINE_END) };
}

/** End of `start..end`, brought forward to the first `stop` in it that leaves something before it. */
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
function passwordEnd(reader: Reader, label: number, start: number): number {
  const { text } = reader;
  const stop = reader.until(start, PAIR_END);
  const isConnectionString = text[stop] === ";" || /;\s*$/.test(text.slice(Math.max(0, label - 3), label));
  let end = shorten(
    text,
    start,
    stop,
    isConnectionString && stop - start <= 256 ? NEXT_PAIR : NEXT_PAIR_OR_SENTENCE,
  );
  // A passphrase has a few words; a whole paragraph behind "password=" is not all of it.
  if (!isConnectionString) end = start + (MOST_WORDS.exec(text.slice(start, end))?.[0].length ?? 0);
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
  reader: Reader,
  family: Family,
  label: number,
  from: number,
  joint: string,
): Span | undefined {
  const { text } = reader;
  const flag = text.slice(Math.max(0, label - 24), label);
  const isFlag = joint === "" && /(?:^|\s)--?[\w-]{0,20}$/.test(flag);
  const quoted = quotedEnd(reader, from);
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
  return joint === "" ? afterSpace(reader, from, isFlag) : afterJoint(reader, family, label, from, joint);
}

/** "password is hunter2", "--token abc": one word, and outside a command line only if it cannot be prose. */
function afterSpace(reader: Reader, from: number, isFlag: boolean): Span | undefined {
  const { text } = reader;
  const wordEnd = reader.until(from, WORD_END);
  const end = isFlag ? wordEnd : trimSentence(text, from, wordEnd);
  const value = text.slice(from, end);
  if (value === "" || value.startsWith("-")) return undefined;
  return isFlag || (looksSecret(value) && /[^a-z-]/i.test(value)) ? { start: from, end } : undefined;
}

/** An unquoted value behind `=`, `:` or `>`. */
function afterJoint(
  reader: Reader,
  family: Family,
  label: number,
  from: number,
  joint: string,
): Span | undefined {
  const { text } = reader;
  const to = (end: number): Span => ({ start: from, end });
  if (joint === ">") return to(reader.until(from, TAG));
  if (joint.startsWith(":") && NOT_A_VALUE.test(text.slice(from, from + 24))) return undefined;
  if (family === "password") return to(passwordEnd(reader, label, from));
  const wordEnd = reader.until(from, WORD_END);
  const first = text.slice(from, wordEnd);
  if (first === "") return undefined;
  if (family === "connection_string") {
    const isSas = /sas|signature/i.test(text.slice(label, label + 24));
    const end = reader.until(from, isSas ? SAS_END : LINE_OR_DOUBLE_QUOTE);
    return /=|:\/\//.test(text.slice(from, Math.min(end, from + 2000))) ? to(end) : undefined;
  }
  if (family === "authorization") {
    const end = reader.until(from, LINE_OR_DOUBLE_QUOTE);
    const scheme = schemeLength(text.slice(from, Math.min(end, from + 400)));
    if (scheme === 0) return looksSecret(first) ? to(wordEnd) : undefined;
    return { start: from + scheme, end: trimEnd(text, from, end) };
  }
  if (family === "cookie")
    return first.includes("=") ? to(reader.until(from, LINE_OR_DOUBLE_QUOTE)) : undefined;
  if (family === "signature") {
    const end = reader.until(from, SIGNATURE_END);
    return end - from >= 8 ? to(end) : undefined;
  }
  const end = trimSentence(text, from, wordEnd);
  const isRandom = looksSecret(text.slice(from, end));
  if (family === "token") return isRandom ? to(end) : undefined;
  const isAssigned = !joint.startsWith(":");
  if (isAssigned && /^secret/i.test(text.slice(label, label + 6)))
    return to(passwordEnd(reader, label, from));
  const isAlone = /^(?:$|[\r\n"'<;.,)\]}&])/.test(text.slice(wordEnd, wordEnd + 1));
  return isRandom || isAssigned || (isAlone && end - from >= 3) ? to(end) : undefined;
}

/** A full stop that ends the sentence is not part of the value. */
function trimSentence(text: string, start: number, end: number): number {
  let last = end;
  while (last > start + 1 && end - last < 4 && ".!?:".includes(text[last - 1] ?? "")) last--;
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

/** The index behind the placeholder that `at` stands in, or -1: its own kind (`api_key`) is no label. */
function placeholderEnd(text: string, at: number): number {
  const near = Math.max(0, at - 50);
  const found = text.slice(near, at).lastIndexOf("[REDACTED:");
  if (found === -1) return -1;
  const open = near + found;
  const close = open + text.slice(open, open + 60).indexOf("]");
  return close > at && isPlaceholder(text.slice(open, close + 1)) ? close + 1 : -1;
}

/** Replaces every labelled secret in a text. */
export function redactLabelled(text: string, hits: Hits): string {
  if (!GATE.test(text)) return text;
  const reader = new Reader(text);
  let out = "";
  let done = 0;
  LABEL.lastIndex = 0;
  for (let match = LABEL.exec(text); match !== null; match = LABEL.exec(text)) {
    const family = WORDS[match.slice(1, 1 + WORDS.length).findIndex((group) => group !== undefined)]?.[0];
    const joint = match[WORDS.length + 1] ?? "";
    const end = match.index + match[0].length;
    if (family === undefined) continue;
    const behind = placeholderEnd(text, match.index);
    if (behind !== -1) {
      LABEL.lastIndex = behind;
      continue;
    }
    const span = valueSpan(reader, family, match.index, end, joint);
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
