import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { redact } from "../../../src/redaction/redact.ts";

/** Files below a path that end in one of `endings`, sorted; a path of a file is itself. */
export function filesBelow(root: string, endings: RegExp): string[] {
  if (statSync(root).isFile()) return [root];
  return readdirSync(root, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const at = path.join(root, entry.name);
      if (entry.isDirectory()) return entry.name === ".git" ? [] : filesBelow(at, endings);
      return entry.isFile() && endings.test(entry.name) ? [at] : [];
    });
}

interface Paragraph {
  readonly file: string;
  readonly text: string;
}

/** What stands between empty lines in files with these endings (`md`, `d.ts`), at most so many. */
export function paragraphsBelow(root: string, endings: readonly string[], most: number): Paragraph[] {
  const wanted = new RegExp(`(?:${endings.map((one) => `\\.${one.replace(/\W/g, "\\$&")}`).join("|")})$`);
  const out: Paragraph[] = [];
  for (const file of filesBelow(root, wanted)) {
    if (statSync(file).size > 400_000) continue;
    for (const text of readFileSync(file, "utf8").split(/\r?\n\s*\r?\n/))
      if (text.trim().length >= 6) out.push({ file, text });
    if (out.length >= most) return out.slice(0, most);
  }
  return out;
}

/** Those in which anything was replaced. E-mail addresses are personal data wherever they stand: they don't count. */
export function changedParagraphs(paragraphs: readonly Paragraph[]) {
  return paragraphs.flatMap((paragraph) => {
    const { value, counts } = redact(paragraph.text);
    const kinds = Object.keys(counts).filter((kind) => kind !== "email");
    return kinds.length === 0 ? [] : [{ ...paragraph, kinds, value }];
  });
}
