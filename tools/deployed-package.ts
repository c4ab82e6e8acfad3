import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { isMain } from "../src/kernel/is-main.ts";

/**
 * `npm run build:azure`, which Azure's remote build runs after `npm run build` (docs/facts.md#build-scripts): leaves in the folder what runs there.
 * Development packages go, and so does what no Node loads, since every new instance fetches and unpacks the whole.
 */

/** Types and TypeScript's sources, source maps (Node reads them with `--enable-source-maps` alone). */
const NEVER_LOADED = /\.(?:map|[mc]?ts|tsx)$/;
/** Builds of a package for other platforms, beside the one for Node: `dist/browser`, `dist/react-native`, … */
const OTHER_PLATFORMS = /[/\\]dist[/\\](?:browser|react-native|workerd)$/;
/** What the build made `dist` and the page from. */
const SOURCES = [
  "src",
  "functions",
  "tools",
  "dashboard/src",
  "dashboard/walk",
  "dashboard/public",
  "dashboard/viewer",
];

/** Deletes below a folder what Node never loads. @returns how many files and folders of files went */
function strip(folder: string): number {
  let gone = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && !OTHER_PLATFORMS.test(file)) gone += strip(file);
    else if (entry.isDirectory() || (entry.isFile() && NEVER_LOADED.test(entry.name))) {
      rmSync(file, { recursive: true });
      gone++;
    }
  }
  return gone;
}

/** @throws Error in a checkout, which would lose its packages and sources */
function leaveWhatRuns(root: string): void {
  if (existsSync(path.join(root, ".git")))
    throw new Error(
      "build:azure takes packages and sources away; it is for Azure's build, not for a checkout.",
    );
  const { status } = spawnSync("npm", ["prune", "--omit=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error("npm prune --omit=dev failed.");
  const gone = ["node_modules", "dist", "dashboard"]
    .map((folder) => strip(path.join(root, folder)))
    .reduce((sum, count) => sum + count, 0);
  for (const folder of SOURCES) rmSync(path.join(root, folder), { recursive: true, force: true });
  console.log(
    `build:azure: development packages, sources and ${gone} files that Node does not load are gone.`,
  );
}

if (isMain(import.meta.url)) leaveWhatRuns(process.cwd());
