import { type Hits, replaced } from "./hits.ts";

/** Numbers that name a person or an account: payment cards (Luhn), IBANs (mod 97) and telephone numbers. */

function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48;
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** Issuer prefixes with their lengths (ISO/IEC 7812 ranges of the large schemes): most ids that pass Luhn fail here. */
function isCard(digits: string): boolean {
  const known =
    /^4(?:\d{12}|\d{15}|\d{18})$/.test(digits) ||
    /^(?:5[1-5]|2[2-7])\d{14}$/.test(digits) ||
    /^3[47]\d{13}$/.test(digits) ||
    /^3(?:0[0-5]|[689]\d)\d{11}$/.test(digits) ||
    /^(?:6\d{15,18}|35\d{14})$/.test(digits) ||
    /^5[06-8]\d{10,17}$/.test(digits);
  return known && !/^(\d)\1+$/.test(digits) && passesLuhn(digits);
}

/** Groups of digits joined by single separators; each run is looked at once. */
const DIGIT_RUN = /(?<![\w])\d(?:[ .-]?\d){12,}(?![\w])/g;

/** The longest card that begins at the first group it can begin at. */
function redactCardsInRun(run: string, hits: Hits): string {
  const groups = [...run.matchAll(/\d+/g)];
  let out = "";
  let done = 0;
  for (let first = 0; first < groups.length; first++) {
    const start = groups[first]?.index ?? 0;
    // No card begins with 0, 1, 7, 8 or 9.
    if (start < done || !"23456".includes(run[start] ?? "")) continue;
    let digits = "";
    let end = -1;
    for (let last = first; last < groups.length && digits.length <= 19; last++) {
      const group = groups[last];
      digits += group?.[0] ?? "";
      if (digits.length >= 13 && digits.length <= 19 && isCard(digits))
        end = (group?.index ?? 0) + (group?.[0].length ?? 0);
    }
    if (end === -1) continue;
    out += run.slice(done, start) + replaced(hits, "card", run.slice(start, end));
    done = end;
  }
  return done === 0 ? run : out + run.slice(done);
}

/** Length of an IBAN by country (SWIFT IBAN registry). */
const IBAN_LENGTH: Readonly<Record<string, number>> = Object.fromEntries(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 " +
    "ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 " +
    "LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 " +
    "QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((row) => [row.slice(0, 2), Number(row.slice(2))]),
);
const IBAN_START = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g;

function passesMod97(iban: string): boolean {
  let rest = 0;
  for (const char of iban.slice(4) + iban.slice(0, 4)) {
    const code = char.charCodeAt(0);
    rest = code >= 65 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 48) % 97;
  }
  return rest === 1;
}

function redactIbans(text: string, hits: Hits): string {
  let out = "";
  let done = 0;
  for (const match of text.matchAll(IBAN_START)) {
    const start = match.index;
    const length = IBAN_LENGTH[match[0].slice(0, 2).toUpperCase()];
    if (length === undefined || start < done) continue;
    let iban = "";
    let at = start;
    for (; at < text.length && iban.length < length; at++) {
      const char = text[at] ?? "";
      if (/[A-Za-z0-9]/.test(char)) iban += char.toUpperCase();
      else if (!(char === " " || char === "-") || !/[A-Za-z0-9]/.test(text[at + 1] ?? "")) break;
    }
    if (iban.length !== length || /[A-Za-z0-9]/.test(text[at] ?? "") || !passesMod97(iban)) continue;
    out += text.slice(done, start) + replaced(hits, "iban", text.slice(start, at));
    done = at;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** `+` and 8 to 15 digits (ITU-T E.164), `00` likewise, the North American 3-3-4, and national numbers from 0. */
const INTERNATIONAL_PHONE = /(?<![\w+.-])(?:\+|00(?=[1-9]))\d(?:[ ()./-]{0,2}\d){7,14}(?![\w])/g;
const PHONE =
  /(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w]|[-.]\d)|(?<![\w.,:/-])\(?0\d{2,4}\)?[ /-]{1,2}\d{3,8}(?:[ -]\d{2,6}){0,3}(?![\w]|[-.,:/]\d)/g;
const LABELLED_PHONE =
  /((?:phone|mobile|telephone|tel|fax|whatsapp|cell)(?: ?(?:number|no\.?|nr\.?))?["']?[ \t]{0,4}[:=#][ \t]{0,4}["']?)(\+?\(?\d(?:[ ()./-]{0,2}\d){5,14})(?!\w)/gi;

/** Cheap test that lets most texts pass; dates and small numbers do not trip it. */
const GATE =
  /\d(?:[ .-]?\d){12}|\+\d|\b00[1-9]|\d{3}\)? ?[-. ]?\d{3}[-. ]\d{4}|\b0\d{2,4}\)?[ /-]|[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}|(?:phone|mobile|tel|fax|whatsapp|cell)[^A-Za-z]{1,16}[+(\d]/i;

/** No card, IBAN or telephone number has fewer digits. */
const SIX_DIGITS = /\d(?:\D*\d){5}/;

export const mayHoldNumbers = (text: string): boolean => SIX_DIGITS.test(text) && GATE.test(text);

/** Replaces IBANs, numbers with a country code, cards and other telephone numbers: in this order, because the digits of one can pass for those of the next. */
export function redactNumbers(text: string, hits: Hits): string {
  if (!mayHoldNumbers(text)) return text;
  return redactIbans(text, hits)
    .replace(INTERNATIONAL_PHONE, (number) => replaced(hits, "phone", number))
    .replace(DIGIT_RUN, (run) => redactCardsInRun(run, hits))
    .replace(
      LABELLED_PHONE,
      (_whole, label: string, number: string) => label + replaced(hits, "phone", number),
    )
    .replace(PHONE, (number) => replaced(hits, "phone", number));
}
