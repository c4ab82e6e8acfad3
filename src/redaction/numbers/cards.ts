import { type Hits, replaced } from "../hits.ts";
import { isBehindId, nearBefore, nearBehind } from "./context.ts";

/** Payment cards: issuer, length and check digit (ISO/IEC 7812), and what stands around them. */

export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** Issuer prefixes with their lengths, of the large schemes: most ids that pass Luhn fail here. */
const ISSUED =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6\d{15,18}|35\d{14}|5[06-8]\d{10,17})$/;
const isIssued = (digits: string): boolean => ISSUED.test(digits) && !/^(\d)\1+$/.test(digits);
export const isCard = (digits: string): boolean => isIssued(digits) && passesLuhn(digits);

/** Digits with at most one separator between two; each run is looked at once. No card has a decimal point. */
const DIGIT_RUN = /(?<![\w.]|\d[ -])\d(?:[ \u00a0-]?\d){11,}(?![\w]|\.\d)/g;
const DOTTED = /(?<![\w.-])\d{4}\.\d{4}\.\d{4}\.\d{4}(?![\w]|[.-]\d)/g;

/** How cards are printed: the lengths of their groups of digits. */
const PRINTED: ReadonlySet<string> = new Set([
  "4-4-4-4",
  "4-4-4-4-3",
  "4-6-5",
  "4-6-4",
  "4-4-4-1",
  "4-4-5",
  "4-4-4-2",
  "8-8",
  "6-13",
]);
const WITH_WORD =
  /card|visa|amex|american express|discover|diners|jcb|maestro|union ?pay|\bpan\b|credit|debit|cv[vc]\b|\bexp\b|expir|\bcc\b|karte|carte|tarjeta|cartão|payment|\bpa(?:y|id)\b|charge/i;

/** Replaces the cards in a text. */
export function redactCards(text: string, hits: Hits): string {
  const bare = new BareRuns(text);
  return text
    .replace(DOTTED, (run) => (isCard(run.replace(/\./g, "")) ? replaced(hits, "card", run) : run))
    .replace(DIGIT_RUN, (run, at: number, whole: string) => {
      let isTold: boolean | undefined;
      let isNoTable: boolean | undefined;
      const isOfNoTable = (all: readonly Group[]): boolean => {
        isNoTable ??= areNoTable(all);
        return isNoTable;
      };
      return redactIn(run, hits, (groups, all) => {
        const [first] = groups;
        const isPlain =
          groups.length === 1 && first !== undefined
            ? bare.isCard(first.digits, whole, at + first.start)
            : isPrinted(groups) && isOfNoTable(all);
        if (isPlain) return true;
        isTold ??=
          WITH_WORD.test(nearBefore(whole, at, 40)) ||
          WITH_WORD.test(nearBehind(whole, at + run.length, 30)) ||
          (whole.trim() === run && run.replace(/\D/g, "").length <= 19);
        return isTold;
      });
    });
}

/** Whether a card's groups look printed: as issuers do, with one kind of separator. */
function isPrinted(groups: readonly Group[]): boolean {
  const separator = groups[1]?.separator;
  if (groups.some((group, i) => i > 1 && group.separator !== separator)) return false;
  return PRINTED.has(groups.map(({ digits }) => digits.length).join("-"));
}

/** Whether a run's groups are those of cards, and no column of a table of numbers. */
function areNoTable(all: readonly Group[]): boolean {
  const fours = all.filter(({ digits }) => digits.length === 4).length;
  return fours <= 5 || (fours % 4 === 0 && quads(all).every(isCard));
}

function quads(all: readonly Group[]): string[] {
  const out: string[] = [];
  for (let i = 0; i < all.length; i += 4)
    out.push(
      all
        .slice(i, i + 4)
        .map(({ digits }) => digits)
        .join(""),
    );
  return out;
}

interface Group {
  readonly digits: string;
  readonly start: number;
  readonly separator: string;
}

function groupsOf(run: string): Group[] {
  const groups: Group[] = [];
  for (let start = 0, at = 1; at <= run.length; at++) {
    if (at < run.length && isDigit(run.charCodeAt(at))) continue;
    groups.push({ digits: run.slice(start, at), start, separator: run.charAt(start - 1) });
    start = ++at;
  }
  return groups;
}
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/**
 * The longest card that begins at the first group it can begin at. What holds for the whole run is looked up once.
 * @param run digits with single separators between
 */
function redactIn(run: string, hits: Hits, fits: (groups: Group[], all: Group[]) => boolean): string {
  const all = groupsOf(run);
  let out = "";
  let done = 0;
  for (let first = 0; first < all.length; first++) {
    const start = all[first]?.start ?? 0;
    // No card begins with 0, 1, 7, 8 or 9.
    if (start < done || !"23456".includes(run[start] ?? "")) continue;
    let digits = "";
    let end = -1;
    for (let last = first; last < all.length && digits.length <= 19; last++) {
      const group = all[last];
      digits += group?.digits ?? "";
      if (
        digits.length >= 12 &&
        digits.length <= 19 &&
        isCard(digits) &&
        fits(all.slice(first, last + 1), all)
      )
        end = (group?.start ?? 0) + (group?.digits.length ?? 0);
    }
    if (end === -1) continue;
    out += run.slice(done, start) + replaced(hits, "card", run.slice(start, end));
    done = end;
  }
  return done === 0 ? run : out + run.slice(done);
}

/**
 * Digits without a separator and without a word for what they are. One in ten numbers passes Luhn, so neither what
 * follows a word for an id nor what stands among others of its kind that do not pass is taken for a card.
 */
class BareRuns {
  readonly #text: string;
  #areIds: boolean | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  isCard(digits: string, text: string, at: number): boolean {
    if (digits.length < 15 || digits.length > 16 || !isCard(digits)) return false;
    return !isBehindId(text, at) && !this.#mostAreIds();
  }

  #mostAreIds(): boolean {
    if (this.#areIds !== undefined) return this.#areIds;
    const count = { passing: 0, failing: 0 };
    for (const [run] of this.#text.matchAll(/(?<![\w.])\d{15,16}(?![\w.])/g))
      if (isIssued(run)) count[passesLuhn(run) ? "passing" : "failing"]++;
    this.#areIds = count.failing > count.passing;
    return this.#areIds;
  }
}
