import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { CAPABILITIES } from "../../src/catalog/capabilities.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(path.join(ROOT, file), "utf8");
const pages = globSync(
  "{*,docs/**/*,src/**/*,bench/**/*,dashboard/*,examples/*/README,demo/README,packages/*/README}.md",
  {
    cwd: ROOT,
    exclude: (file) => /(^|[\\/])(node_modules|dist|\.lightning)([\\/]|$)/.test(file),
  },
).map((file) => file.replaceAll("\\", "/"));

/** As hosts of repositories make them: lower case, words joined by `-`. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
const anchorsOf = (text: string) =>
  new Set([...text.matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchorOf((match[1] as string).trim())));
const withoutCode = (text: string) => text.replaceAll(/^```[\s\S]*?^```/gm, "");

describe("the repository's pages", () => {
  it("link to files and headings that exist", () => {
    const broken = pages.flatMap((page) =>
      [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
        .map((match) => match[1] as string)
        .filter((target) => !/^[a-z]+:/.test(target))
        .filter((target) => {
          const [file = "", anchor] = target.split("#");
          const at = file === "" ? page : path.join(path.dirname(page), file);
          if (!existsSync(path.join(ROOT, at))) return true;
          return anchor !== undefined && !anchorsOf(withoutCode(read(at))).has(anchor);
        })
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
    expect(pages.length).toBeGreaterThan(20);
  });

  it("and where the source of a limit is one of them, it is a heading there; none is a file of code", () => {
    const sources = new Set(CAPABILITIES.map(({ source }) => source));
    const own = [...sources].filter((source) => /^(docs|src)\//.test(source));
    expect(own.length).toBeGreaterThan(0);
    for (const source of own) {
      const [page = "", heading] = source.split("#");
      expect(page).toMatch(/^docs\/.+\.md$/);
      expect([...anchorsOf(withoutCode(read(page)))]).toContain(heading);
    }
  });

  it("and the version managers name one Node, the one that the project brings", () => {
    const { version } = JSON.parse(read("tools/node-runtime/package.json")) as { version: string };
    expect(read(".node-version").trim()).toBe(version);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const unknown = pages.flatMap((page) =>
      [...read(page).matchAll(/\bnpm run ([a-z][a-z:-]*)/g)]
        .map((match) => match[1] as string)
        .filter((name) => !(name in scripts))
        .map((name) => `${page}: npm run ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});
