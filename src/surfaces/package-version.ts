import { readFileSync } from "node:fs";

const NAMES = ["agent-lightning", "agent-lightning-cli"];

/** The version in our package.json: one level up from a package's bundle, two from the sources, three from `dist`. */
export function packageVersion(): string {
  for (const place of ["../package.json", "../../package.json", "../../../package.json"]) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), "utf8");
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name !== undefined && NAMES.includes(name) && version !== undefined) return version;
    } catch {
      // Not there: the next place.
    }
  }
  return "0.0.0";
}
