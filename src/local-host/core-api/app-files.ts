import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import path from "node:path";
import { isNativeError } from "node:util/types";
import { fatal, messageOf } from "../../kernel/errors.ts";

/** What the host reads of an app's package.json. */
export interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
}

const REMEDY = "Give the folder of the app's package.json and host.json.";

/** @throws fatal `app_not_loaded` when there is no such folder, or its package.json is not JSON */
export function readManifest(folder: string): Manifest {
  if (!fs.existsSync(folder))
    throw fatal("app_not_loaded", `There is no folder ${folder}.`, { remedy: REMEDY });
  const file = path.join(folder, "package.json");
  if (!fs.existsSync(file)) return {};
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Manifest;
  } catch (thrown) {
    throw fatal("app_not_loaded", `package.json of ${folder} is not JSON: ${messageOf(thrown)}`);
  }
}

/** The files an app is loaded from. */
export interface AppFiles {
  /** Relative to the folder: `functions/*.ts`. */
  readonly glob: string;
  readonly files: readonly string[];
  /** True when TypeScript sources stand in for the build that package.json names. */
  readonly fromSources: boolean;
}

/**
 * The files of `main`, a glob. When it points into `dist/` and the TypeScript it is built from is there, those
 * sources are taken instead (`dist/functions/*.js` → `functions/*.ts` or `src/functions/*.ts`): Node strips the types.
 * @param built take the build all the same: always, or "when fresh", which is when no source is newer than it
 * @throws fatal `app_not_loaded` when there are no files
 */
export function findEntry(folder: string, manifest: Manifest, built: boolean | "when fresh"): AppFiles {
  const main = (manifest.main ?? "index.js").replace(/^\.\//, "");
  const compiled = find(folder, main);
  if (main.startsWith("dist/") && built !== true) {
    const isFresh = built === "when fresh" && compiled.length > 0 && isBuildFresh(folder);
    const source = main.slice("dist/".length).replaceAll(/\.([cm]?)js\b/g, ".$1ts");
    for (const glob of isFresh ? [] : [source, `src/${source}`]) {
      const files = find(folder, glob);
      if (files.length > 0) return { glob, files, fromSources: true };
    }
  }
  if (compiled.length > 0) return { glob: main, files: compiled, fromSources: false };
  const named = manifest.main === undefined ? ", which stands for an absent one" : "";
  if (!fs.existsSync(path.join(folder, "package.json")))
    throw fatal(
      "app_not_loaded",
      `${folder} has neither package.json nor index.js: it is no Functions app.`,
      {
        remedy: REMEDY,
      },
    );
  throw fatal("app_not_loaded", `No file of ${folder} matches "main" of package.json (${main}${named}).`, {
    remedy: main.startsWith("dist/")
      ? "Build the app first (npm run build)."
      : 'Name the files that register the functions, for example "main": "src/functions/*.js".',
  });
}

function find(folder: string, glob: string): string[] {
  return fs
    .globSync(glob, { cwd: folder })
    .filter((file) => !file.endsWith(".d.ts"))
    .map((file) => file.split(path.sep).join("/"))
    .toSorted();
}

/** As `func start`, which knows the build alone: it is taken when nothing was written since. */
function isBuildFresh(folder: string): boolean {
  const sources = fs.globSync("**/*.{ts,mts,cts}", {
    cwd: folder,
    exclude: (name) => name === "node_modules" || name === "dist" || name.startsWith("."),
  });
  // A compiler that builds what changed leaves the rest of its files as old as they were.
  return newest(folder, sources) <= newest(folder, fs.globSync("dist/**/*.*", { cwd: folder }));
}

function newest(folder: string, files: readonly string[]): number {
  return Math.max(0, ...files.map((file) => fs.statSync(path.join(folder, file)).mtimeMs));
}

/**
 * Where in the app's own files an error came from: a line of code with its place, or a line of the stack; "" when it
 * does not say.
 */
export function placeOf(thrown: unknown, folder: string, file: string): string {
  if (!isNativeError(thrown)) return "";
  const own = path.resolve(folder);
  const { name, stack = "" } = thrown;
  const frame = stack
    .split("\n")
    .find((line) => /^\s+at /.test(line) && line.includes(own) && !line.includes("node_modules"));
  if (name !== "SyntaxError") return frame ?? "";
  // For ES modules Node reports a syntax error's place only in the message with which the process ends.
  const check = () =>
    spawnSync(process.execPath, ["--check", path.join(folder, file)], { encoding: "utf8" }).stderr;
  return excerpt(stack) ?? excerpt(check()) ?? "";
}

/** V8 puts place, code and a caret before the name of an error of syntax. */
function excerpt(stack: string): string | undefined {
  const lines = stack.split("\n").slice(0, 3);
  return /^(file:\/\/)?([A-Za-z]:)?[/\\].*:\d+$/.test(lines[0] ?? "") ? lines.join("\n") : undefined;
}
