import { invalid } from "../kernel/errors.ts";
import { looksSecret } from "./hits.ts";
import { NUMBER_KINDS } from "./numbers.ts";
import { redact, STANDARD } from "./redact.ts";

/**
 * Whether a text that must stay as it is holds no secret by the standard rules; an agent's own are about what people
 * write. Digits of an id may look like a card's or a telephone's, and are none.
 */
export const isFreeOfSecrets = (text: string): boolean =>
  Object.keys(redact(text).counts).every((kind) => NUMBER_KINDS.has(kind));

/** What an expression says of characters instead of naming them: `\S`, `[a-z]`, `{32}`, `(…)`, `+`. */
const NOT_WRITTEN_OUT = /\\.|\[\^?\]?[^\]]*(?:\]|$)|\{[\d,]*\}|[\\[\](){}|^$*+?]/g;

/**
 * Whether a regular expression holds no secret that is written out. What it looks for stands behind labels too
 * (`password=\S+`), and is no secret: a value counts where all of it is plain characters, or some of them look secret.
 */
export function isExpressionFreeOfSecrets(expression: string): boolean {
  let isFree = true;
  const token = (kind: string, value: string): undefined => {
    if (NUMBER_KINDS.has(kind)) return;
    const pieces = value.split(NOT_WRITTEN_OUT);
    if (pieces.length === 1 || pieces.some(looksSecret)) isFree = false;
  };
  redact(expression, { ...STANDARD, token });
  return isFree;
}

/** @throws invalid `secret_in_name`, without the text */
export function refuseSecret(
  field: string,
  text: string,
  isFree: (text: string) => boolean = isFreeOfSecrets,
): void {
  if (isFree(text)) return;
  throw invalid(
    "secret_in_name",
    `${field} holds what looks like a secret, and would be kept as it stands; nothing was stored.`,
    { field, remedy: "Give another name or id." },
  );
}
