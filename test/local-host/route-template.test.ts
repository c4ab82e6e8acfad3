import { describe, expect, test } from "@jest/globals";
import { array, assert, constantFrom, oneof, property } from "fast-check";
import type { RegisteredFunction } from "../../src/local-host/core-api/types.ts";
import { decodePath, requestPath } from "../../src/local-host/http/request-path.ts";
import { refusedRoutes, shadowedRoutes } from "../../src/local-host/http/route-clashes.ts";
import { compileRoute } from "../../src/local-host/http/route-template.ts";
import { createRouter } from "../../src/local-host/http/router.ts";

const match = (template: string, path: string) => compileRoute(template).match(requestPath(path));

function httpFunction(name: string, route: string, methods?: string[]): RegisteredFunction {
  const binding = { type: "httpTrigger", direction: "in", route, ...(methods && { methods }) } as const;
  return {
    id: name,
    metadata: { name, bindings: { trigger: binding } },
    callback: () => undefined,
    trigger: { name: "trigger", binding },
  };
}

describe("a route template", () => {
  test.each([
    ["a/b", "A/B", {}],
    ["a/{id}", "a/1", { id: "1" }],
    ["a/{id}", "a", undefined],
    ["a/{id}", "a/1/2", undefined],
    ["a/{id?}", "a", {}],
    ["a/{id?}", "a/1", { id: "1" }],
    ["a/{id=7}", "a", { id: "7" }],
    ["{*rest}", "", {}],
    ["a/{*rest}", "a/b/c", { rest: "b/c" }],
    ["a/{**rest}", "a", {}],
    ["{name}.{ext?}", "file.txt", { name: "file", ext: "txt" }],
    ["{name}.{ext?}", "a.b.txt", { name: "a.b", ext: "txt" }],
    ["{name}.{ext?}", "file", { name: "file" }],
    ["v{major}-{minor}/x", "v1-2/X", { major: "1", minor: "2" }],
    ["a/{id:regex(^[a-c]+$)}", "a/abc", { id: "abc" }],
    ["a/{id:regex(^[a-c]{{2}}$)}", "a/abc", undefined],
    ["a.b/{id}", "axb/1", undefined],
    ["", "", {}],
  ])("%s takes %s as %j", (template, path, values) => {
    expect(match(template, path)).toEqual(values);
    // And among an app's routes, which are told by their number of segments first; without a route it is the name's.
    const { find } = createRouter([httpFunction("", template)], "");
    expect(find("GET", path)?.params).toEqual(values);
  });

  test.each([
    ["int", ["0", "-5", " 1", "2147483647"], ["x", "1.5", "2147483648"]],
    ["long", ["9007199254740993"], ["1e5", "9223372036854775808"]],
    ["bool", ["true", "FALSE", "false "], ["1"]],
    ["guid", ["0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e"], ["0f8fad5b"]],
    ["alpha", ["abc"], ["a1"]],
    ["decimal", ["1.5", "-2", "1,000"], ["1e5", "79228162514264337593543950336"]],
    ["double", ["1e5", "1,5", "NaN", "-Infinity"], ["x", ",", ",5", "∞"]],
    [
      "datetime",
      ["2026-01-01", "2026-11-30T10:00:00+02:00", "11-30-2026", "10:00", "10:00 pm", "2026-11", "1.5"],
      ["soon", "1", "007", ".5", "2026-02-30", "30-11", "30-11-2026", "25:00"],
    ],
    ["min(5)", ["5"], ["4", "x", "9223372036854775808"]],
    ["max(5)", ["5", "-9"], ["6"]],
    ["file", ["a.json", ".a"], ["a", "a."]],
    ["nonfile", ["a", "a."], ["a.json"]],
    ["regex(^\\w+$)", ["é_1"], ["a b"]],
    ["regex(^[\\w-]+$)", ["é-1"], ["a.b"]],
    ["regex((?i)^A$)", ["a"], ["b"]],
    ["range(2,4)", ["2", "4"], ["1", "5"]],
    ["length(3)", ["abc"], ["ab", "abcd"]],
    ["length(2,3)", ["ab"], ["a", "abcd"]],
    ["minlength(2)", ["ab"], ["a"]],
    ["maxlength(2)", ["ab"], ["abc"]],
    ["alpha:length(2)", ["ab"], ["a1", "abc"]],
  ])("{x:%s} takes %j and refuses %j", (constraint, good, bad) => {
    for (const value of good) expect(match(`{x:${constraint}}`, value)).toEqual({ x: value });
    for (const value of bad) expect(match(`{x:${constraint}}`, value)).toBeUndefined();
  });

  test.each([
    "a//b",
    "{a",
    "{a}/{a}",
    "{*a}/b",
    "{a?}b",
    "x{*a}",
    "{a:nonsense}",
    "{a:regex([)}",
    "{a:constructor}",
    "{a}{b}",
    "{a:length(2,3,4)}",
  ])("%s is refused", (template) =>
    expect(() => compileRoute(template)).toThrow(expect.objectContaining({ code: "bad_route" })),
  );

  test("paths are decoded but for %2F, and a broken escape stays as it is", () => {
    expect(decodePath("/a%20b/c%2Fd/%zz/%ff/")).toBe("a b/c%2Fd/%zz/%ff/");
  });
});

