/** Whether a value is accepted; undefined when the path has none, which some constraints accept. */
export type Constraint = (value: string | undefined) => boolean;

/** The numbers that .NET's Int32 and Int64 hold, and the largest Decimal. */
const INT = 2n ** 31n;
const LONG = 2n ** 63n;
const DECIMAL = 79_228_162_514_264_337_593_543_950_335n;

/** .NET's number parsers let white space stand at both ends. */
const BLANK = "[\\t-\\r ]*";
const WHOLE = new RegExp(`^${BLANK}([+-]?\\d+)${BLANK}$`);
const DIGITS = "(?:\\d[\\d,]*\\.?\\d*|\\.\\d+)";
const FLOAT = new RegExp(`^${BLANK}(?:[+-]?${DIGITS}(?:e[+-]?\\d+)?|[+-]?(?:nan|infinity))${BLANK}$`, "i");
const NUMBER = new RegExp(`^${BLANK}[+-]?${DIGITS}${BLANK}[+-]?${BLANK}$`);

function whole(value: string | undefined): bigint | undefined {
  const digits = WHOLE.exec(value ?? "")?.[1];
  return digits === undefined ? undefined : BigInt(digits.replace("+", ""));
}
const between = (low: bigint, high: bigint) => (value: string | undefined) => {
  const number = whole(value);
  return number !== undefined && number >= low && number <= high;
};
const fits = (pattern: RegExp) => (value: string | undefined) => value !== undefined && pattern.test(value);
const longFrom = (low: bigint) => between(low, LONG - 1n);
const isFloat = fits(FLOAT);

function isDecimal(value: string | undefined): boolean {
  if (value === undefined || !NUMBER.test(value) || (value.match(/[+-]/g)?.length ?? 0) > 1) return false;
  return BigInt(value.replaceAll(/[^\d.]/g, "").split(".")[0] || "0") <= DECIMAL;
}

/** In place of a constraint: why ASP.NET cannot make it. */
export class BadConstraint extends Error {}

function argument(text: string | undefined, low: bigint, high: bigint): bigint {
  const number = whole(text);
  if (number === undefined || number < low || number > high)
    throw new BadConstraint(`a constraint cannot be given "${text ?? ""}"`);
  return number;
}
const long = (text: string | undefined) => argument(text, -LONG, LONG - 1n);
const size = (text: string | undefined) => Number(argument(text, 0n, INT - 1n));

/** Low and high, `high` from `low` on. */
function pair<N extends number | bigint>(args: string, read: (text: string | undefined) => N): [N, N] {
  const texts = args.split(",");
  const [low, high] = [read(texts[0]), read(texts[1])];
  if (texts.length > 2 || low > high) throw new BadConstraint(`"${args}" is not a range`);
  return [low, high];
}

const withoutArguments =
  (accepts: Constraint) =>
  (args: string | undefined): Constraint => {
    if (args !== undefined) throw new BadConstraint("it takes nothing in brackets");
    return accepts;
  };
const longEnough = (low: number, high: number) => (value: string | undefined) =>
  value !== undefined && value.length >= low && value.length <= high;

