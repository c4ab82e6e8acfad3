import type { RegisteredFunction } from "../core-api/types.ts";
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
  find(method: string, path: string): { route: HttpRoute; params: Record<string, string> } | undefined;
}

/** The routes of an app's HTTP functions. @throws invalid `bad_route` */
export function createRouter(functions: Iterable<RegisteredFunction>, prefix: string): Router {
  const routes = [...functions].map((fn) => toRoute(fn, prefix));
  routes.sort((a, b) =>
    a.template.precedence < b.template.precedence
      ? -1
      : a.template.precedence > b.template.precedence
        ? 1
        : 0,
  );
  return {
    routes,
    find(method, path) {
      for (const route of routes) {
        if (route.methods.length > 0 && !route.methods.includes(method)) continue;
        const params = route.template.match(path);
        if (params !== undefined) return { route, params };
      }
      return undefined;
    },
  };
}

function toRoute(fn: RegisteredFunction, prefix: string): HttpRoute {
  const { route, methods, authLevel } = fn.trigger.binding;
  const own = typeof route === "string" && route !== "" ? route : fn.metadata.name;
  const text = [prefix, own.replace(/^\//, "")].filter((part) => part !== "").join("/");
  const level = typeof authLevel === "string" ? authLevel.toLowerCase() : "function";
  return {
    fn,
    template: compileRoute(text),
    methods: Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : [],
    authLevel: level === "anonymous" || level === "admin" ? level : "function",
  };
}
