import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");
/** The packages' folders under `packages/`. */
export const PACKAGES = ["agent-lightning", "lightning-host", "lightning"] as const;
export const folderOf = (name: (typeof PACKAGES)[number]): string => path.join(ROOT, "packages", name);

/** What an agent imports (`agent-lightning`, `agent-lightning/ai-sdk`, …), and the source of each. */
export const SDK_ENTRIES: Readonly<Record<string, string>> = {
  index: "sdk/index",
  "ai-sdk": "capture/adapters/ai-sdk",
  langchain: "capture/adapters/langchain",
  "openai-agents": "capture/adapters/openai-agents",
};

/** Imports and re-exports of other files, as `tsc` writes them: `from "./x.ts"`, `import("./x.ts")`, `import "./x.js"`. */
const RELATIVE = /(\bfrom |\bimport\(|\bimport )"(\.[^"]+)"/g;

/**
 * Copies compiled files and all that they import, nothing else, from one tree to another. Declarations name the sources
 * (`./x.ts`), which are not there: they get the names of what is.
 */
export function copyReachable(
  from: string,
  to: string,
  entries: readonly string[],
  declarations: boolean,
): void {
  const waiting = entries.map((entry) => path.join(from, entry));
  const seen = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const text = readFileSync(file, "utf8").replaceAll(
      RELATIVE,
      (_all, before: string, specifier: string) => {
        const compiled = specifier.replace(/\.ts$/, ".js");
        const target = path.join(path.dirname(file), compiled);
        const next = declarations ? target.replace(/\.js$/, ".d.ts") : target;
        if (!seen.has(next)) waiting.push(next);
        seen.add(next);
        return `${before}"${compiled}"`;
      },
    );
    const place = path.join(to, path.relative(from, file));
    mkdirSync(path.dirname(place), { recursive: true });
    writeFileSync(place, text);
    if (!declarations) cpSync(`${file}.map`, `${place}.map`);
  }
}
