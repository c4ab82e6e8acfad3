import { createHash } from "node:crypto";
import type { PersonalKind } from "../../config/personal-kinds.ts";
import { type Hits, replaced } from "../hits.ts";
import { passesLuhn } from "./cards.ts";
import { nearBefore } from "./context.ts";

/**
 * National numbers, passports, network addresses and wallets: found where the policy names them. Each has the check
 * digits that its country defines; a form that one in ten numbers has too needs its name before it.
 */
interface Personal {
  readonly pattern: RegExp;
  /** @param text without blanks, dots and hyphens */
  readonly isValid?: (text: string) => boolean;
  /** A word that stands before it, or in the name of its member. */
  readonly name: RegExp;
  /** Without blanks, dots or hyphens it is found behind its name only: too many numbers have its form. */
  readonly named?: true;
}

const weighed = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0);

const SSN = /(?<![\w.-])(?!000|666|9\d\d)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])/g;
const SSN_NAME = /ssn|social.?security|sozialversicherung.{0,4}usa/i;

const KINDS: Readonly<Record<PersonalKind, Personal>> = {
  us_ssn: { pattern: SSN, name: SSN_NAME },
  us_itin: {
    pattern: /(?<![\w.-])9\d{2}[- ]?(?:[5-8]\d|9[0-24-9])[- ]?\d{4}(?![\w-])/g,
    name: /itin|tax.?id/i,
    named: true,
  },
  uk_nino: {
    pattern:
      /(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D](?!\w)/gi,
    name: /nino|national.?insurance/i,
  },
  uk_nhs: {
    pattern: /(?<![\w.-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])/g,
    isValid: (text) => {
      const check = (11 - (weighed(text, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
      return check === Number(text[9]);
    },
    name: /nhs|national health/i,
    named: true,
  },
  de_tax_id: {
    pattern: /(?<![\w.-])[1-9]\d(?: ?\d{3}){3}(?![\w-])/g,
    isValid: (text) => isIso7064(text),
    name: /steuer.?(?:id|nummer|identifikation)|tax.?id|idnr|tin\b/i,
    named: true,
  },
  fr_insee: {
    pattern:
      /(?<![\w.-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?![\w-])/g,
    isValid: (text) => {
      const digits = text.replace("2A", "19").replace("2B", "18");
      return 97 - Number(BigInt(digits.slice(0, 13)) % 97n) === Number(digits.slice(13));
    },
    name: /insee|nir\b|s[ée]curit[ée] sociale|social/i,
  },
  es_nif: {
    pattern: /(?<!\w)(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z](?!\w)/gi,
    isValid: (text) => {
      const number = Number(
        text.slice(0, -1).replace(/^[XYZ]/i, (letter) => String("XYZ".indexOf(letter.toUpperCase()))),
      );
      return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] === text.slice(-1).toUpperCase();
    },
    name: /\bn[ií][fe]\b|\bdni\b/i,
  },
  it_codice_fiscale: {
    pattern: /(?<!\w)[A-Z]{6}[\dLMNP-V]{2}[A-EHLMPRST][\dLMNP-V]{2}[A-Z][\dLMNP-V]{3}[A-Z](?!\w)/gi,
    isValid: (text) => isCodiceFiscale(text.toUpperCase()),
    name: /codice fiscale|fiscal code/i,
  },
  nl_bsn: {
    pattern: /(?<![\w.-])\d{9}(?![\w-])/g,
    isValid: (text) => weighed(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0,
    name: /\bbsn\b|burgerservice|sofi/i,
    named: true,
  },
  pl_pesel: {
    pattern: /(?<![\w.-])\d{2}(?:[02468][1-9]|[13579][0-2])(?:0[1-9]|[12]\d|3[01])\d{5}(?![\w-])/g,
    isValid: (text) => (10 - (weighed(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10 === Number(text[10]),
    name: /pesel/i,
  },
  se_personnummer: {
    pattern:
      /(?<![\w.-])(?:(?:19|20)\d{2}|\d{2}(?=\d{4}[-+]))(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]|[6-8]\d|9[01])[-+]?\d{4}(?![\w-])/g,
    isValid: (text) => passesLuhn(text.replace("+", "").slice(-10)),
    name: /personnummer|samordningsnummer/i,
  },
  fi_hetu: {
    pattern: /(?<!\w)(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y](?!\w)/gi,
    isValid: (text) => {
      const digits = `${text.slice(0, 6)}${text.slice(-4, -1)}`;
      return "0123456789ABCDEFHJKLMNPRSTUVWXY"[Number(digits) % 31] === text.slice(-1).toUpperCase();
    },
    name: /hetu|henkil[öo]tunnus/i,
  },
  tr_tckn: {
    pattern: /(?<![\w.-])[1-9]\d{10}(?![\w-])/g,
    isValid: (text) => {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0, j = 0, k] = Array.from(
        text,
        Number,
      );
      return (
        ((a + c + e + g + i) * 7 - (b + d + f + h) + 10_000) % 10 === j &&
        (a + b + c + d + e + f + g + h + i + j) % 10 === k
      );
    },
    name: /\bt\.?c\.?\b|kimlik/i,
  },
  in_aadhaar: {
    pattern: /(?<![\w.-])[2-9]\d{3}([ -]?)\d{4}\1\d{4}(?![\w-])/g,
    isValid: (text) => passesVerhoeff(text),
    name: /aadhaar|aadhar|uidai/i,
    named: true,
  },
  in_pan: {
    pattern: /(?<!\w)[A-Z]{3}[ABCFGHLJPT][A-Z]\d{4}[A-Z](?!\w)/g,
    name: /\bpan\b|permanent account/i,
  },
  br_cpf: {
    pattern: /(?<![\w.-])(?:\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11})(?![\w-])/g,
    isValid: (text) => isCpf(text),
    name: /\bcpf\b/i,
  },
  ca_sin: {
    pattern: /(?<![\w.-])\d{3}[ -]?\d{3}[ -]?\d{3}(?![\w-])/g,
    isValid: passesLuhn,
    name: /\bsin\b|social insurance/i,
    named: true,
  },
  au_tfn: {
    pattern: /(?<![\w.-])\d{3} ?\d{3} ?\d{3}(?![\w-])/g,
    isValid: (text) => weighed(text, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0,
    name: /\btfn\b|tax file/i,
    named: true,
  },
  sg_nric: { pattern: /(?<!\w)[STFGM]\d{7}[A-Z](?!\w)/g, name: /nric|\bfin\b/i },
  za_id: {
    pattern: /(?<![\w.-])\d{2}(?:0\d|1[0-2])(?:[0-2]\d|3[01])\d{4}[01]\d{2}(?![\w-])/g,
    isValid: passesLuhn,
    name: /\bid\b|identity/i,
  },
  kr_rrn: {
    pattern: /(?<![\w.-])\d{2}(?:0\d|1[0-2])(?:[0-2]\d|3[01])-?[1-8]\d{6}(?![\w-])/g,
    name: /rrn|주민/i,
    named: true,
  },
  passport: {
    pattern: /(?<![\w.-])(?=[A-Z]{0,3}\d)[A-Z]{0,3}\d[A-Z0-9]{5,8}(?![\w-])/gi,
    name: /passport|reisepass|passeport|pasaporte|passaporto/i,
    named: true,
  },
  ip_address: {
    pattern:
      /(?<![\w.-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w-]|\.\d)|(?<![\w:.])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}|(?:[0-9a-f]{1,4}:){2,7}:|::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4})(?![\w:]|\.\d)/gi,
    name: /\bip\b/i,
  },
  mac_address: {
    pattern: /(?<![\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])/gi,
    name: /\bmac\b/i,
  },
  crypto_wallet: {
    pattern: /(?<!\w)(?:0x[0-9a-fA-F]{40}|bc1[a-z0-9]{25,62}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?!\w)/g,
    isValid: (text) => text.startsWith("0x") || text.startsWith("bc1") || isBase58Check(text),
    name: /wallet|bitcoin|\bbtc\b|\beth\b/i,
  },
};

/** The last digit of ISO/IEC 7064, mod 11,10. */
function isIso7064(digits: string): boolean {
  let product = 10;
  for (const digit of digits.slice(0, -1)) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (sum * 2) % 11;
  }
  return (11 - product) % 10 === Number(digits.slice(-1));
}

/** Odd places of an Italian code weigh letters and digits by this order. */
const ODD = "BAKPLCQDREVOSFTGUHMINJWZYX";
function isCodiceFiscale(code: string): boolean {
  let sum = 0;
  for (let i = 0; i < 15; i++) {
    const char = code.charAt(i);
    const index = /\d/.test(char) ? Number(char) : char.charCodeAt(0) - 65;
    sum += i % 2 === 1 ? index : ODD.indexOf(String.fromCharCode(65 + index));
  }
  return String.fromCharCode(65 + (sum % 26)) === code.charAt(15);
}

function isCpf(digits: string): boolean {
  if (/^(\d)\1+$/.test(digits)) return false;
  const check = (length: number): number => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Number(digits[i]) * (length + 1 - i);
    return ((sum * 10) % 11) % 10;
  };
  return check(9) === Number(digits[9]) && check(10) === Number(digits[10]);
}

