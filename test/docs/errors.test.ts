import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** The local provider speaks OpenAI's codes; those are that API's, not ours. */
const FOREIGN = "src/local-provider/";
/** Where a code is written: the first argument of an error's helper or class, the `code` of an outcome. */
const EXPRESSIONS = [
  /\b(?:badRequest|invalid|unauthenticated|forbidden|notFound|conflict|preconditionFailed|tooLarge|unsupported|outOfRange|limited|unavailable|fatal|fail)\(\s*([^,()]+(?:\([^)]*\)[^,()]*)?),/g,
  /new LightningError\(\s*[^,]+,\s*([^,]+),/g,
  /\bcode: ([^,\n}]+)/g,
];
/** Within such an expression codes are the words with an underscore; one word alone is a code in these places only. */
const CODE = /"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)"/g;
const ALONE = [/\bkind: "rejected",\s+code: "([a-z]+)"/g, /\\nCode: ([a-z_]+)/g];

function codesOf(file: string): string[] {
  const text = readFileSync(path.join(ROOT, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const expressions = EXPRESSIONS.flatMap((place) => [...text.matchAll(place)])
    // What a code is compared with is none.
    .map((match) => (match[1] ?? "").replaceAll(/===? "[^"]*"/g, ""));
  return [
    ...expressions.flatMap((expression) => [...expression.matchAll(CODE)]),
    ...ALONE.flatMap((place) => [...text.matchAll(place)]),
  ].map((match) => match[1] as string);
}

const inSource = new Map<string, string>();
for (const entry of readdirSync(path.join(ROOT, "src"), { recursive: true, withFileTypes: true })) {
  const file = path.relative(ROOT, path.join(entry.parentPath, entry.name)).split(path.sep).join("/");
  if (!entry.isFile() || !file.endsWith(".ts") || file.startsWith(FOREIGN)) continue;
  for (const code of codesOf(file)) inSource.set(code, file);
}

const page = readFileSync(path.join(ROOT, "docs/errors.md"), "utf8");
const entries = [...page.matchAll(/^### `([a-z0-9_]+)`\n\n([^\n]+(?:\n(?![\n#])[^\n]+)*)/gm)].map(
  (match) => ({
    code: match[1] as string,
    text: match[2] as string,
  }),
);

describe("docs/errors.md", () => {
  it("has a heading for every code of the sources", () => {
    const written = new Set(entries.map(({ code }) => code));
    const missing = [...inSource]
      .filter(([code]) => !written.has(code))
      .map(([code, file]) => `${code} (${file})`);
    expect(missing.toSorted()).toEqual([]);
  });

  it("has no heading of a code that is gone, and none twice", () => {
    expect(entries.map(({ code }) => code).filter((code) => !inSource.has(code))).toEqual([]);
    expect(new Set(entries.map(({ code }) => code)).size).toBe(entries.length);
  });

  it("names the code of the release before under the one that took its place", () => {
    const kinds = readFileSync(path.join(ROOT, "src/doors/no-such-record.ts"), "utf8");
    const renamed = [...kinds.matchAll(/code: "(\w+)",\s+formerly: "(\w+)"/g)];
    expect(renamed.map(([, , before]) => before)).toEqual(["episode_missing", "run_missing"]);
    for (const [, code, before = ""] of renamed)
      expect(entries.find((entry) => entry.code === code)?.text).toContain(`\`${before}\``);
  });

  it("says under each heading what happened and what to do", () => {
    const headings = [...page.matchAll(/^### /gm)].length;
    expect(entries).toHaveLength(headings);
    const short = entries
      .filter(({ text }) => text.length < 40 || !text.endsWith("."))
      .map(({ code }) => code);
    expect(short).toEqual([]);
  });
});
