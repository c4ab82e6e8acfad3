import { looksSecret } from "./hits.ts";

/** What the name of an object's member says about its value. */
export type KeyMeaning =
  /** Whatever stands there is a secret, numbers too. */
  | "secret"
  /** A string there is a secret, unless it plainly is a word. */
  | "maybe"
  | "plain";

const SECRET_ENDINGS =
  /(?:password|passwd|passphrase|passcode|pwd|passwort|kennwort|secret|secretkey|secretaccesskey|apikey|apitoken|accesskey|accesskeyid|accountkey|sharedaccesskey|sharedaccesssignature|privatekey|subscriptionkey|functionkey|functionskey|signingkey|encryptionkey|masterkey|storagekey|authkey|authtoken|accesstoken|refreshtoken|idtoken|sessiontoken|securitytoken|bearertoken|sastoken|authorization|connectionstring|connstr|credential|credentials|cookie|cookies|privatekeypem|cardnumber|creditcard|creditcardnumber|ccnumber)$/;
const SECRET_NAMES = /^(?:pin|otp|cvv|cvc|cvv2|ssn|auth|jwt|sas|passwords|secrets|apikeys|iban)$/;
const MAYBE = /(?:token|signature)$|^(?:pass|pw|sig|bearer)$/;
/** Cursors of lists and counts of language-model tokens. */
const NOT_SECRET =
  /(?:page|next|continuation|sync|resume|skip|delta|cursor|max|min|num|prompt|completion|special|eos|bos|pad|stop)token$/;

/** A cache of meanings by name; a caller that invents names without end cannot fill the memory with it. */
const remembered = new Map<string, KeyMeaning>();
const MOST_REMEMBERED = 5_000;

/** Names are compared without case and separators: `X-Api-Key`, `apiKey` and `API_KEY` are one. */
export function keyMeaning(key: string): KeyMeaning {
  if (key.length < 3 && key !== "pw") return "plain";
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const name = key
    .slice(-64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
  const meaning: KeyMeaning = NOT_SECRET.test(name)
    ? "plain"
    : SECRET_ENDINGS.test(name) || SECRET_NAMES.test(name)
      ? "secret"
      : MAYBE.test(name)
        ? "maybe"
        : "plain";
  if (key.length <= 64 && remembered.size < MOST_REMEMBERED) remembered.set(key, meaning);
  return meaning;
}

/** A string under a `maybe` name: kept only if it reads like a word or a sentence. */
export function isProbablySecret(value: string): boolean {
  return !/\s/.test(value.trim()) && (looksSecret(value) || value.length >= 16);
}
