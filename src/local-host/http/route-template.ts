import { invalid } from "../../kernel/errors.ts";

/**
 * ASP.NET route templates, as function routes use them: `{id}`, `{id?}`, `{id=default}`, `{*rest}`, `{id:int}`,
 * `{id:regex(^a+$)}`, several parts in one segment (`{name}.{ext?}`). Literals match in any case.
 */
export interface RouteTemplate {
  readonly text: string;
  /**
   * ASP.NET's inbound precedence, one digit a segment: literal 1, constrained or mixed 2, parameter 3, constrained
   * catch-all 4, catch-all 5. Lower text order goes first.
   */
  readonly precedence: string;
  /** The values of the parameters when `path` (decoded, no leading slash) matches, else undefined. */
  match(path: string): Record<string, string> | undefined;
}

type Constraint = (value: string) => boolean;

const within = (value: string, low: number, high: number) =>
  /^[+-]?\d+$/.test(value) && Number(value) >= low && Number(value) <= high;
const whole = (text: string | undefined, fallback: number) =>
  text === undefined || text.trim() === "" ? fallback : Number(text);

/** The constraints of ASP.NET Core, each made from the text between its brackets. */
const CONSTRAINTS: Readonly<Record<string, (args: string) => Constraint>> = {
  int: () => (value) => within(value, -(2 ** 31), 2 ** 31 - 1),
  long: () => (value) => within(value, -(2 ** 63), 2 ** 63 - 1),
  bool: () => (value) => /^(true|false)$/i.test(value),
  guid: () => (value) =>
    /^(\{[0-9a-f-]{36}\}|\([0-9a-f-]{36}\)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i.test(
      value,
    ),
  alpha: () => (value) => /^[a-z]*$/i.test(value),
  decimal: () => (value) => /^[+-]?(\d+\.?\d*|\.\d+)$/.test(value),
  double: () => (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  float: () => (value) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value),
  datetime: () => (value) => /\d/.test(value) && !Number.isNaN(Date.parse(value)),
  required: () => (value) => value !== "",
  min: (args) => (value) => within(value, Number(args), Number.POSITIVE_INFINITY),
  max: (args) => (value) => within(value, Number.NEGATIVE_INFINITY, Number(args)),
  range: (args) => {
    const [low, high] = args.split(",");
    return (value) => within(value, whole(low, 0), whole(high, 0));
  },
  minlength: (args) => (value) => value.length >= Number(args),
  maxlength: (args) => (value) => value.length <= Number(args),
  length: (args) => {
    const [low, high] = args.split(",");
    return (value) => value.length >= whole(low, 0) && value.length <= whole(high, whole(low, 0));
  },
  regex: (args) => {
    const pattern = new RegExp(args.replaceAll("{{", "{").replaceAll("}}", "}"), "i");
    return (value) => pattern.test(value);
  },
};

interface Parameter {
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  readonly fallback: string | undefined;
  readonly constraints: readonly Constraint[];
}
type Part = string | Parameter;

export const literally = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/** @throws invalid `bad_route` for a template that ASP.NET would refuse. */
export function compileRoute(text: string): RouteTemplate {
  const clean = text.replace(/^~?\//, "").replace(/\/$/, "");
  const segments = clean === "" ? [] : splitSegments(clean).map((segment) => parseSegment(segment, text));
  const parameters = segments.flat().filter((part): part is Parameter => typeof part !== "string");
  const names = parameters.map((parameter) => parameter.name.toLowerCase());
  if (new Set(names).size !== names.length) throw bad(text, "a parameter's name occurs twice");
  for (const [i, segment] of segments.entries())
    for (const [j, part] of segment.entries()) {
      const last = i === segments.length - 1 && j === segment.length - 1;
      if (typeof part !== "string" && (part.catchAll || part.optional) && !last)
        throw bad(text, "an optional or catch-all parameter must come last");
    }
  const pattern = new RegExp(`^${segments.map((segment) => segmentPattern(segment)).join("")}$`, "i");
  return {
    text,
    precedence: segments.map(digit).join(""),
    match(path) {
      const found = pattern.exec(path === "" ? "" : `/${path}`);
      if (found === null) return undefined;
      const values: Record<string, string> = {};
      for (const [i, parameter] of parameters.entries()) {
        const value = found[i + 1] || parameter.fallback;
        if (value === undefined || value === "") continue;
        if (!parameter.constraints.every((accepts) => accepts(value))) return undefined;
        values[parameter.name] = value;
      }
      return values;
    },
  };
}

function segmentPattern(segment: readonly Part[]): string {
  const only = segment.length === 1 ? segment[0] : undefined;
  if (typeof only === "object" && only.catchAll) return "(?:/(.*))?";
  if (typeof only === "object" && (only.optional || only.fallback !== undefined)) return "(?:/([^/]+))?";
  let text = "";
  for (const [i, part] of segment.entries()) {
    const next = segment[i + 1];
    // `{name}.{ext?}`: the dot goes when the extension does.
    if (part === "." && typeof next === "object" && next.optional) continue;
    if (typeof part === "string") text += literally(part);
    else if (part.optional) text += segment[i - 1] === "." ? "(?:\\.([^/.]+))?" : "([^/]+)?";
    // A parameter takes as much as it can, but leaves an optional extension its part.
    else text += beforeExtension(segment, i) ? "([^/]+?)" : "([^/]+)";
  }
  return `/${text}`;
}

function beforeExtension(segment: readonly Part[], at: number): boolean {
  const extension = segment[at + 2];
  return segment[at + 1] === "." && typeof extension === "object" && extension.optional;
}

function digit(segment: readonly Part[]): number {
  const [part] = segment;
  if (segment.length > 1) return 2;
  if (part === undefined || typeof part === "string") return 1;
  return (part.catchAll ? 5 : 3) - (part.constraints.length > 0 ? 1 : 0);
}

/** At each `/` outside of braces. */
function splitSegments(text: string): string[] {
  const segments = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "{") depth++;
    if (char === "}") depth--;
    if (char === "/" && depth === 0) segments.push("");
    else segments[segments.length - 1] += char;
  }
  return segments;
}

