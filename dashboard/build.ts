import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { isMain } from "../src/kernel/is-main.ts";

/** Builds the page into `dashboard/dist`: `node dashboard/build.ts [--if-stale]`. */

const FOLDER = import.meta.dirname;
const BUILT = path.join(FOLDER, "dist", "index.html");

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) latest = Math.max(latest, statSync(path.join(entry.parentPath, entry.name)).mtimeMs);
  }
  return latest;
}

/** True when a source is younger than the build. */
export function isStale(): boolean {
  if (!existsSync(BUILT)) return true;
  const sources = Math.max(
    newest(path.join(FOLDER, "src")),
    newest(path.join(FOLDER, "public")),
    ...["index.html", "vite.config.ts"].map((name) => statSync(path.join(FOLDER, name)).mtimeMs),
  );
  return sources > statSync(BUILT).mtimeMs;
}

export async function buildPage(): Promise<void> {
  const { build } = await import("vite");
  await build({ configFile: path.join(FOLDER, "vite.config.ts"), logLevel: "warn" });
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { "if-stale": { type: "boolean", default: false } } });
  if (!values["if-stale"] || isStale()) await buildPage();
}
