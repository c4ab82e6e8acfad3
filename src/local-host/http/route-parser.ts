import { invalid } from "../../kernel/errors.ts";
import { BadConstraint, type Constraint, constraintOf } from "./route-constraints.ts";

/** A parameter of a route: `{name}`, `{name?}`, `{name=value}`, `{*name}`, each with constraints. */
export interface Parameter {
  readonly name: string;
  readonly catchAll: boolean;
  readonly optional: boolean;
  /** The default value, "" included; undefined: none. */
  readonly fallback: string | undefined;
  readonly constraints: readonly Constraint[];
}
/** A literal, lower-case as paths are compared, or a parameter. */
export type Part = string | Parameter;
/** The parts between two slashes; more than one for `{name}.{ext?}`. */
export type Segment = readonly Part[];

export const isParameter = (part: Part | undefined): part is Parameter => typeof part === "object";

/**
 * The segments of an ASP.NET route template, read as its RoutePatternParser and RouteParameterParser read it; what they
 * answer is recorded in `test/parity/dotnet/routes.json`.
 * @throws invalid `bad_route` for a template that ASP.NET would refuse
 */
export function parseRoute(text: string): Segment[] {
  const bad = (reason: string) => invalid("bad_route", `Route "${text}": ${reason}.`, { field: "route" });
  if (/^~(?!\/)/.test(text)) throw bad("it starts with ~");
  const clean = text.replace(/^~?\//, "").replace(/\/$/, "");
  const segments = clean === "" ? [] : splitAtSlashes(clean).map((segment) => parseSegment(segment, bad));
  const parameters = segments.flat().filter(isParameter);
  const names = parameters.map(({ name }) => name.toLowerCase());
  if (new Set(names).size !== names.length) throw bad("a parameter's name occurs twice");
  if (
    parameters.some(
      ({ catchAll }, i) => catchAll && (i < parameters.length - 1 || !endsWithParameter(segments)),
    )
  )
    throw bad("a catch-all parameter must come last");
  return segments;
}

const endsWithParameter = (segments: readonly Segment[]) => isParameter(segments.at(-1)?.at(-1));

type Bad = (reason: string) => Error;

/** At each `/` outside of braces; doubled braces are no braces there. */
function splitAtSlashes(text: string): string[] {
  const segments = [""];
  let isInside = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i] ?? "";
    let piece = char;
    if ((char === "{" || char === "}") && text[i + 1] === char) {
      piece = char + char;
      i++;
    } else if (char === "{") isInside = true;
    else if (char === "}") isInside = false;
    if (char === "/" && !isInside) segments.push("");
    else segments[segments.length - 1] += piece;
  }
  return segments;
}

function parseSegment(segment: string, bad: Bad): Segment {
  if (segment === "") throw bad("a segment is empty");
  const parts: Part[] = [];
  for (let rest = segment; rest !== ""; ) {
    const isOpen = rest.startsWith("{") && !rest.startsWith("{{");
    const end = isOpen ? closing(rest) + 1 : literalEnd(rest);
    if (end === 0) throw bad("a brace is not closed");
    const raw = rest.slice(0, end);
    parts.push(isOpen ? parseParameter(unescaped(raw.slice(1, -1)), bad) : parseLiteral(raw, bad));
    rest = rest.slice(end);
  }
  checkParts(parts, bad);
  return parts;
}

function checkParts(parts: readonly Part[], bad: Bad): void {
  for (const [i, part] of parts.entries()) {
    if (!isParameter(part) || parts.length === 1) continue;
    if (part.catchAll) throw bad("a catch-all parameter must be a segment of its own");
    if (isParameter(parts[i + 1])) throw bad("two parameters stand side by side");
    if (part.optional && (i < parts.length - 1 || parts[i - 1] !== "."))
      throw bad("an optional parameter must be a segment of its own, or the last of one behind a dot");
  }
}

const unescaped = (text: string) => text.replaceAll("{{", "{").replaceAll("}}", "}");

/** Where the literal at the start of `text` ends: at a single `{`. */
function literalEnd(text: string): number {
  return /^(?:\{\{|[^{])*/.exec(text)?.[0].length ?? 0;
}

function parseLiteral(raw: string, bad: Bad): string {
  if (/^(?:\}\}|[^}])*\}(?!\})/.test(raw)) throw bad("a brace is not opened");
  if (raw.includes("?")) throw bad("a literal has a question mark");
  return unescaped(raw).toLowerCase();
}

/** Where the brace that opens `text` is closed; -1: nowhere. Doubled braces stand for themselves. */
function closing(text: string): number {
  for (let i = 1; i < text.length; i++) {
    if ((text[i] === "}" || text[i] === "{") && text[i + 1] === text[i]) i++;
    else if (text[i] === "}") return i;
    else if (text[i] === "{") return -1;
  }
  return -1;
}

/** @param text what is between the braces, with doubled ones undone */
function parseParameter(text: string, bad: Bad): Parameter {
  const stars = /^\*{0,2}/.exec(text)?.[0] ?? "";
  const optional = text.length > stars.length && text.endsWith("?");
  const body = text.slice(stars.length, optional ? -1 : undefined);
  // A name may begin with what otherwise ends it.
  const name = /^[\s\S][^:=]*/.exec(body)?.[0] ?? "";
  if (name === "" || /[/{}?*]/.test(name)) throw bad(`{${text}} is not a parameter`);
  const { constraints, fallback } = splitConstraints(body.slice(name.length));
  if (optional && stars !== "") throw bad("a catch-all parameter cannot be optional");
  if (optional && fallback !== undefined) throw bad("an optional parameter cannot have a default value");
  return {
    name,
    catchAll: stars !== "",
    optional,
    fallback,
    constraints: constraints.map((one) => {
      try {
        return constraintOf(one);
      } catch (thrown) {
        if (thrown instanceof BadConstraint) throw bad(`the constraint "${one}": ${thrown.message}`);
        throw thrown;
      }
    }),
  };
}

/** `:int:regex(^a)=5` in its pieces. */
function splitConstraints(text: string): { constraints: string[]; fallback: string | undefined } {
  const constraints: string[] = [];
  let at = 0;
  while (text[at] === ":") {
    const end = constraintEnd(text, at + 1);
    if (end > at + 1) constraints.push(text.slice(at + 1, end));
    at = end;
  }
  return { constraints, fallback: text[at] === "=" ? text.slice(at + 1) : undefined };
}

/**
 * A bracket is closed by the first `)` behind which the text ends or `:` or `=` follows. A `:` or `=` between brackets
 * belongs to what is in them when a `)` comes after it, and ends the constraint otherwise.
 */
function constraintEnd(text: string, start: number): number {
  let i = start;
  while (i < text.length && !":=(".includes(text[i] ?? "")) i++;
  if (text[i] !== "(") return i;
  for (i++; i < text.length; i++) {
    const char = text[i];
    if (char === ")" && [undefined, ":", "="].includes(text[i + 1])) return i + 1;
    if (char !== ":" && char !== "=") continue;
    const close = text.indexOf(")", i + 1);
    if (close < 0) return i;
    i = close;
  }
  return text.length;
}
