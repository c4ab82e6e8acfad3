import type { Hits } from "./hits.ts";
import { redactCards } from "./numbers/cards.ts";
import { redactIbans } from "./numbers/ibans.ts";
import { redactPersonal } from "./numbers/personal.ts";
import { redactInternationalPhones, redactNationalPhones } from "./numbers/phones.ts";

/** Numbers that name a person or an account: payment cards (Luhn), IBANs (mod 97), telephone numbers, and others by configuration. */

/** What they are counted as. */
export const NUMBER_KINDS: ReadonlySet<string> = new Set(["card", "iban", "phone"]);

/** Cheap test that lets most texts pass; dates and small numbers do not trip it. */
const GATE =
  /\d(?:[ .\u00a0-]?\d){11}|\+\d|\b00[1-9]|\d{3}\)? ?[-. ]?\d{3}[-. ]\d{4}|\b0\d{2,4}\)?[ /-]|\b0[1-9]\d{8}|\d{3}[ .-]\d{2}[ .-]\d{2}|\b0[ -]\(?\d{3}|[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}|(?:phone|mobil|tel|fax|whatsapp|cell|gsm|handy|number|call|dial|reach|cep)[^\d\n]{1,40}[+(\d]/i;

/** No card, IBAN or telephone number has fewer digits beside each other. */
const SIX_DIGITS = /\d(?:[ \u00a0()./-]{0,2}\d){5}/;

export const mayHoldNumbers = (text: string): boolean => SIX_DIGITS.test(text) && GATE.test(text);

/**
 * Replaces IBANs, numbers with a country code, cards and other telephone numbers: in this order, because the digits of one can pass for those of the next.
 * @param isPersonal whether a text names what always goes, or the policy asks for what most texts may hold
 */
export function redactNumbers(text: string, hits: Hits, isPersonal: boolean): string {
  const personal = isPersonal ? redactPersonal(text, hits) : text;
  if (!mayHoldNumbers(personal)) return personal;
  const out = redactCards(redactInternationalPhones(redactIbans(personal, hits), hits), hits);
  return SIX_DIGITS.test(out) ? redactNationalPhones(out, hits) : out;
}
