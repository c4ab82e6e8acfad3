import type { RegisteredFunction } from "../core-api/types.ts";
import { requestPath } from "./request-path.ts";
import { compileRoute, type RouteTemplate } from "./route-template.ts";

export interface HttpRoute {
  readonly fn: RegisteredFunction;
  readonly template: RouteTemplate;
  /** Upper-case; empty: every method. */
  readonly methods: readonly string[];
  readonly authLevel: "anonymous" | "function" | "admin";
}

export interface Router {
  /** In the order in which they are tried. */
  readonly routes: readonly HttpRoute[];
  /** @param path percent-decoded, without its first slash */
  find(method: string, path: string): { route: HttpRoute; params: Record<string, string> } | undefined;
}

const MOST_KNOWN_SEGMENTS = 16;

/**
 * The routes of an app's HTTP functions, tried as Microsoft's host tries them: sorted by the functions' names
 * (`FunctionMetadataManager`, StringComparer.OrdinalIgnoreCase), in a collection where the first match wins. How specific
 * a template is does not count.
 * @throws invalid `bad_route`
 */
export function createRouter(functions: Iterable<RegisteredFunction>, prefix: string): Router {
  const routes = byName(functions).map((fn) => toRoute(fn, prefix));
  /** By method and number of segments, in the order of all: most of an app's routes are left out by these alone. */
  const known = new Map<string, readonly HttpRoute[]>();
  function candidates(method: string, segments: number): readonly HttpRoute[] {
    const key = `${method} ${segments}`;
    const ready = known.get(key);
    if (ready !== undefined) return ready;
    const some = routes.filter(
      ({ methods, template }) =>
        (methods.length === 0 || methods.includes(method)) && template.takes(segments),
    );
    // A caller may make up any number of segments, and any method that HTTP knows.
    if (segments <= MOST_KNOWN_SEGMENTS) known.set(key, some);
    return some;
  }
  return {
    routes,
    find(method, path) {
      const parsed = requestPath(path);
      for (const route of candidates(method, parsed.lower.length)) {
        const params = route.template.match(parsed);
        if (params !== undefined) return { route, params };
      }
      return undefined;
    },
  };
}

/** By code units in upper case, in which `_` comes after the letters. */
export function byName(functions: Iterable<RegisteredFunction>): RegisteredFunction[] {
  const keyed = [...functions].map((fn) => ({ fn, key: fn.metadata.name.toUpperCase() }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ fn }) => fn);
}

/** What the function says of its route, without the app's prefix; without a word of it the function's name. */
export function ownRoute({ metadata, trigger }: RegisteredFunction): string {
  const { route } = trigger.binding;
  return typeof route === "string" && route !== "" ? route : metadata.name;
}

export function methodsOf({ trigger }: RegisteredFunction): string[] {
  const { methods } = trigger.binding;
  return Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : [];
}

function toRoute(fn: RegisteredFunction, prefix: string): HttpRoute {
  const { authLevel } = fn.trigger.binding;
  const level = typeof authLevel === "string" ? authLevel.toLowerCase() : "function";
  return {
    fn,
    template: compileRoute([prefix, ownRoute(fn)].filter((part) => part !== "").join("/")),
    methods: methodsOf(fn),
    authLevel: level === "anonymous" || level === "admin" ? level : "function",
  };
}
