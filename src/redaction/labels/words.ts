import { COMMAND_SIGNS } from "./commands.ts";
import { mayHoldOddLetters } from "./odd-letters.ts";

/**
 * Words that announce a secret in a text. Which of them stand at the end of a name, and what the whole name says, is
 * `names.ts`' to tell; here they are found.
 */
const GAP = "[ _.-]?";
const WORDS = [
  `connection${GAP}string|conn${GAP}str(?:ing)?|shared${GAP}access${GAP}signature|(?<![a-z])sas(?:${GAP}(?:token|uri|url))?(?![a-z])`,
  `api${GAP}(?:key|token|secret)`,
  `(?:access|account|shared${GAP}access|private|subscription|functions?|signing|encryption|master|auth|host|storage|service)${GAP}key`,
  `access${GAP}key${GAP}id`,
  `secret(?:${GAP}access)?(?:${GAP}key)?`,
  "credentials?|creds",
  "authorization|(?<![a-z])auth(?![a-z])",
  "password|passwd|passphrase|passcode|pwd|pass(?![a-z])|(?<![a-z])pw(?![a-z])|kennwort|passwort",
  "(?:set-)?cookie",
  "token|jwt|bearer",
  "(?<![a-z])sig(?![a-z])|(?:x-(?:amz|goog)-)?signature|x-amz-(?:security-token|credential)",
  "(?<=[?&]|%3[fF]|%26)code(?==|%3d)",
  "key",
];
export const LABEL = new RegExp(WORDS.join("|"), "gi");

/** The same in other languages, whose words are complete. */
const FOREIGN_WORDS = [
  ..."geheimnis zugangsdaten zugriffstoken contraseña contrasena clave wachtwoord senha palavra-passe hasło haslo".split(
    " ",
  ),
  ..."lösenord adgangskode passord salasana heslo şifre parola jelszó пароль 密码 密碼 パスワード 비밀번호".split(
    " ",
  ),
  "mot de passe|mật khẩu|kata sandi|סיסמה|كلمة المرور|κωδικός",
];
export const FOREIGN_LABEL = new RegExp(`(?<!\\p{L})(?:${FOREIGN_WORDS.join("|")})(?!\\p{L})`, "giu");

const GAPS = ["", " ", "_", ".", "-"];
/** Without one of these no label stands in a text of ASCII, nor a command line that takes a secret. */
export const LABEL_SIGNS: readonly string[] = [
  ..."key secret oken jwt |pw| pwd pass| password passwd passphrase passcode passwort kennwort".split(" "),
  ..."credential creds |auth| authorization cookie bearer |sig| signature |sas| |sasuri| |sasurl|".split(" "),
  ...GAPS.flatMap((gap) => [`connection${gap}str`, `conn${gap}str`]),
  ...GAPS.flatMap((gap) => (gap === "" ? [] : [`shared${gap}access${gap}sig`])),
  ..."code= code%3d".split(" "),
  // Options that have no word for it, and lines of a password file with the port of PostgreSQL in them, or none.
  ...COMMAND_SIGNS,
  ...":5432: :*:".split(" "),
  // Letters that JSON wrote as numbers.
  "\\u00",
];
/** Of the foreign words those of ASCII, by a part that their forms share. */
export const FOREIGN_SIGNS: readonly string[] =
  "heimnis gangsdaten zugriffst achtwoord gangskode lasana clave senha heslo haslo parola ssord contrasena"
    .split(" ")
    .concat("ot de p", "kata sandi", "palavra-passe");

const FOREIGN_LETTERS = /[\u00f1\u00f6\u0142\u015f\u0370-\u06ff\u1e00-\u1eff\u3040-\u9fff\uac00-\ud7af]/;
/** Whether a text that is not all ASCII may hold a label for its other letters. */
export const mayHoldForeignLetters = (text: string): boolean =>
  mayHoldOddLetters(text) || FOREIGN_LETTERS.test(text);
/** Short lines of a password file may name any port. */
const PASS_LINE = /:\d{4,5}:/;
export const mayHoldPassLine = (text: string): boolean =>
  text.length >= 15 && text.length < 160 && PASS_LINE.test(text);
