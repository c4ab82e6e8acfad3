/** What stands where a value would and is none: the code, variable or placeholder that stands for one, and words of documentation. */
import { nameMeaning } from "./names.ts";

const WORDS =
  /^(?:null|none|nil|true|false|undefined|required|optional|missing|invalid|incorrect|expired|unknown|must|is|are|was|should|cannot|please|click|enter|string|str|number|boolean|object|array|not|empty|n\/a|yes|no|\[\]|\{\}|\[|\{|function|void|exports|async|await|new|typeof|return|lambda)(?![\w-])/i;
/** Variables of shells, templates, queries and documentation, and stars in place of letters. */
const VARIABLE =
  /^(?:\$\{|\$\(|\$\$?\{\{|\{\{|\$[A-Z_][A-Z0-9_]*(?![a-z0-9])|\$[a-z]+(?:_[a-z]+)*(?![\w])|\$env:|\$\d{1,2}(?!\w)|%[sdv]\b|%\(|%[A-Z_]+%|\{[a-zA-Z_.]*\}|<[a-zA-Z][\w -]*>|\[[a-zA-Z][a-zA-Z _-]*\]|\?(?!\w)|:[a-z_]+\b|@\w+\s|\*{3,}|•{2}|x{4,}\b|\.{3}|…|#\{|<%|\([a-zA-Z )]|[!&][a-zA-Z_.]+(?=[;,)\s]|$)|\/\/|\/\*|\/[\^([]|\\n)/;
/** Whose members are values that are fetched: `process.env.X`, `req.body.password`. */
const FETCHED =
  /^(?:await\s+)?(?:this|self|cls|process|os|sys|req|request|res|response|config|settings|args|argv|options|opts|ctx|context|props|env|environ|user|data|body|params|secrets?|vars?|local|locals|module|app|input|form|formdata|state|values?|import|conf|cfg|credentials?|creds|event|payload|account|auth|session|window|document|system|environment|client|result|row|match|node|event|e|t|s|p|c|m|u|r|it|item|token|password|key|keys|tokens|types?|schema|constants?|consts|github|inputs|steps|needs|each|model|models|db|store|param|query|headers|cookies)\b(?:\??\.|\?\.|->|::|\[)[A-Za-z_$#]/i;
const CALL =
  /^(?:await\s+|new\s+|\*|&)?[$@]?([A-Za-z_][\w$]*)(?:(?:\.|->|::|\?\.)([A-Za-z_$][\w$]*))*(?:<[\w<>, ]{0,40}>)?!?(\(|\[)/;
const SOUNDS_LIKE_CODE =
  /(?:md5|sha\d*|base64|b64|utf\d+|[a-z]+32|[a-z]+64|2)$|^[a-z]{2,}[A-Z]?[a-zA-Z]*\d?$/i;
/** `client.accessKey`, `models.Token`: members of something, without a digit. */
const CHAIN =
  /^(?:await\s+)?[$@]?[A-Za-z_]+(?:(?:\?|!)?\.\[?[A-Za-z_$]+(?:\[[\w.]{1,30}\]?)?|->[A-Za-z_]+|::[A-Za-z_]+)+(?=[;,)\]}<>\s!?]|\|\||$)/;
/** `Uint8Array`, `ServerCredentials`: a type behind a colon. */
const TYPE_NAME =
  /^(?:[A-Z]{1,4}[a-z]{2,}|\d{1,2}(?=[A-Z]))+(?:\[\])?(?=[;<)]|,[ \t]{0,4}\w+\??:[ \t]*[A-Za-z]|[ \t]\|[ \t][A-Za-z])/;
const NAME_ALONE = /^[$@]?[A-Za-z_][A-Za-z_$]*(?=[;,)\]}\s!]|$)/;

/** Whether what begins at `from`, outside of quotes, is no value. `label` is the name it would belong to. */
export function isNoValue(text: string, from: number, label: string): boolean {
  const start = text.slice(from, from + 200);
  if ((!/^[A-Za-z0-9]/.test(start) || start.startsWith("xxxx")) && VARIABLE.test(start)) return true;
  if (WORDS.test(start)) return true;
  const line = start.split(/[\r\n]/, 1)[0] ?? "";
  if (/^[A-Z0-9]/.test(line) && TYPE_NAME.test(line)) return true;
  const name = FIRST_NAME.exec(line)?.[0];
  if (name !== undefined && ".?-:[(<!".includes(line[name.length] ?? " ") && isFetched(line)) return true;
  const alone = NAME_ALONE.exec(line)?.[0];
  return alone !== undefined && isSameName(alone, label);
}

const FIRST_NAME = /^(?:await\s+|new\s+|\*|&)?[$@]?[A-Za-z_][\w$]*/;

/** Whether a call, a member of an object or the like stands at the beginning: code that gets the value. */
function isFetched(line: string): boolean {
  if (FETCHED.test(line)) return true;
  const call = CALL.exec(line);
  if (call !== null) {
    const [whole, first = "", last, bracket] = call;
    const close = line.indexOf(bracket === "(" ? ")" : "]", whole.length);
    if ((close !== -1 || /[(,[{]\s*$/.test(line)) && SOUNDS_LIKE_CODE.test(last ?? first)) return true;
  }
  const chain = CHAIN.exec(line)?.[0];
  return (
    chain !== undefined &&
    (/[a-z][A-Z]|_/.test(chain) || nameMeaning(chain.replace(/^.*\W/, "")).strength !== "plain")
  );
}

/** `password = password`, `apiKey: newApiKey`, `api_key=api_key`: a variable of that name. */
function isSameName(value: string, label: string): boolean {
  const squeezed = (name: string) => name.toLowerCase().replace(/[^a-z]/g, "");
  const [a, b] = [squeezed(value), squeezed(label)];
  if (a === b || a === `${b}s` || (a.length >= 5 && b.endsWith(a))) return true;
  return b.length >= 3 && /[_A-Z$]/.test(value) && a.includes(b);
}

const QUOTED_WORDS =
  /^(?:base64(?:url)?|utf-?8|hex|sha-?\d{1,3}|md5|[hrep]s\d{3}|aes-?\d{3}(?:-\w{3})?|latin1|string|str|text|hidden|password|include|omit|same-origin|required|optional|none|null|nil|true|false|undefined|number|boolean|object|oauth2?|basic|bearer|digest|apikey|api_key|http|openidconnect|header|query|cookie|body|\*+|x{3,}|\.{3}|…)$/i;

/** Whether a quoted text is no value but a variable, a type, or the label once more as a person reads it. */
export function isNoQuotedValue(value: string, label: string): boolean {
  if (value.length > 200) return false;
  return (
    (value.includes("{") &&
      !/[A-Za-z0-9]{4}/.test(value.replace(INSERTED, "").replace(/^bearer|^basic/i, ""))) ||
    QUOTED_WORDS.test(value) ||
    (QUOTED_VARIABLE.test(value) && !/^[&!(=+?]/.test(value)) ||
    (UPPER_NAME.test(value) && nameMeaning(value).strength !== "plain") ||
    isSameName(value, label)
  );
}
/** `DB_PASSWORD`: the name of a variable. */
const UPPER_NAME = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;
/** `${token}`, `{{ token }}` in the middle of a text. */
const INSERTED = /\$?\{\{?[^{}]*\}\}?/g;
const QUOTED_VARIABLE =
  /^(?:\$\{[^}]*\}|\$\([^)]*\)|\$\{\{[^}]*\}\}|\{\{[^}]*\}\}|\$[A-Za-z_]\w*|%\w*%|%[sdv]|\{[a-zA-Z_.]*\}|<[a-zA-Z][\w -]*>|\[[a-zA-Z][a-zA-Z _-]*\]|#\{[^}]*\}|<%.*%>|@[\w.]+\(.*\))$/;

/** Modes of access under names that hold secrets elsewhere: `credentials: "include"`, `auth: "oauth2"`. */
export const isMode = (value: string): boolean => MODES.test(value);
const MODES =
  /^(?:include|omit|same-origin|oauth ?2?(?:\.0)?|basic|bearer|digest|none|null|api[_-]?key|jwt|saml2?|oidc|openid(?:connect)?|ntlm|negotiate|kerberos|aad|entra(?:[_-]?id)?|managed[_-]?identity|rbac|password|anonymous|required|optional|default|true|false|yes|no|x509|mtls|iam|sigv4|sso|ldap|local|session|cookie|token|public|private|enabled|disabled|http|internal|external|user|admin|service|system|custom|auto|granted|denied|authorized|unauthorized)$/i;
