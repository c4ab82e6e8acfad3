import { type Hits, replaced } from "../hits.ts";
import { isAmongHex, isBehindId } from "./context.ts";

/** Telephone numbers: by their form, or by a word before them. */

/** `+` and 8 to 15 digits (ITU-T E.164), `00` likewise. */
const INTERNATIONAL = /(?<![\w+.-])(?:\+|00(?=[1-9]))\d(?:[ ()./-]{0,2}\d){7,14}(?![\w])/g;
/** The North American 3-3-4, also behind a country code, the Turkish 3-3-2-2, and national numbers from 0. */
const NATIONAL =
  /(?<![\w.-])(?:0[ -]?)?\(?5\d{2}\)?[ .-]\d{3}[ .-]\d{2}[ .-]\d{2}(?![\w]|[-.]\d)|(?<![\w.-])0[ -]\(?\d{3}\)?[ -]?\d{3}[ -]?\d{2}[ -]?\d{2}(?![\w]|[-.]\d)|(?<![\w.-])(?:\d{1,3}[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w]|[-.]\d)|(?<![\w.,:/-])\(?0\d{2,4}\)?[ /-]{1,2}\d{3,8}(?:[ -]\d{2,6}){0,3}(?![\w]|[-.,:/]\d)/g;
/** A mobile number without a gap: Turkey 05, the Philippines 09, Britain 07, France 06, Australia 04, Germany 015 to 017. */
const MOBILE = /(?<![\w.,:/=#-])0(?:[4-9]\d{8,9}|1[567]\d{8,9})(?![\w]|[-.,:/]\d)/g;

const NOUN =
  "(?:(?<![a-z])(?:tele?|cell|cep|gsm|handy)|(?:tele)?phones?|mobile?|t[ée]l[ée]phone|telefono?|tel[ée]fono|handynummer|celular|fax|whatsapp|msisdn|hotline|my (?:[a-z]{1,12} )?number|contact number)";
const LINK =
  "(?:[ \\t:.,-]{1,3}(?:number|numbers|no|nr|num|is|was|at|on|to|me|numaras[ıi]|numaram|n[úu]mero|nummer|lautet|ist|es|est))";
const AFTER_NOUN = new RegExp(
  `(${NOUN}${LINK}{0,4}["'\\\\]{0,4}[ \\t]{0,4}[:=#.>-]?[ \\t]{0,4}["'\\\\]{0,4})(\\+?\\(?\\d(?:[ ()./-]{0,2}\\d){5,14})(?!\\w)`,
  "gi",
);
const AFTER_VERB =
  /((?<![a-z])(?:call|dial|ring|reach|text|sms)(?: (?:me|us|him|her|them|back|at|on|now|to|under)){0,4}:? )(\+?\(?\d(?:[ ()./-]{0,2}\d){6,14})(?!\w)/gi;

const mayFollowWord =
  /(?:tel|phone|mobil|fax|whatsapp|cell|celular|gsm|handy|msisdn|hotline|cep|number|t[ée]l[ée]|call|dial|ring|reach|text|sms)[^\d\n]{1,60}\d/i;

/** Replaces numbers with a country code. They come before cards, whose digits they may hold. */
export const redactInternationalPhones = (text: string, hits: Hits): string =>
  text.replace(INTERNATIONAL, (number) => replaced(hits, "phone", number));

/** Replaces the other telephone numbers. */
export function redactNationalPhones(text: string, hits: Hits): string {
  const byWord = (_whole: string, label: string, number: string): string =>
    label + replaced(hits, "phone", number);
  const named = mayFollowWord.test(text)
    ? text.replace(AFTER_NOUN, byWord).replace(AFTER_VERB, byWord)
    : text;
  return named
    .replace(NATIONAL, (number, at: number, whole: string) =>
      isAmongHex(whole, at, at + number.length) ? number : replaced(hits, "phone", number),
    )
    .replace(MOBILE, (number, at: number, whole: string) =>
      isBehindId(whole, at) ? number : replaced(hits, "phone", number),
    );
}
