import type { RegisteredFunction } from "../core-api/types.ts";
import { requestPath } from "./request-path.ts";
import { isParameter, type Segment } from "./route-parser.ts";
import { isOmissible, matcher } from "./route-template.ts";
import { byName, type HttpRoute, methodsOf, ownRoute } from "./router.ts";

/** First words of a route that the host keeps for itself (`ScriptHost.ValidateFunction`). */
const RESERVED = /^(admin|runtime)/;

/**
 * The functions that Microsoft's host puts in error because of their route, each with the reason: of two with the same
 * route text and a common method the later by name, and those that begin with a word of the host's own, whatever the
 * app's prefix.
 */
export function refusedRoutes(functions: Iterable<RegisteredFunction>): Map<RegisteredFunction, string> {
  const refused = new Map<RegisteredFunction, string>();
  const kept: RegisteredFunction[] = [];
  for (const fn of byName(functions)) {
    const route = plain(ownRoute(fn));
    const reserved = RESERVED.exec(route)?.[1];
    const first = kept.find((other) => plain(ownRoute(other)) === route && shareMethod(other, fn));
    if (reserved !== undefined)
      refused.set(
        fn,
        `its route begins with "${reserved}", which Azure refuses: such addresses are the host's own`,
      );
    else if (first !== undefined)
      refused.set(
        fn,
        `its route is that of the function '${first.metadata.name}', and Azure serves the first by name alone`,
      );
    else kept.push(fn);
  }
  return refused;
}

/** True for a prefix under which the host answers itself. */
export const isReservedPrefix = (prefix: string) => /^admin(\/|$)/i.test(prefix);

/** As the host compares route texts: without regard to case and outer slashes. */
const plain = (route: string) => route.replaceAll(/^\/+|\/+$/g, "").toLowerCase();

function shareMethod(a: RegisteredFunction, b: RegisteredFunction): boolean {
  return common(methodsOf(a), methodsOf(b));
}
const common = (a: readonly string[], b: readonly string[]) =>
  a.length === 0 || b.length === 0 || a.some((method) => b.includes(method));

/** A route and one before it that takes requests meant for it. */
export interface ShadowedRoute {
  readonly route: HttpRoute;
  readonly by: HttpRoute;
}

/**
 * The routes that an earlier, no more specific one takes requests from: `x/{id}` of `getX` before `x/new` of `newX`. With
 * the specific one first (`x/new` before `x/{id}`) each gets what is meant for it.
 * @param routes in the order in which they are tried
 */
export function shadowedRoutes(routes: readonly HttpRoute[]): ShadowedRoute[] {
  return routes.flatMap((route, i) => {
    const by = routes
      .slice(0, i)
      .find(
        (earlier) =>
          common(earlier.methods, route.methods) &&
          precedence(earlier.template.segments) >= precedence(route.template.segments) &&
          overlap(earlier.template.segments, route.template.segments),
      );
    return by === undefined ? [] : [{ route, by }];
  });
}

/**
 * How specific a template is, as ASP.NET's endpoint routing sorts it, one digit a segment, the lower the more: literal 1,
 * constrained or mixed 2, parameter 3, constrained catch-all 4, catch-all 5.
 */
function precedence(segments: readonly Segment[]): string {
  return segments
    .map((segment) => {
      const [part] = segment;
      if (segment.length > 1) return 2;
      if (!isParameter(part)) return 1;
      return (part.catchAll ? 5 : 3) - (part.constraints.length > 0 ? 1 : 0);
    })
    .join("");
}

/** True when some path fits both, as far as literals tell; two constraints are taken to have a value in common. */
function overlap(a: readonly Segment[], b: readonly Segment[]): boolean {
  for (let i = 0; ; i++) {
    const [one, other] = [a[i], b[i]];
    if (one === undefined || other === undefined)
      return [...a.slice(i), ...b.slice(i)].every((segment) => isOmissible(segment));
    if (!meet(one, other)) return a.slice(i).every(isOmissible) && b.slice(i).every(isOmissible);
    if (isCatchAll(one) || isCatchAll(other)) return true;
  }
}

const isCatchAll = ([part]: Segment) => isParameter(part) && part.catchAll;
const literalOf = (segment: Segment) =>
  segment.length === 1 && !isParameter(segment[0]) ? segment[0] : undefined;

function meet(a: Segment, b: Segment): boolean {
  const [one, other] = [literalOf(a), literalOf(b)];
  if (one !== undefined && other !== undefined) return one === other;
  const literal = one ?? other;
  if (literal === undefined) return true;
  return matcher([one === undefined ? a : b])(requestPath(literal)) !== undefined;
}
