import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

const ROOT = path.resolve(import.meta.dirname, "../..");
const page = readFileSync(path.join(ROOT, "docs/glossary.md"), "utf8");
const rows = [...page.matchAll(/^\| (\*\*.+?) \| (.+?) \| (.+?) \|$/gm)].map((match) => ({
  words: [...(match[1] as string).matchAll(/\*\*([^*]+)\*\*/g)].map((word) => word[1] as string),
  places: [...(match[3] as string).matchAll(/`([^`]+)`/g)].map((place) => place[1] as string),
}));

describe("docs/glossary.md", () => {
  it("says of each word where it lives, and the place exists", () => {
    expect(rows.length).toBeGreaterThan(40);
    const lost = rows.flatMap(({ words, places }) => {
      let room = "";
      const found = places.map((place) => {
        // A bare file's name is one in the room named before it; `each stage's` file is looked for in one of them.
        const file = place.includes("/") ? place : `${room || "training/"}${place}`;
        if (place.includes("/")) room = place.slice(0, place.lastIndexOf("/") + 1);
        return existsSync(path.join(ROOT, file.startsWith("src/") ? file : `src/${file}`)) ? undefined : file;
      });
      const missing = places.length === 0 ? ["no place"] : found.filter((file) => file !== undefined);
      return missing.map((file) => `${words[0] ?? ""}: ${file}`);
    });
    expect(lost).toEqual([]);
  });

  it("explains a word once", () => {
    const words = rows.flatMap((row) => row.words);
    expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
  });
});
