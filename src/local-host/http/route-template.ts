import type { RequestPath } from "./request-path.ts";
import { isParameter, type Parameter, parseRoute, type Segment } from "./route-parser.ts";

/**
 * An ASP.NET route template, as function routes use them: `{id}`, `{id?}`, `{id=default}`, `{*rest}`, `{id:int}`,
 * `{id:regex(^a+$)}`, several parts in one segment (`{name}.{ext?}`). Literals match in any case.
 */
export interface RouteTemplate {
  readonly text: string;
  readonly segments: readonly Segment[];
  /** Whether a path of so many segments can match at all. */
  takes(segments: number): boolean;
  /** The values of the parameters when the path matches, else undefined. */
  match(path: RequestPath): Record<string, string> | undefined;
}

/** @throws invalid `bad_route` for a template that ASP.NET would refuse. */
export function compileRoute(text: string): RouteTemplate {
  const segments = parseRoute(text);
  const longest = longestOf(segments);
  const takes = (count: number) => count <= longest && segments.slice(count).every(isOmissible);
  return { text, segments, takes, match: matcher(segments) };
}

/** What matches paths against a template's segments. */
export function matcher(segments: readonly Segment[]): RouteTemplate["match"] {
  const parameters = segments.flat().filter(isParameter);
  const longest = longestOf(segments);
  return (path) => {
    const { lower } = path;
    if (lower.length > longest) return undefined;
    for (let i = 0; i < segments.length; i++) {
      const segment = segments[i] as Segment;
      const given = lower[i];
      if (given === undefined ? !isOmissible(segment) : !canBe(segment, given)) return undefined;
    }
    return capture(segments, parameters, path);
  };
}

/** How many segments a path may have. */
function longestOf(segments: readonly Segment[]): number {
  return segments.flat().filter(isParameter).at(-1)?.catchAll === true
    ? Number.POSITIVE_INFINITY
    : segments.length;
}

/** True for a segment that a path may end before. */
export function isOmissible(segment: Segment): boolean {
  const [part] = segment;
  if (!isParameter(part) || segment.length > 1) return false;
  return part.catchAll || part.optional || part.fallback !== undefined;
}

/** A first look, without the values: most routes are another path's. */
function canBe(segment: Segment, given: string): boolean {
  const [part] = segment;
  return given !== "" && (segment.length > 1 || isParameter(part) || part === given);
}

function capture(
  segments: readonly Segment[],
  parameters: readonly Parameter[],
  { text, segments: given, lower }: RequestPath,
): Record<string, string> | undefined {
  const values: Record<string, string> = {};
  let start = 0;
  for (const [i, segment] of segments.entries()) {
    const value = given[i];
    if (value === undefined) break;
    const [part] = segment;
    if (segment.length > 1) {
      if (!captureParts(segment, value, lower[i] ?? "", values)) return undefined;
    } else if (isParameter(part)) values[part.name] = part.catchAll ? text.slice(start) : value;
    start += value.length + 1;
  }
  for (const { name, fallback, optional, constraints } of parameters) {
    const value = values[name] ?? fallback;
    if (value !== undefined) values[name] = value;
    if (value === undefined && optional) continue;
    for (const accepts of constraints) if (!accepts(value)) return undefined;
  }
  return values;
}

/** `{a}-{b}.json`: without its optional extension the dot goes as well. */
function captureParts(
  segment: Segment,
  value: string,
  lower: string,
  values: Record<string, string>,
): boolean {
  const last = segment.at(-1);
  if (captureFrom(segment, segment.length - 1, value, lower, values)) return true;
  if (!isParameter(last) || !last.optional || lower.endsWith(".")) return false;
  return captureFrom(segment, segment.length - 3, value, lower, values);
}

/**
 * From the right, each literal where it comes last, with at least one character for the parameter behind it; there is no
 * second try (ASP.NET's MatchComplexSegment).
 */
function captureFrom(
  segment: Segment,
  from: number,
  value: string,
  lower: string,
  values: Record<string, string>,
): boolean {
  const found: Record<string, string> = {};
  let end = value.length;
  let waiting: Parameter | undefined;
  for (let i = from; i >= 0; i--) {
    const part = segment[i] ?? "";
    if (isParameter(part)) {
      waiting = part;
      if (i > 0) continue;
      if (end === 0) return false;
      found[part.name] = value.slice(0, end);
      end = 0;
      continue;
    }
    const room = waiting === undefined ? end : end - 1;
    const at = room <= 0 ? -1 : lower.slice(0, room).lastIndexOf(part);
    if (at < 0) return false;
    const behind = at + part.length;
    if (waiting === undefined ? behind !== end : behind >= end) return false;
    if (waiting !== undefined) found[waiting.name] = value.slice(behind, end);
    waiting = undefined;
    end = at;
  }
  if (end !== 0) return false;
  Object.assign(values, found);
  return true;
}
