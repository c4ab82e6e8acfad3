import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

const ROOT = path.resolve(import.meta.dirname, "../..");
const page = readFileSync(path.join(ROOT, "docs/one-episode.md"), "utf8");
/** Each walk's title and text. */
const walks = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({ title: text.split("\n", 1)[0] as string, text }));
/** Files with their folder; one that is named alone stands beside the file named before it. */
const filesOf = (text: string): string[] => {
  let folder = "";
  const found = [...text.matchAll(/`((?:[\w-]+\/)*[\w-]+\.ts)`/g)].map((match) => {
    const named = match[1] as string;
    const file = named.includes("/") ? named : folder + named;
    folder = file.slice(0, file.lastIndexOf("/") + 1);
    return file;
  });
  return [...new Set(found)].filter((file) => !file.startsWith("test/"));
};

describe("docs/one-episode.md", () => {
  it("has two walks, each of at most fifteen files, which exist", () => {
    expect(walks.map(({ title }) => title)).toEqual(["An episode", "`POST /training`"]);
    for (const { text } of walks) {
      const files = filesOf(text);
      expect(files.length).toBeGreaterThan(8);
      expect(files.length).toBeLessThanOrEqual(15);
      expect(files.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
    }
  });

  it("has the scenario's headings, in its order", () => {
    const scenario = readFileSync(path.join(ROOT, "test/scenarios/one-episode.ts"), "utf8");
    const titles = [...scenario.matchAll(/^ {4}it\("([^"]+)"/gm)].map((match) => match[1] as string);
    const headings = [...(walks[0]?.text ?? "").matchAll(/^### (.+)$/gm)].map((match) => match[1] as string);
    expect(headings).toEqual(titles);
  });
});