/** The constraints of ASP.NET Core, each made from the text between its brackets; undefined where there are none. */
const CONSTRAINTS: Readonly<Record<string, (args: string | undefined) => Constraint>> = {
  int: withoutArguments(between(-INT, INT - 1n)),
  long: withoutArguments(longFrom(-LONG)),
  bool: withoutArguments(fits(/^\s*(true|false)\s*$/i)),
  guid: withoutArguments(
    fits(
      /^\s*(\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|\([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})\s*$/i,
    ),
  ),
  alpha: withoutArguments(fits(/^[a-z]*$/i)),
  decimal: withoutArguments(isDecimal),
  double: withoutArguments(isFloat),
  float: withoutArguments(isFloat),
  datetime: withoutArguments(isDateTime),
  required: withoutArguments((value) => value !== undefined && value !== ""),
  file: withoutArguments((value) => value !== undefined && isFile(value)),
  nonfile: withoutArguments((value) => value === undefined || !isFile(value)),
  min: (args) => longFrom(long(args)),
  max: (args) => between(-LONG, long(args)),
  range: (args) => between(...pair(args ?? "", long)),
  minlength: (args) => longEnough(size(args), Number.POSITIVE_INFINITY),
  maxlength: (args) => longEnough(0, size(args)),
  length: (args = "") =>
    longEnough(...(args.includes(",") ? pair(args, size) : ([size(args), size(args)] as const))),
  regex: (args) => {
    if (args === undefined) throw new BadConstraint("it has no text");
    return fits(dotnetRegex(args));
  },
};

/**
 * @param text a constraint as it is written: `int`, `length(2,3)`
 * @throws BadConstraint for one that ASP.NET cannot make
 */
export function constraintOf(text: string): Constraint {
  const [, kind = "", args] = /^([^(]*)(?:\((.*)\))?$/s.exec(text) ?? [];
  const make = Object.hasOwn(CONSTRAINTS, kind.toLowerCase()) ? CONSTRAINTS[kind.toLowerCase()] : undefined;
  if (make === undefined) throw new BadConstraint("there is no such constraint");
  return make(args);
}

/** The last segment has a dot and something behind it. */
const isFile = (value: string) => /\.[^./]+$/.test(value);

const TIME =
  "(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:\\.\\d+)?)? ?(am|pm)?(?: ?(?:z|gmt|[+-]\\d{1,2}(?::\\d{2})?))?";
const TIME_ALONE = new RegExp(`^${TIME}$`, "i");
const YEAR_FIRST = new RegExp(`^(\\d{4})[-/.](\\d{1,2})(?:[-/.](\\d{1,2}))?(?:[t ] ?${TIME})?$`, "i");
const MONTH_FIRST = new RegExp(`^(\\d{1,2})[-/.](\\d{1,2})(?:[-/.](\\d{4}))?(?: ${TIME})?$`, "i");

/**
 * The forms of .NET's `DateTime.TryParse` that people write into addresses: ISO 8601, year or month first, month and day
 * alone (`1.5` is 5 January), a time of day alone. Names of months, which it takes as well, are not read here.
 */
function isDateTime(value: string | undefined): boolean {
  const text = (value ?? "").trim();
  const alone = TIME_ALONE.exec(text);
  if (alone !== null) return isTime(alone.slice(1));
  const yearFirst = YEAR_FIRST.exec(text);
  const monthFirst = yearFirst === null ? MONTH_FIRST.exec(text) : null;
  const [, year, month, day = "1"] =
    yearFirst ?? (monthFirst === null ? [] : ["", monthFirst[3] ?? "2025", monthFirst[1], monthFirst[2]]);
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  const isDay = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isDay && Number(year) > 0 && isTime((yearFirst ?? monthFirst ?? []).slice(4));
}

function isTime([hour, minute, second, half]: readonly (string | undefined)[]): boolean {
  const longest = half?.toLowerCase() === "am" ? 12 : 23;
  return Number(hour ?? 0) <= longest && Number(minute ?? 0) <= 59 && Number(second ?? 0) <= 59;
}

/** .NET's classes of letters and digits are Unicode's. */
const CLASSES: Readonly<Record<string, string>> = {
  "\\w": "\\p{L}\\p{Mn}\\p{Nd}\\p{Pc}",
  "\\d": "\\p{Nd}",
};

/** A pattern as .NET would match it, without regard to case. */
function dotnetRegex(text: string): RegExp {
  const pattern = text.replace(/^\(\?i\)/, "");
  let isInside = false;
  const unicode = pattern.replaceAll(/\\[\s\S]|[[\]]/g, (token) => {
    if (token === "[") isInside = true;
    if (token === "]") isInside = false;
    const members = CLASSES[token];
    return members === undefined ? token : isInside ? members : `[${members}]`;
  });
  // Escapes that Unicode mode refuses (`\-`) are plain characters without it.
  for (const [source, flags] of [
    [unicode, "iu"],
    [pattern, "i"],
  ] as const)
    try {
      return new RegExp(source, flags);
    } catch {}
  throw new BadConstraint(`"${text}" is no regular expression`);
}
