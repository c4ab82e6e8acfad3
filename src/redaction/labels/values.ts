import { looksRandom, looksSecret } from "../hits.ts";
import { isMode, isNoQuotedValue, isNoValue } from "./expressions.ts";
import { type Joined, TYPE_ALONE } from "./joints.ts";
import type { Meaning } from "./names.ts";
import {
  LINE_END,
  LINE_OR_DOUBLE_QUOTE,
  passwordEnd,
  quotedSpan,
  type Reader,
  SAS_END,
  SIGNATURE_END,
  type Span,
  TAG,
  trimEnd,
  trimSentence,
  wordEnd,
} from "./reader.ts";

/** A label that was found: what it says, and where it stands. */
export interface Label extends Joined {
  readonly meaning: Meaning;
  /** The whole name: `DB_PASSWORD_PROD`. */
  readonly name: string;
  readonly at: number;
}

/** The value that belongs to a label, or undefined when what follows is not one. */
export function valueSpan(reader: Reader, label: Label): Span | undefined {
  const { joint } = label;
  const from = label.from + (joint === "colon" ? (reader.at(label.from, YAML_TAG)?.[0].length ?? 0) : 0);
  if (from > label.from) return valueSpan(reader, { ...label, from });
  if (joint === "element") return elementSpan(reader, label);
  const quoted = quotedSpan(reader, from);
  if (quoted !== undefined) return quotedValue(reader, label, quoted);
  if (joint === "quoted") return undefined;
  if (joint === "blank" || joint === "said") return afterWord(reader, label);
  const block = blockSpan(reader, label);
  if (block !== undefined) return block;
  if (joint === "colon" && reader.at(from, TYPE_ALONE) !== null) return undefined;
  if (joint === "colon" && isSecretWord(label) && /^work\b/.test(reader.text.slice(from, from + 5)))
    return undefined;
  const span = unquoted(reader, label);
  return span === undefined || isNoValue(reader.text, from, label.name) ? undefined : span;
}

/** `!vault`, which says how the value is written. */
const YAML_TAG = /![\w!]{1,20}[ \t]{1,4}/y;
const isSecretWord = ({ name }: Label) => name.toLowerCase() === "secret";

/** Whether a value is one, by how much its label says. */
function fits({ strength, family }: Meaning, value: string): boolean {
  if (strength === "secret") return true;
  if (strength === "maybe") return looksSecret(value);
  return looksRandom(value) || (family !== "key" && isMadeUp(value));
}
/** What people make up: `Summer-2024!`. */
const isMadeUp = (value: string): boolean =>
  value.length >= 8 && value.length < 24 && /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[^\s/.:]+$/.test(value);

function quotedValue(reader: Reader, label: Label, { start, end }: Span): Span | undefined {
  const { text } = reader;
  const { joint, meaning } = label;
  if (end <= start) return undefined;
  const value = text.slice(start, Math.min(end, start + 400));
  if (!/[A-Za-z0-9]/.test(value) && value.length < 6) return undefined;
  const isFlag = joint === "blank" && isOption(text, label.at);
  if (meaning.family === "authorization") {
    const scheme = schemeLength(value);
    if (scheme === 0 && (isMode(value) || (joint === "quoted" && !isOdd(value)))) return undefined;
    return isNoQuotedValue(value.slice(scheme), label.name) ? undefined : { start: start + scheme, end };
  }
  if (isNoQuotedValue(value, label.name)) return undefined;
  if (meaning.family !== "password" && /^\d{1,3}$/.test(value)) return undefined;
  if (isWeak(label) && isMode(value)) return undefined;
  if ((joint === "blank" || joint === "said") && !isFlag && (/\s/.test(value) || !isOdd(value)))
    return undefined;
  if (joint === "quoted")
    return !/\s/.test(value) && isOdd(value) && fits(meaning, value) ? { start, end } : undefined;
  if (meaning.strength === "maybe")
    return looksSecret(value) ||
      (value.length >= 8 && !/\s/.test(value) && !/^[A-Za-z]+(?:[ _-][A-Za-z]+)*$/.test(value))
      ? { start, end }
      : undefined;
  if (meaning.strength === "random" && !fits(meaning, value)) return undefined;
  return isAddress(value) ? undefined : { start, end };
}

