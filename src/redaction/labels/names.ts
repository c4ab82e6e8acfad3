/**
 * What a name says about the value beside it, be it a member of an object, a variable, a header, a column or a label in
 * a text. The one home of that knowledge.
 */
export type Family =
  | "password"
  | "secret"
  | "token"
  | "authorization"
  | "connection_string"
  | "cookie"
  | "signature"
  | "key";

export type Strength =
  /** Whatever stands there is a secret, numbers too. */
  | "secret"
  /** A string there is a secret, unless it plainly is a word. */
  | "maybe"
  /** Many other things have such a name: a string there is a secret only if it looks random. */
  | "random"
  | "plain";

export interface Meaning {
  readonly strength: Strength;
  readonly family: Family;
  /** Without case and separators. */
  readonly name?: string;
}

export const PLAIN: Meaning = { strength: "plain", family: "secret" };
/** A name that says that another member has the name. */
export const A_VALUE: Meaning = { strength: "plain", family: "secret" };
const VALUE_NAME =
  /^(?:value|val|v|content|(?:default|string|parameter|setting|variable|new|old|current|secret|field|header|raw|plaintext|property|attribute)value)$/;

/** By how a name ends, without case and separators. The first that fits counts. */
const ENDINGS: readonly [Family, Strength, RegExp][] = [
  [
    "token",
    "plain",
    /(?:page|next|continuation|sync|resume|skip|delta|cursor|max|min|num|prompt|completion|special|eos|bos|pad|stop|sep|mask|unk|publickey|input|output|cached)token$/,
  ],
  [
    "password",
    "plain",
    /(?:by|com|tres|sur|over|under|encom|multi|single|first|second|high|low|band|all|one|two|im|test|render|ci)pass$/,
  ],
  [
    "password",
    "plain",
    /(?:forgot|reset|change|show|hide|confirm|no|wrong|invalid|is|has|missing|require)pass(?:word|phrase|code)$/,
  ],
  [
    "connection_string",
    "secret",
    /(?:connection|conn)str(?:ing)?$|sharedaccesssignature$|^sas$|sasuri$|sasurl$/,
  ],
  [
    "password",
    "secret",
    /(?:password|passwd|passphrase|passcode|pwd|passwort|kennwort|wachtwoord|senha|contrasena)$|^(?:passwords|pin|otp|cvv|cvc|cvv2|ssn|iban)$/,
  ],
  ["password", "maybe", /(?:^|db|my|user|usr|admin|root|sql|smtp|mail|ftp|login|key|store)(?:pass|pw)$/],
  ["authorization", "secret", /authorization$|^auth$/],
  ["cookie", "secret", /cookies?$/],
  [
    "secret",
    "secret",
    /(?:secret|secretkey|secretaccesskey|apikey|apitoken|accesskey|accesskeyid|accountkey|sharedaccesskey|privatekey|subscriptionkey|functionkey|functionskey|hostkey|signingkey|encryptionkey|masterkey|storagekey|authkey|servicekey|adminkey|securitykey|credentials?|creds|privatekeypem|cardnumber|creditcard|creditcardnumber|ccnumber)$|^(?:secrets|apikeys)$/,
  ],
  ["token", "secret", /(?:auth|access|refresh|id|session|security|bearer|sas)token$|^jwt$/],
  ["token", "maybe", /token$|^bearer$|jwt$/],
  ["signature", "maybe", /signature$|^sig$/],
];

/** Words behind a name that leave its meaning: `DB_PASSWORD_PROD`, `token_value`, `apiKey1`. */
const SAYS_NOTHING =
  /^(?:\d{1,4}|prod|production|prd|dev|development|stage|staging|stg|test|testing|qa|uat|live|local|sandbox|old|new|current|previous|prev|primary|secondary|backup|default|main|value|val|string|str|text|plain|plaintext|clear|raw|b64|base64|hex|encoded|decoded|literal|v\d)$/;

/** Words behind a secret's name that make it a name of something about the secret: where it is, how long, whether. */
const ABOUT =
  /^(?:ids?|names?|file|files|filename|path|dir|urls?|uri|links?|type|kind|length|len|size|count|counts|num|ttl|age|expiry|expires?|expiration|expired|at|in|by|on|of|for|timeout|min|max|minimum|maximum|policy|policies|fields?|hash|hashed|hasher|salt|enabled|disabled|required|optional|hint|reset|resets|prompt|labels?|inputs?|rotation|version|provider|mode|methods?|headers?|endpoint|algorithm|scopes?|regions?|prefix|suffix|usage|limits?|manager|store|storage|vault|service|ref|reference|arn|strength|score|rules?|regex|pattern|format|config|settings?|options?|source|status|state|error|errors|message|placeholder|title|icon|form|page|view|screen|component|check|checker|validator|validation|generator|changed|change|updated|created|confirm|confirmation|confirmed|again|repeat|attempts?|last|date|time|seconds|minutes|days|stdin|visible|visibility|toggle|show|hide|element|selector|class|props?|schema|model|table|column|index|key|keys|s|less|handler|callback|function|fn|factory|cache|client|request|response|result|data|info|types?|group|set|list|map|array|bucket|budget|cost|price|rate|stream|parser|kinds?|ring|reader|writer|resolver|resolution|safe|encoder|encoding|support|flow|grant|exchange|revoke|revocation|recovery|needed|matches?|match|valid|invalid|is|has|not|ok)$/;

