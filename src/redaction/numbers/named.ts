import { type Hits, replaced } from "../hits.ts";
import { isCard } from "./cards.ts";
import { personalByName } from "./personal.ts";

/** What the name of a member says about a number in it, be it a number or a text. */

/** Names are compared without case and separators. */
const CARD =
  /^(?:card|pan|cc|acct|account|cardpan|primaryaccount)$|(?:card|cardno|cardnum|cardnumber|cardpan|creditcard|debitcard|accountno|accountnumber|acctno|ccno|ccnum|ccnumber)$/;
const PHONE =
  /^(?:cell|mobile|tel|fax|gsm|handy|sms)(?:no|nr|num|number|phone)?$|(?:phone|phones|phoneno|phonenr|phonenumber|phonenumbers|mobileno|mobilenumber|telephone|telefon|telefono|whatsapp|msisdn|faxnumber|celular)$/;
const SSN = /(?:ssn|socialsecurity(?:number|no|num)?)$/;
/**
 * Ids that machines make. Calls and their results are matched by them, and a number in them is none of a person. Of
 * accounts, customers, persons and chats the id may be a telephone number.
 */
const AN_ID = /(?:^|[_.-])(?:id|uuid|guid)$|[a-z](?:Id|ID|Uuid|UUID)$/;
const OF_PERSON =
  /user|customer|client|account|person|patient|contact|member|phone|mobile|national|tax|fiscal|card|pay|chat|session|conversation|sender|recipient|subscriber|caller|owner|employee|passport|citizen|social|correlation|wa_?id/i;
const MADE = /^[\w.:~-]{1,256}$/;
const DIGEST = /^(?:sha512|integrity|contenthash|checksum|digest|hash|shasum)$/;
const SHA512 = /^[A-Za-z0-9+/]{86}==$/;

const plain = (name: string): string =>
  name
    .slice(-64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");

/** Whether a text is an id that a machine made, by its member's name: the rules for numbers pass it by. */
export const isMadeId = (name: string, text: string): boolean =>
  (name.endsWith("d") || name.endsWith("D")) &&
  name.length <= 64 &&
  AN_ID.test(name) &&
  !OF_PERSON.test(name) &&
  MADE.test(text);

/** Whether a text is the SHA-512 of something, by its member's name. */
export const isDigest = (name: string, text: string): boolean =>
  text.length === 88 && SHA512.test(text) && DIGEST.test(plain(name));

/**
 * What stands for a member that its name and its digits tell to be the number of a card, a telephone or a person; a
 * number becomes a text. Undefined where it is none.
 */
export function redactNamedNumber(name: string, value: unknown, hits: Hits): string | undefined {
  const text = digitsOf(value);
  if (text === undefined) return undefined;
  const digits = text.replace(/\D/g, "");
  const called = plain(name);
  if (CARD.test(called) && isCard(digits)) return replaced(hits, "card", text);
  if (SSN.test(called) && digits.length === 9) return replaced(hits, "us_ssn", text);
  if (PHONE.test(called) && digits.length >= 7 && digits.length <= 15) return replaced(hits, "phone", text);
  const kind = personalByName(name, text, hits);
  return kind === undefined ? undefined : replaced(hits, kind, text);
}

/** A number, or a text of digits and what is written between them, as text. */
function digitsOf(value: unknown): string | undefined {
  if (typeof value === "number")
    return Number.isInteger(value) && value > 999_999 && value < 1e20 ? String(value) : undefined;
  if (typeof value === "string")
    return value.length > 5 &&
      value.length <= 40 &&
      value.charCodeAt(0) < 58 &&
      /^\+?[\d(][\d ()./-]{5,}$/.test(value)
      ? value
      : undefined;
  return undefined;
}