/** No word, and no word with a number: what stands in a place where words stand, too. */
const isOdd = (value: string): boolean =>
  looksSecret(value) &&
  /[\d!#$%^&*+=~]/.test(value) &&
  !/^[A-Za-z]+\d{1,2}$|^[\w:-]+=["']|^[?&][\w-]+=$|^[a-z_-]+=$|\$\{/.test(value);

/** Where something is, and nothing that lets one in. */
const isAddress = (value: string): boolean =>
  /^https?:\/\/[^@?#\s]*$|^\/[a-z0-9_.-]+\/[a-z0-9_./-]*$/.test(value);

/** `credentials: "include"` names a way, not a secret. */
const isWeak = ({ name }: Label) => /(?:credentials?|auth)$/i.test(name);

/** `--token abc`, `setx TOKEN abc`, `ENV TOKEN abc`, `login bob password abc`: one word, whatever it is. */
export function isOption(text: string, at: number): boolean {
  const before = text.slice(Math.max(0, at - 64), at);
  if (!/\s$/.test(before) && /(?:^|\s)--?[\w-]{0,20}$/.test(before)) return true;
  return /set|ENV|ARG|login/.test(before) && COMMAND.test(before);
}
const COMMAND = /(?:^|\s)(?:setx|ENV|ARG|set(?:[ \t]+-\w+){1,2}|login[ \t]+\S+)[ \t]+[\w-]{0,40}$/;

/** "password is hunter2", "--token abc": one word, and outside a command line only if it cannot be prose. */
function afterWord(reader: Reader, label: Label): Span | undefined {
  const { text } = reader;
  const { from, joint, meaning } = label;
  const isFlag = joint === "blank" && isOption(text, label.at);
  if (meaning.strength === "random" && !isFlag && joint === "blank") return undefined;
  const last = wordEnd(reader, label.at, from);
  const end = isFlag ? last : trimSentence(text, from, last);
  const value = text.slice(from, end);
  if (
    value === "" ||
    value.startsWith("-") ||
    (value.endsWith("=") && /["'`]/.test(text[last] ?? "")) ||
    isNoValue(text, from, label.name)
  )
    return undefined;
  if (isFlag) return { start: from, end };
  if (
    joint === "blank" &&
    /^pass|^pw$/i.test(label.name) &&
    /\s/.test(text[label.at - 1] ?? "") &&
    label.name.length < 5
  )
    return undefined;
  return isOdd(value) && !isAddress(value) && (meaning.strength !== "random" || looksRandom(value))
    ? { start: from, end }
    : undefined;
}

const CLOSING = /^\s*(?:<|&lt;)\//;
const CDATA = /\s{0,40}<!\[CDATA\[/y;
const BLANKS = /\s{1,80}/y;

/** What an element holds, its blanks and its CDATA apart. */
function elementSpan(reader: Reader, { from, meaning, name }: Label): Span | undefined {
  const { text } = reader;
  const data = reader.at(from, CDATA);
  if (data !== null) {
    const start = from + data[0].length;
    const close = text.indexOf("]]>", start);
    return { start, end: close === -1 ? text.length : close };
  }
  const start = from + (reader.at(from, BLANKS)?.[0].length ?? 0);
  const end = trimEnd(text, start, reader.until(start, TAG));
  const value = text.slice(start, Math.min(end, start + 400));
  if (end <= start || isNoQuotedValue(value, name)) return undefined;
  // Without its end it may be no element: `Promise<Token>;`.
  if (!CLOSING.test(text.slice(end, end + 60)) && !(/^[^\s"'`;,)]{6,}$/.test(value) && looksSecret(value)))
    return undefined;
  return meaning.strength === "secret" || fits(meaning, value) ? { start, end } : undefined;
}

const BLOCK = /(?:!\w+[ \t]+)?(?:[|>][+-]?\d?[ \t]*)?\r?\n([ \t]+)(?=\S)/y;

const MOST_LINES = 200;

/** End of the lines that begin with `indent`, from the one at `start`. */
function blockEnd(reader: Reader, start: number, indent: string): number {
  const { text } = reader;
  let end = reader.until(start, LINE_END);
  for (let n = 0; n < MOST_LINES; n++) {
    const next = end + (text.startsWith("\r\n", end) ? 2 : 1);
    if (next >= text.length || !text.startsWith(indent, next)) break;
    end = reader.until(next, LINE_END);
  }
  return end;
}

/** A value on the lines below: a block of YAML (`|`, `>-`), or one word that is set in. */
function blockSpan(reader: Reader, label: Label): Span | undefined {
  const { text } = reader;
  if (label.joint !== "colon" && label.joint !== "assigned") return undefined;
  const head = reader.at(label.from, BLOCK);
  if (head === null) return undefined;
  const indent = head[1] ?? "";
  const start = label.from + head[0].length;
  const isBlock = /[|>]/.test(head[0]);
  const end = isBlock ? blockEnd(reader, start, indent) : reader.until(start, LINE_END);
  const value = text.slice(start, Math.min(end, start + 400));
  const isWord = !/[\s:{}[\]"'<>]|=(?!=?$)/.test(value.trim()) && looksSecret(value.trim());
  return (isBlock && fits(label.meaning, value.replace(/\s+/g, ""))) ||
    (!isBlock && isWord && fits(label.meaning, value))
    ? { start, end: trimEnd(text, start, end) }
    : undefined;
}

/** No token is longer, and a text without blanks would be looked at again from each of its labels. */
const LONGEST_WORD = 32_768;

/** An unquoted value behind `=`, `:` or the like. */
function unquoted(reader: Reader, label: Label): Span | undefined {
  const { text } = reader;
  const { at, from, joint, meaning, name } = label;
  const { family, strength } = meaning;
  const to = (end: number): Span => ({ start: from, end });
  const last = wordEnd(reader, at, from);
  const first = text.slice(from, last);
  if (first === "" || (last - from > LONGEST_WORD && family !== "password")) return undefined;
  const isAssigned = joint === "assigned";
  if (strength === "random") {
    const end = trimSentence(text, from, last);
    return fits(meaning, text.slice(from, end)) ? to(end) : undefined;
  }
  if (family === "password") {
    if (isAddress(first)) return undefined;
    const end = passwordEnd(reader, at, from);
    // "Boarding pass: gate 12", "my pin: see below"
    if (strength === "maybe" || name.length < 5) {
      const isWord = !looksSecret(text.slice(from, trimSentence(text, from, last)));
      return isWord &&
        !(isAssigned && last === end && name !== name.toLowerCase()) &&
        !(isAssigned && !/\s/.test(text[label.from - 1] ?? ""))
        ? undefined
        : to(end);
    }
    return to(end);
  }
  if (family === "connection_string") {
    const isSas = /sas|signature/i.test(name);
    const end = reader.until(from, isSas ? SAS_END : LINE_OR_DOUBLE_QUOTE);
    return /=|:\/\//.test(text.slice(from, Math.min(end, from + 2000))) ? to(end) : undefined;
  }
  if (family === "authorization") {
    const end = reader.until(from, LINE_OR_DOUBLE_QUOTE);
    const scheme = schemeLength(text.slice(from, Math.min(end, from + 400)));
    if (scheme === 0) return looksSecret(first) && !isMode(first) ? to(last) : undefined;
    if (
      /^\w*[.:]?$/.test(text.slice(from + scheme, Math.min(end, from + scheme + 40))) &&
      !looksSecret(text.slice(from + scheme, end))
    )
      return undefined;
    return { start: from + scheme, end: trimEnd(text, from, end) };
  }
  if (family === "cookie")
    return first.includes("=") ? to(reader.until(from, LINE_OR_DOUBLE_QUOTE)) : undefined;
  if (family === "signature") {
    const end = reader.until(from, SIGNATURE_END);
    return end - from >= 8 && looksSecret(text.slice(from, end)) ? to(end) : undefined;
  }
  const end = trimSentence(text, from, last);
  if (isAddress(first) || /^\d{1,5}[;,.]?$/.test(first)) return undefined;
  const isRandom = looksSecret(text.slice(from, end));
  if (family === "token") return isRandom ? to(end) : undefined;
  if (isAssigned && /^secret/i.test(name)) return to(passwordEnd(reader, at, from));
  const isAlone = /^(?:$|[\r\n"'<;.,)\]}&])/.test(text.slice(last, last + 1));
  return isRandom || isAssigned || (isAlone && end - from >= 3) ? to(end) : undefined;
}

/** Length of `Bearer `, `Basic `, … at the start: the scheme is worth keeping. */
function schemeLength(value: string): number {
  return (
    /^\s*(?:bearer|basic|digest|token|apikey|negotiate|ntlm|sharedkey|sharedaccesssignature|aws4-hmac-sha256)\s+/i.exec(
      value,
    )?.[0].length ?? 0
  );
}