/** Words before `key` that say what it opens: nothing. */
const NO_LOCK =
  /^(?:public|foreign|partition|sort|cache|row|object|idempotency|routing|group|hash|range|index|unique|composite|natural|surrogate|lookup|translation|i18n|message|label|react|shift|arrow|enter|ctrl|control|alt|meta|hot|short|tab|escape|delete|space|dict|dictionary|json|map|item|entity|record|query|event|dedupe|dedup|deduplication|config|setting|settings|property|prop|attribute|attr|field|column|order|filter|tree|node|parent|child|data|state|type|class|kind|name|answer|issue|project|merge|join|batch|bucket|blob|file|image|path|route|page|tag|feature|flag|resource|template|correlation|request|trace|span|dataset|header|param|parameter|context|store|metric|component|module|symbol|token|input|output|any|each|every|this|that|the|same|first|last|next|current|new|old|a|of|by|on|press|pressed|down|up|is|has|get|set|no|candidate|super|registry|locale|string|value|section|theme|style|color|registration|cursor|pagination|count|list|array|set|option|menu|nav|sub|source|target|test|error|exception|version|ssh)$/;
const NOT_KEYS =
  /(?:mon|tur|don|hoc|joc|whis|hot|pass|jer|poc|mal|smo|flun|cra|dic|lac|tra)key$|(?:public|foreign|partition|sort|cache|primarykey|hash|map|object|unique|hot|short)key$/;

/** A cache of meanings by name; a caller that invents names without end cannot fill the memory with it. */
const remembered = new Map<string, Meaning>();
const MOST_REMEMBERED = 5_000;
const LONGEST = 64;

/** Names are compared without case and separators: `X-Api-Key`, `apiKey` and `API_KEY` are one. */
export function nameMeaning(name: string): Meaning {
  if (name.length < 1) return PLAIN;
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const words = wordsOf(name.slice(-LONGEST));
  const found = meaningOf(words);
  const meaning = found.strength === "plain" && VALUE_NAME.test(words.join("")) ? A_VALUE : found;
  if (name.length <= LONGEST && remembered.size < MOST_REMEMBERED) remembered.set(name, meaning);
  return meaning;
}

/** Letters that are only another form of ASCII's count as those; what is not seen is not there. */
function wordsOf(name: string): string[] {
  const plain = /[^ -~]/.test(name) ? name.normalize("NFKD").replace(/[^ -~]/g, "") : name;
  return plain
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, "$1$3 $2")
    .replace(/([A-Za-z]{3,})(\d{1,4})(?![A-Za-z0-9])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

function meaningOf(words: readonly string[]): Meaning {
  let last = words.length;
  for (;;) {
    const meaning = byEnding(words.slice(0, last));
    if (meaning !== undefined) return meaning;
    if (last < 2 || !SAYS_NOTHING.test(words[last - 1] ?? "")) break;
    last--;
  }
  // `DB_PASSWORD_STRIPE`: a word that is not known as one about secrets.
  for (let end = words.length - 1; end > 0; end--) {
    if (ABOUT.test(words[end] ?? "")) return PLAIN;
    const before = byEnding(words.slice(0, end));
    if (before !== undefined)
      return before.strength === "secret" && (before.family === "password" || before.family === "secret")
        ? { ...before, strength: "random" }
        : PLAIN;
  }
  return PLAIN;
}

function byEnding(words: readonly string[]): Meaning | undefined {
  const joined = words.join("");
  if (joined.length < 3 && joined !== "pw") return undefined;
  for (const [family, strength, ending] of ENDINGS)
    if (ending.test(joined)) return { family, strength, name: joined };
  const last = words.at(-1) ?? "";
  if (last === "key")
    return words[0] !== "azure" && NO_LOCK.test(words.at(-2) ?? "")
      ? PLAIN
      : { family: "key", strength: "random" };
  if (last.endsWith("key") && last.length >= 6 && !NOT_KEYS.test(last))
    return { family: "key", strength: "random" };
  return undefined;
}
