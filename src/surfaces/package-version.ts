import { readFileSync } from "node:fs";

/** The version in our package.json, which lies two levels up from the sources and three from `dist`. */
export function packageVersion(): string {
  for (const place of ["../../package.json", "../../../package.json"]) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), "utf8");
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === "agent-lightning" && version !== undefined) return version;
    } catch {
      // Not there: the next place.
    }
  }
  return "0.0.0";
}
