import { describe, expect, test } from "@jest/globals";
import { array, assert, constantFrom, oneof, property } from "fast-check";
import type { RegisteredFunction } from "../../src/local-host/core-api/types.ts";
import { compileRoute, decodePath } from "../../src/local-host/http/route-template.ts";
import { createRouter } from "../../src/local-host/http/router.ts";

const match = (template: string, path: string) => compileRoute(template).match(path);

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
  });

  test.each([
    ["int", ["0", "-5", "2147483647"], ["x", "1.5", "2147483648"]],
    ["long", ["9007199254740993"], ["1e5"]],
    ["bool", ["true", "FALSE"], ["1"]],
    ["guid", ["0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e"], ["0f8fad5b"]],
    ["alpha", ["abc"], ["a1"]],
    ["decimal", ["1.5", "-2"], ["1e5"]],
    ["double", ["1e5"], ["x"]],
    ["datetime", ["2026-01-01"], ["soon"]],
    ["min(5)", ["5"], ["4", "x"]],
    ["max(5)", ["5", "-9"], ["6"]],
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

  test.each(["a//b", "{a", "{a}/{a}", "{*a}/b", "{a?}/b", "x{*a}", "{a:nonsense}", "{1a}"])(
    "%s is refused",
    (template) =>
      expect(() => compileRoute(template)).toThrow(expect.objectContaining({ code: "bad_route" })),
  );

  test("paths are decoded but for %2F, and a broken escape stays as it is", () => {
    expect(decodePath("/a%20b/c%2Fd/%zz/")).toBe("a b/c%2Fd/%zz");
  });
});

describe("precedence", () => {
  /** A template with one sample path for it, segment by segment. */
  const segment = oneof(
    constantFrom("a", "b", "7").map((text) => ({ text, sample: text, rank: 1 })),
    constantFrom("7", "12").map((sample) => ({ text: "{p:int}", sample, rank: 2 })),
    constantFrom("a", "b", "7", "zz").map((sample) => ({ text: "{p}", sample, rank: 3 })),
  );

  test("of all routes that fit a path, the one with the more literal segment, from the left, is taken", () => {
    assert(
      property(
        array(array(segment, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        (routes) => {
          const templates = routes.map((parts) => ({
            text: parts.map((part, i) => part.text.replace("p", `p${i}`)).join("/"),
            ranks: parts.map((part) => part.rank).join(""),
          }));
          const router = createRouter(
            templates.map(({ text }, i) => httpFunction(`f${i}`, text)),
            "",
          );
          for (const parts of routes) {
            const path = parts.map((part) => part.sample).join("/");
            const fitting = templates.filter(({ text }) => match(text, path) !== undefined);
            const best = fitting.map(({ ranks }) => ranks).toSorted()[0];
            expect(router.find("GET", path)?.route.template.precedence).toBe(best);
          }
        },
      ),
    );
  });

  test("among equals the one registered first is taken, and methods are part of the fit", () => {
    const router = createRouter(
      [httpFunction("one", "x/{a}"), httpFunction("two", "x/{b}"), httpFunction("three", "x/y", ["PUT"])],
      "api",
    );
    expect(router.find("GET", "api/x/y")?.route.fn.metadata.name).toBe("one");
    expect(router.find("PUT", "api/x/y")?.route.fn.metadata.name).toBe("three");
    expect(router.find("GET", "x/y")).toBeUndefined();
  });
});
