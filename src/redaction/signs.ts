import { FORM_SIGNS } from "./forms/forms.ts";
import { createGlance } from "./glance.ts";
import { COMMAND_SIGNS } from "./labels/commands.ts";
import { FOREIGN_SIGNS, LABEL_SIGNS, mayHoldForeignLetters, mayHoldPassLine } from "./labels/words.ts";
import { PERSONAL_SIGNS } from "./numbers/personal.ts";
import { PRIVATE_KEY_SIGNS } from "./pem.ts";

/** Which of the passes over a text may find something in it. */
export interface TextSigns {
  readonly privateKey: boolean;
  readonly address: boolean;
  readonly label: boolean;
  readonly foreignLabel: boolean;
  readonly command: boolean;
  readonly form: boolean;
  readonly email: boolean;
  readonly personal: boolean;
}

const glance = createGlance([
  PRIVATE_KEY_SIGNS,
  ["://"],
  LABEL_SIGNS,
  FOREIGN_SIGNS,
  COMMAND_SIGNS,
  FORM_SIGNS,
  ["%40"],
  PERSONAL_SIGNS,
]);

export function signsOf(text: string): TextSigns {
  const { groups, isAscii } = glance(text);
  const foreignLabel = (groups & 8) !== 0 || (!isAscii && mayHoldForeignLetters(text));
  return {
    privateKey: (groups & 1) !== 0,
    address: (groups & 2) !== 0,
    label: (groups & 4) !== 0 || foreignLabel || mayHoldPassLine(text),
    foreignLabel,
    command: (groups & 16) !== 0,
    form: (groups & 32) !== 0,
    email: (groups & 64) !== 0 || text.includes("@"),
    personal: (groups & 128) !== 0,
  };
}
