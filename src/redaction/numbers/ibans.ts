import { type Hits, replaced } from "../hits.ts";

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

/** Replaces IBANs (ISO 13616: country, length, mod 97). */
export function redactIbans(text: string, hits: Hits): string {
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
