/** What a reader of JSON says of a text that is none, in the words of .NET's Newtonsoft.Json. */
export class NoJson extends Error {}

const LITERALS: Readonly<Record<string, string>> = {
  true: "true",
  false: "false",
  null: "null",
  NaN: '"NaN"',
  Infinity: '"Infinity"',
};
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const ESCAPES = "\"'\\/bfnrt";
const HEX = /^[\da-f]{4}$/i;
const NAME_END = /[\s:,/{}[\]"']|$/g;

/**
 * JSON as the extension takes it, as strict JSON. Newtonsoft reads a byte order
 * mark, comments, single quotes, names without quotes, a comma too many, and more.
 * @param rest what comes after the value is refused at a start, and left unread in an event
 * @throws NoJson for what is none
 */
export function jsonText(text: string, rest: "refused" | "unread"): string {
  const bare = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (isStrict(bare)) {
    if (isTooDeep(bare)) throw tooDeep();
    return bare;
  }
  const reader = new LenientReader(bare);
  if (reader.next() === "") throw reader.nothing();
  const value = reader.value();
  const more = reader.next();
  if (more === "" || rest === "unread") return value;
  throw reader.failure(`Additional text encountered after finished reading JSON content: ${more}.`);
}

function isStrict(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Newtonsoft's, of all that is read. */
const MAX_DEPTH = 64;
const tooDeep = () => new NoJson(`The reader's MaxDepth of ${MAX_DEPTH} has been exceeded.`);

/** Whether lists and objects of strict JSON are nested deeper than the extension reads, by their brackets outside of texts. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x22) at = endOfText(text, at);
    else if (char === 0x5b || char === 0x7b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (char === 0x5d || char === 0x7d) depth--;
  }
  return false;
}

/** Where the text that begins at a quote ends. */
function endOfText(text: string, begin: number): number {
  for (let at = text.indexOf('"', begin + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let escapes = 0;
    while (text.charAt(at - 1 - escapes) === "\\") escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
}

/** Before its first token Newtonsoft has not begun to count lines. */
const AT_THE_START = " Path '', line 0, position 0.";

class LenientReader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  failure(sentence: string, at = this.#at): NoJson {
    const lines = this.#text.slice(0, at).split("\n");
    return new NoJson(`${sentence} Path '', line ${lines.length}, position ${lines.at(-1)?.length ?? 0}.`);
  }

  nothing(): NoJson {
    const sentence = "Error reading JToken from JsonReader.";
    return this.#at === 0 ? new NoJson(`${sentence}${AT_THE_START}`) : this.failure(sentence);
  }

  /** The next character that counts, or "" at the end. */
  next(): string {
    const blank = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.#text);
    this.#at = blank.lastIndex;
    return this.#text.charAt(this.#at);
  }

  value(): string {
    const first = this.next();
    if (first === "{") return this.#list("{", "}", () => `${this.#name()}:${this.value()}`);
    if (first === "[") return this.#list("[", "]", () => this.value());
    if (first === '"' || first === "'") return this.#quoted(first);
    if (/[-\d.]/.test(first)) return this.#number();
    const word = this.#word();
    const literal = Object.hasOwn(LITERALS, word) ? LITERALS[word] : undefined;
    if (literal !== undefined) return literal;
    const at = this.#at - word.length;
    const sentence = `Unexpected character encountered while parsing value: ${first}.`;
    throw at === 0 ? new NoJson(`${sentence}${AT_THE_START}`) : this.failure(sentence, at);
  }

  #list(open: string, close: string, item: () => string): string {
    if (++this.#depth > MAX_DEPTH) throw tooDeep();
    this.#at++;
    const items: string[] = [];
    for (;;) {
      const found = this.next();
      if (found === "") throw this.failure(`Unexpected end of content while reading after ${open}.`);
      if (found === close) break;
      items.push(item());
      const after = this.next();
      if (after === ",") this.#at++;
      else if (after !== close && after !== "")
        throw this.failure(`After parsing a value an unexpected character was encountered: ${after}.`);
    }
    this.#at++;
    this.#depth--;
    return `${open}${items.join(",")}${close}`;
  }

  #name(): string {
    const first = this.next();
    const name = first === '"' || first === "'" ? this.#quoted(first) : JSON.stringify(this.#word());
    if (this.#at >= this.#text.length)
      throw this.failure("Unexpected end while parsing unquoted property name.");
    if (this.next() !== ":")
      throw this.failure(
        `Invalid character after parsing property name. Expected ':' but got: ${this.next()}.`,
      );
    this.#at++;
    return name;
  }

  #word(): string {
    NAME_END.lastIndex = this.#at;
    const end = NAME_END.exec(this.#text)?.index ?? this.#text.length;
    const word = this.#text.slice(this.#at, end);
    this.#at = end;
    return word;
  }

  #quoted(quote: string): string {
    let inside = "";
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      const char = this.#text.charAt(at);
      if (char === quote) {
        this.#at = at + 1;
        return JSON.stringify(JSON.parse(`"${inside}"`));
      }
      if (char === "\\") {
        const escaped = this.#text.charAt(++at);
        this.#checkEscape(at);
        inside += escaped === "'" ? "'" : `\\${escaped}`;
      } else if (char === '"') inside += '\\"';
      else inside += char < " " ? JSON.stringify(char).slice(1, -1) : char;
    }
    throw this.failure(`Unterminated string. Expected delimiter: ${quote}.`, this.#text.length);
  }

  /** @param at of what follows the backslash */
  #checkEscape(at: number): void {
    const escaped = this.#text.charAt(at);
    if (escaped === "u") {
      const digits = this.#text.slice(at + 1, at + 5);
      if (digits.length < 4)
        throw this.failure("Unexpected end while parsing Unicode escape sequence.", this.#text.length);
      if (!HEX.test(digits)) throw this.failure(`Invalid Unicode escape sequence: \\u${digits}.`, at + 5);
    } else if (!ESCAPES.includes(escaped))
      throw this.failure(`Bad JSON escape sequence: \\${escaped}.`, at + 1);
  }

  #number(): string {
    const text = this.#word();
    if (NUMBER.test(text)) return text;
    const value = /^-?0\d+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
    if (text !== "" && Number.isFinite(value)) return JSON.stringify(value);
    throw this.failure(`Input string '${text}' is not a valid number.`);
  }
}
