import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { isMain } from "../src/kernel/is-main.ts";

/** Builds the page into `dashboard/dist`: `node dashboard/build.ts [--if-stale]`. */

const FOLDER = import.meta.dirname;
const BUILT = path.join(FOLDER, "dist", "index.html");
const VIEWER = path.join(FOLDER, "viewer");
/** What the API's viewer needs of its library, and the terms under which it is passed on. */
const LIBRARY = ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"];

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
    newest(VIEWER),
    ...["index.html", "vite.config.ts"].map((name) => statSync(path.join(FOLDER, name)).mtimeMs),
  );
  return sources > statSync(BUILT).mtimeMs;
}

export async function buildPage(): Promise<void> {
  const { build } = await import("vite");
  await build({ configFile: path.join(FOLDER, "vite.config.ts"), logLevel: "warn" });
  copyViewer();
}

/** The API's viewer (`src/surfaces/api-viewer.ts`) is no part of the page: its library is copied as it is. */
function copyViewer(): void {
  const folder = path.join(FOLDER, "dist", "viewer");
  mkdirSync(folder, { recursive: true });
  cpSync(VIEWER, folder, { recursive: true });
  const library = path.dirname(createRequire(import.meta.url).resolve("swagger-ui-dist/package.json"));
  for (const name of LIBRARY) cpSync(path.join(library, name), path.join(folder, name));
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { "if-stale": { type: "boolean", default: false } } });
  if (!values["if-stale"] || isStale()) await buildPage();
}