function parseSegment(segment: string, route: string): Part[] {
  if (segment === "") throw bad(route, "a segment is empty");
  const parts: Part[] = [];
  let rest = segment;
  while (rest !== "") {
    if (!rest.startsWith("{")) {
      const end = rest.indexOf("{") < 0 ? rest.length : rest.indexOf("{");
      parts.push(rest.slice(0, end));
      rest = rest.slice(end);
      continue;
    }
    const end = closing(rest);
    if (end < 0) throw bad(route, "a brace is not closed");
    parts.push(parseParameter(rest.slice(1, end), route));
    rest = rest.slice(end + 1);
  }
  if (parts.length > 1 && parts.some((part) => typeof part === "object" && part.catchAll))
    throw bad(route, "a catch-all parameter must be a segment of its own");
  return parts;
}

/** Where the brace that opens `text` is closed; doubled braces stand for themselves in a regex. */
function closing(text: string): number {
  for (let i = 1; i < text.length; i++) {
    if ((text[i] === "}" || text[i] === "{") && text[i + 1] === text[i]) i++;
    else if (text[i] === "}") return i;
  }
  return -1;
}

function parseParameter(text: string, route: string): Parameter {
  const shape = /^(\*{0,2})([A-Za-z_][\w-]*)((?::[a-z]+(?:\((?:[^()]|\([^()]*\))*\))?)*)(\?|=.*)?$/i.exec(
    text,
  );
  if (shape === null) throw bad(route, `{${text}} is not a parameter`);
  const [, stars = "", name = "", constraints = "", tail = ""] = shape;
  return {
    name,
    catchAll: stars !== "",
    optional: tail === "?",
    fallback: tail.startsWith("=") ? tail.slice(1) : undefined,
    constraints: [...constraints.matchAll(/:([a-z]+)(?:\(((?:[^()]|\([^()]*\))*)\))?/gi)].map(
      ([, kind = "", args = ""]) => {
        const make = CONSTRAINTS[kind.toLowerCase()];
        if (make === undefined) throw bad(route, `there is no constraint "${kind}"`);
        return make(args);
      },
    ),
  };
}

function bad(route: string, reason: string) {
  return invalid("bad_route", `Route "${route}": ${reason}.`, { field: "route" });
}

/**
 * A URL's path in the form that templates match: percent-decoded but for `%2F`, as Kestrel does it, with no slash at
 * either end.
 */
export function decodePath(pathname: string): string {
  const decoded = pathname.includes("%") ? percentDecoded(pathname) : pathname;
  return decoded.replace(/^\/+/, "").replace(/\/+$/, "");
}

function percentDecoded(pathname: string): string {
  return pathname
    .split(/(%2f)/i)
    .map((part) => {
      if (/^%2f$/i.test(part)) return part;
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    })
    .join("");
}
