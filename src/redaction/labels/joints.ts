import type { Reader } from "./reader.ts";

/** How a label and its value are joined, which says what a value may look like. */
type Joint =
  /** `password = …`, behind a type too. */
  | "assigned"
  /** `password: …` */
  | "colon"
  /** `<password>…` */
  | "element"
  /** `password === "…"`, `headers.set("password", "…")`, `env.PASSWORD ?? "…"`: a quoted value only. */
  | "quoted"
  /** `name: password` and beside it `value: …`. */
  | "pair"
  /** `password is …`, `password for the server is …` */
  | "said"
  /** `--password …` */
  | "blank";

export interface Joined {
  readonly joint: Joint;
  /** Where the value begins. */
  readonly from: number;
}

/** What closes the name itself: quotes, brackets of an index or call, marks of bold type. */
const CLOSERS = /(?:["'`\\\])*]|&quot;|%22){0,8}/y;
const TYPE = `(?:&?(?:'\\w+ )?(?:mut )?(?:string|str|text|any|object|bytes|buffer|charsequence|nsstring|securestring|secretstr|final)\\b|\\[\\]byte|byte\\[\\]|(?:typing\\.)?(?:option(?:al)?|final|annotated|nullable)[[<][\\w., ]{1,30}[\\]>])(?:\\[\\]|\\?|!|\\*)?(?:[ \\t]?\\|[ \\t]?(?:none|null|undefined|string|str))*`;
const TYPED = new RegExp(
  `[ \\t]{0,4}(?:[?!]?:[ \\t]{0,4}|[ \\t])${TYPE}[ \\t]{0,4}=(?![=>])[ \\t]{0,8}|[ \\t\\r\\n]{0,8}\\{[ \\t\\r\\n]{0,8}get;[^{}]{0,60}\\}[ \\t]{0,4}=[ \\t]{0,8}`,
  "iy",
);
/** What a type begins with. */
const TYPABLE = " \t?!:{\r\n";
/** A type, and then no value: `password: string;`. */
export const TYPE_ALONE = new RegExp(`${TYPE}[ \\t]{0,4}(?:[;,)}\\]>\\r\\n]|$|->)`, "iy");
const COMPARED =
  /[ \t]{0,8}(?:[!=]==?|<>|-eq|-ne|\.[A-Za-z_]{2,24}\(|,|\?\?=?|\|\|=?|or\b|-|\()[ \t\r\n]{0,8}(?=\\{0,4}["'`])/y;
const ASSIGNED =
  /[ \t]{0,8}(?:(:{1,4}=|=>|[?+.|&]?=(?![=>])|\?\?=|\|\|=|→|->|%(?:25){0,2}3d)|(::?|%(?:25){0,2}3a)|(>|&gt;))[ \t*]{0,8}/iy;
const VALUE_MEMBER =
  /["'`\\]{0,4}(?:\s{0,20}[,;]\s{0,40}(?:["'\\]{0,4}[\w-]{1,24}["'\\]{0,4}\s{0,4}[:=]\s{0,4}(?:["'][^"'\n]{0,40}["']|[\w.-]{1,40})\s{0,4},?\s{0,40}){0,2}|\s{1,40})["'\\]{0,4}(?:[A-Za-z]{0,20}value|val)["'\\]{0,4}\s{0,8}[:=]\s{0,8}/iy;
/** The member before it whose value is the label. */
const NAMED =
  /(?:name|key|id|label|field|header|parameter|variable|property|attribute)["'`\\]{0,4}\s{0,4}[:=]\s{0,4}["'`\\/\w.:-]{0,60}$/i;
const SAYS = "is|was|to|are|lautet|ist|war|est|es|é|è|ist jetzt|jest|är|er|on|to";
const OF = "for|of|to|on|in|at|für|von|vom|zu|zur|zum|der|pour|de|du|del|para|di|do|da|per|voor|til|för";
const SAID = new RegExp(
  `(?:[ \\t]{1,3}(?:${OF})[ \\t]{1,3}[^\\s:=]{1,40}(?:[ \\t]{1,3}[^\\s:=]{1,40}){0,4}?|[ \\t]{1,3}\\([^()\\n]{1,40}\\))?(?:[ \\t]{0,3}(?::|→)[ \\t]{0,4}|[ \\t]{1,3}(?:${SAYS})[ \\t]{1,4}(?::[ \\t]{0,4})?)(?=\\S)`,
  "iy",
);
const BLANK = /[ \t]{1,4}(?=\S)/y;

/** What joins a label that ends at `end` with a value, the first that fits; `name` is where the whole name begins. */
export function joined(reader: Reader, name: number, end: number): Joined | undefined {
  const first = reader.text[end] ?? "x";
  const typed = TYPABLE.includes(first) ? reader.at(end, TYPED) : null;
  if (typed !== null) return { joint: "assigned", from: end + typed[0].length };
  const close = first === " " || first === "=" ? end : end + (reader.at(end, CLOSERS)?.[0].length ?? 0);
  const pair = reader.hasValueNames ? isValueMember(reader, name, end) : undefined;
  if (pair !== undefined) return { joint: "pair", from: pair };
  const compared = reader.at(close, COMPARED);
  if (compared !== null) return { joint: "quoted", from: close + compared[0].length };
  // `[Password reset](…)`, `(the password)`: what follows belongs to the bracket.
  if (reader.text.slice(end, close).includes(")")) return undefined;
  const assigned = reader.at(close, ASSIGNED);
  if (assigned !== null) {
    const [whole, equals, colon, tag] = assigned;
    const joint = equals !== undefined ? "assigned" : colon !== undefined ? "colon" : "element";
    if (joint !== "element" || isMarkup(reader.text, name, close, tag))
      return { joint, from: close + whole.length };
    return undefined;
  }
  if (reader.text[close] !== " " && reader.text[close] !== "\t") return undefined;
  const said = reader.at(close, SAID);
  if (said !== null) return { joint: "said", from: close + said[0].length };
  const blank = reader.at(close, BLANK);
  return blank === null ? undefined : { joint: "blank", from: close + blank[0].length };
}

/** `<password>` and `<entry key="password">`, but not `password > 5`. */
function isMarkup(text: string, name: number, close: number, tag: string | undefined): boolean {
  const before = text.slice(Math.max(0, name - 80), name);
  if (tag === "&gt;") return true;
  return /["'\\]/.test(text[close - 1] ?? "")
    ? /<[\w:.-]+\s[^<>]*$/.test(before)
    : /(?:^|[^\w])<[\w:.-]*$/.test(before);
}

function isValueMember(reader: Reader, name: number, end: number): number | undefined {
  const found = reader.at(end, VALUE_MEMBER);
  if (found === null) return undefined;
  return NAMED.test(reader.text.slice(Math.max(0, name - 100), name)) ? end + found[0].length : undefined;
}
