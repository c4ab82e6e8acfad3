import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { isSdkFile, nativeSource } from "../../src/local-host/core-api/sdk-source.ts";
import * as original from "../fixtures/sdk-source/counter.ts";

const require = createRequire(import.meta.url);

/** counter.ts as `tsc --target es2015 --module commonjs` (7.0.2) writes it. */
const compiled = readFileSync(
  path.join(import.meta.dirname, "../fixtures/sdk-source/counter-es2015.js.txt"),
  "utf8",
);

function load(source: string): typeof original {
  const exports = {};
  vm.compileFunction(source, ["exports"])(exports);
  return exports as typeof original;
}

/** What can be seen of one counter's life, thrown errors among it. */
async function life({ Counter, top }: typeof original, steps: readonly number[], words: readonly string[]) {
  const counter = new Counter("This one");
  const seen: unknown[] = [];
  const see = async (work: () => Promise<unknown>) =>
    seen.push(await work().catch((thrown: unknown) => `threw ${(thrown as Error).message}`));
  await see(() => counter.add(...steps));
  await see(() => counter.sum(steps.map((step) => Promise.resolve(step))));
  await see(() => counter.guarded(async () => "well"));
  await see(() => counter.guarded(() => Promise.reject(new Error("no"))));
  await see(() => counter.each(words));
  await see(() =>
    counter.each(
      (async function* () {
        yield* words;
      })(),
    ),
  );
  await see(() =>
    counter.each(
      (async function* () {
        yield "a";
        throw new Error("in the middle");
      })(),
    ),
  );
  await see(() => counter.words());
  await see(() => counter.counted());
  await see(() => top(counter));
  // Its words are the compiler's own; that it refuses is the language's.
  await see(() => Counter.prototype.add.call({ name: "no counter" } as never, 1).catch(() => "refused"));
  const own = Reflect.ownKeys(counter);
  return { seen, own, json: JSON.stringify(counter), count: counter.count, notes: counter.notes };
}

describe("the SDKs' source, with native async functions and private fields", () => {
  const native = load(nativeSource(compiled));

  test("has none of the compiler's replacements left", () => {
    expect(native.Counter.prototype.add.toString()).toContain("async function");
    expect(nativeSource(compiled)).not.toMatch(/\byield\b|function\*|new Weak(Map|Set)\(/);
    expect(compiled).toMatch(/\byield\b/);
  });

  test("does what the compiled one and the original do, whatever it is given", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -2 }), { maxLength: 5 }),
        fc.array(fc.string()),
        async (steps, words) => {
          const wanted = await life(original, steps, words);
          expect(await life(load(compiled), steps, words)).toEqual(wanted);
          expect(await life(native, steps, words)).toEqual(wanted);
        },
      ),
      { numRuns: 30 },
    ));

  test("puts a private field on its own class's objects only, and on frozen ones too", () => {
    const counter = Object.freeze(new native.Counter("frozen"));
    expect(native.Counter.is(counter)).toBe(true);
    expect(native.Counter.is({})).toBe(false);
    expect(native.Counter.is(new (load(nativeSource(compiled)).Counter)("of another load"))).toBe(false);
  });

  test.each([
    [
      "a generator stands for a function within a function",
      compiled.replace(
        "return counter.add(yield later(1), 2);",
        "return __awaiter(this, void 0, void 0, function* () { return yield later(1); });",
      ),
    ],
    [
      "a yield stands where the compiler would put none",
      compiled.replace("return yield work();", "return 1 % yield work();"),
    ],
    ["the word stands in a text", compiled.replace("then went on", "a yield went on")],
  ])("leaves the async functions of a file alone when %s", (_, source) => {
    expect(source).not.toBe(compiled);
    const done = nativeSource(source);
    expect(done).toContain("function* ()");
    expect(done).not.toContain("async function (");
  });

  test("leaves a file without them as it is, to the byte", () => {
    const source = "'use strict';\r\nmodule.exports = function* () { yield new Map(); };\r\n";
    expect(nativeSource(source)).toBe(source);
  });
});

describe("the installed SDKs", () => {
  const functions = path.dirname(require.resolve("@azure/functions"));
  const durable = path.join(path.dirname(require.resolve("durable-functions/package.json")), "lib/src");
  const files = [functions, durable].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".js") && !name.endsWith(".min.js"))
      .map((name) => path.join(folder, name)),
  );
  const count = (text: string, what: RegExp) => (text.match(what) ?? []).length;

  test("are known wholly: every async function and every private field becomes native", () => {
    let [asyncFunctions, fields] = [0, 0];
    for (const file of files) {
      expect(isSdkFile(`file://${file}`)).toBe(true);
      const before = readFileSync(file, "utf8");
      const after = nativeSource(before);
      const wanted = count(before, /__awaiter\(this, /g);
      expect([file, count(after, /async function/g)]).toEqual([file, wanted]);
      expect([file, count(after, /function\*/g)]).toEqual([file, 0]);
      expect([file, count(after, /_\w+ = new WeakMap\(\)/g)]).toEqual([file, 0]);
      expect(() => vm.compileFunction(after, ["exports", "require", "module"])).not.toThrow();
      asyncFunctions += wanted;
      fields += count(before, /_\w+ = new WeakMap\(\)/g);
    }
    // Were the SDKs published otherwise, this would test nothing, and the module would be of no use.
    expect(asyncFunctions).toBeGreaterThan(30);
    expect(fields).toBeGreaterThan(10);
  });
});