describe("an app's routes", () => {
  /** A template with one sample path for it, segment by segment. */
  const segment = oneof(
    constantFrom("a", "b", "7").map((text) => ({ text, sample: text })),
    constantFrom("7", "12").map((sample) => ({ text: "{p:int}", sample })),
    constantFrom("a", "b", "7", "zz").map((sample) => ({ text: "{p}", sample })),
  );
  const apps = array(array(segment, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 });
  const appOf = (routes: readonly (readonly { text: string }[])[]) => {
    const texts = routes.map((parts) => parts.map(({ text }, i) => text.replace("p", `p${i}`)).join("/"));
    return texts.map((text, i) => httpFunction(`f${i}`, text));
  };
  const samples = (routes: readonly (readonly { sample: string }[])[]) =>
    routes.map((parts) => parts.map(({ sample }) => sample).join("/"));

  test("of all that fit a path, the first by its function's name is taken, in whatever order they were registered", () => {
    assert(
      property(apps, (routes) => {
        const functions = appOf(routes);
        const router = createRouter(functions.toReversed(), "");
        for (const path of samples(routes)) {
          const first = functions.find((fn) => match(String(fn.trigger.binding.route), path) !== undefined);
          expect(router.find("GET", path)?.route.fn).toBe(first);
        }
      }),
    );
  });

  test("are each reached by a path that is meant for it alone, but for those told to be shadowed", () => {
    assert(
      property(apps, (routes) => {
        const functions = appOf(routes);
        const refused = refusedRoutes(functions);
        const { routes: served, find } = createRouter(
          functions.filter((fn) => !refused.has(fn)),
          "",
        );
        const shadowed = shadowedRoutes(served).map(({ route }) => route);
        for (const route of served.filter((one) => !shadowed.includes(one))) {
          const own = route.template.text.replaceAll(/\{p\d:int\}/g, "999").replaceAll(/\{p\d\}/g, "zz");
          expect(find("GET", own)?.route).toBe(route);
        }
      }),
    );
  });

  test("methods are part of the fit", () => {
    const router = createRouter(
      [httpFunction("one", "x/{a}", ["GET"]), httpFunction("two", "x/y", ["PUT"])],
      "api",
    );
    expect(router.find("GET", "api/x/y")?.route.fn.metadata.name).toBe("one");
    expect(router.find("PUT", "api/x/y")?.route.fn.metadata.name).toBe("two");
    expect(router.find("GET", "x/y")).toBeUndefined();
  });
});

describe("routes that clash", () => {
  const refusals = (...functions: RegisteredFunction[]) =>
    [...refusedRoutes(functions)].map(([fn, reason]) => `${fn.metadata.name}: ${reason}`);

  test.each([
    [["X/{id}"], ["/x/{id}/"], true],
    [["x", ["GET"]], ["X", ["get", "POST"]], true],
    [["x", ["GET"]], ["x", ["POST"]], false],
    [["x/{a}"], ["x/{b}"], false],
  ] as [[string, string[]?], [string, string[]?], boolean][])(
    "%j and %j: the later by name is off: %s",
    (a, b, off) => {
      expect(refusals(httpFunction("later", ...b), httpFunction("Earlier", ...a))).toEqual(
        off ? [expect.stringMatching(/^later: .*'Earlier'/)] : [],
      );
    },
  );

  test.each(["admin", "administrators", "Runtime/x", "/runtime-info"])("%s is the host's own", (route) => {
    expect(refusals(httpFunction("mine", route))).toEqual([expect.stringContaining("the host's own")]);
  });

  test.each([
    ["x/{id}", "x/new", true],
    ["x/new", "x/{id}", false],
    ["x/{a}", "x/{b}", true],
    ["x/{id:int}", "x/new", false],
    ["x/{id:regex(^(?!new$))}", "x/new", false],
    ["x/{a}/y", "x/new", false],
    ["x/{*rest}", "x", true],
    ["x/{*rest}", "x/{id}/y", true],
    ["x/{id?}", "x", true],
    ["{kind}/new", "x/{id}", true],
    ["x/{id}", "{kind}/new", false],
    ["x/{id}.json", "x/new", false],
  ])("%s before %s takes its requests: %s", (first, second, isShadowed) => {
    const { routes } = createRouter([httpFunction("b", second), httpFunction("a", first)], "api");
    expect(shadowedRoutes(routes).map(({ route }) => route.fn.metadata.name)).toEqual(
      isShadowed ? ["b"] : [],
    );
  });
});