/** Verhoeff's check in the dihedral group of order 10. */
const VERHOEFF = [
  "0123456789",
  "1576283094",
  "5803796142",
  "8916043527",
  "9453126870",
  "4286573901",
  "2793806415",
  "7046913258",
];
function passesVerhoeff(digits: string): boolean {
  let check = 0;
  for (let i = 0; i < digits.length; i++) {
    const next = Number(VERHOEFF[i % 8]?.[Number(digits[digits.length - 1 - i])]);
    check = dihedral(check, next);
  }
  return check === 0;
}
const dihedral = (a: number, b: number): number =>
  a < 5 ? (b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)) : b < 5 ? 5 + ((a - b) % 5) : (a - b + 5) % 5;

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const sha256 = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
function isBase58Check(text: string): boolean {
  let number = 0n;
  for (const char of text) number = number * 58n + BigInt(BASE58.indexOf(char));
  const bytes = Buffer.from(number.toString(16).padStart(50, "0"), "hex");
  return (
    bytes.length === 25 &&
    sha256(sha256(bytes.subarray(0, 21)))
      .subarray(0, 4)
      .equals(bytes.subarray(21))
  );
}

const SSN_BEHIND_NAME =
  /((?:ssn|social[ _-]?security(?:[ _-]?(?:number|no\.?|num))?)["'\\]{0,4}[ \t]{0,3}(?:is|was|[:=#])?[ \t]{0,3}["'\\]{0,4})(\d{3}[- ]?\d{2}[- ]?\d{4})(?![\w-])/gi;

/** Replaces social security numbers behind their name, always; the other kinds where the policy names them. */
export function redactPersonal(text: string, hits: Hits): string {
  let out = /ssn|social/i.test(text)
    ? text.replace(
        SSN_BEHIND_NAME,
        (_whole, name: string, number: string) => name + replaced(hits, "us_ssn", number),
      )
    : text;
  for (const kind of hits.policy.personal ?? []) {
    const { pattern, isValid, name, named } = KINDS[kind];
    out = out.replace(pattern, (...match) => {
      const found = match[0];
      const [at, whole] = match.slice(-2) as [number, string];
      const isOne = isValid?.(found.replace(/[ .-]/g, "")) ?? true;
      const isTold = !named || !/^\w+$/.test(found) || name.test(nearBefore(whole, at, 40));
      return isOne && isTold ? replaced(hits, kind, found) : found;
    });
  }
  return out;
}

/** Names of what always goes. */
export const PERSONAL_SIGNS: readonly string[] = ["ssn", "social"];

/** The kind of a member that its name tells: `tax_id`, `passport_number`. */
export function personalByName(name: string, text: string, hits: Hits): PersonalKind | undefined {
  for (const kind of hits.policy.personal ?? []) {
    const row = KINDS[kind];
    row.pattern.lastIndex = 0;
    const whole = row.pattern.exec(text)?.[0] === text;
    if (whole && row.name.test(name) && (row.isValid?.(text.replace(/[ .-]/g, "")) ?? true)) return kind;
  }
  return undefined;
}
