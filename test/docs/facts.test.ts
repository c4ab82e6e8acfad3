import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const page = read("docs/facts.md");
/** Each fact's heading and text; headings of level 3 are written as their own anchors. */
const facts = [...page.matchAll(/^### (\S+)\n\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)].map((match) => ({
  anchor: match[1] as string,
  text: match[2] as string,
}));

const sources = globSync(
  [
    "{src,test,functions,dashboard,bench,infra,examples,tools}/**/*.{ts,tsx,mjs,bicep,md}",
    "*.md",
    "docs/**/*.md",
  ],
  { cwd: ROOT, exclude: (file) => /(^|\/)(node_modules|dist)(\/|$)/.test(file) },
).map((file) => file.replaceAll("\\", "/"));
const cited = sources.flatMap((file) =>
  [...read(file).matchAll(/\bfacts\.md#([a-z0-9-]+)/g)].map((match) => ({
    file,
    anchor: match[1] as string,
  })),
);

describe("docs/facts.md", () => {
  it("has every fact that a comment points to", () => {
    const known = new Set(facts.map(({ anchor }) => anchor));
    expect(cited.length).toBeGreaterThan(12);
    expect(cited.filter(({ anchor }) => anchor !== "name" && !known.has(anchor))).toEqual([]);
  });

  it("has each fact once, with a source, how it is known, and the day it was seen", () => {
    expect(facts.length).toBe([...page.matchAll(/^### /gm)].length);
    expect(new Set(facts.map(({ anchor }) => anchor)).size).toBe(facts.length);
    const loose = facts.filter(
      ({ text }) =>
        !/Source, (documented|reported|measured)/.test(text) || !/\bSeen\s+2\d{3}-\d\d-\d\d\./.test(text),
    );
    expect(loose.map(({ anchor }) => anchor)).toEqual([]);
  });

  it("is where comments point, and no document outside the repository", () => {
    const outside = sources
      .filter((file) => file !== "test/docs/facts.test.ts")
      .filter((file) =>
        /azure-facts|cosmos-facts|product\.md|original-behaviour\.md|\(F\d+\b/.test(read(file)),
      );
    expect(outside).toEqual([]);
  });
});
