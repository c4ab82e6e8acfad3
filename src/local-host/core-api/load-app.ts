import * as fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { fatal, messageOf } from "../../kernel/errors.ts";
import { type Core, sharedCore } from "./core.ts";
import { installCoreModule } from "./install.ts";

export interface LoadedApp {
  readonly core: Core;
  /** The app's name, from its package.json. */
  readonly name: string;
  /** What was loaded, as a glob relative to the folder: `functions/*.ts`. */
  readonly loaded: string;
  /** True when TypeScript sources stood in for the build that package.json names. */
  readonly fromSources: boolean;
  readonly files: readonly string[];
  /** Where the library listens for streamed HTTP requests, when the app asked for that. */
  readonly httpUri: string | undefined;
  /** Data that `appStart` and `appTerminate` hooks share. */
  readonly hookData: Record<string, unknown>;
}

export interface LoadOptions {
  /** The folder of package.json and host.json. */
  readonly folder: string;
  /** Registers the app in place of package.json's `main`. */
  readonly register?: (() => unknown) | undefined;
  /** Load what `main` says even when sources are there. */
  readonly built?: boolean | undefined;
}

let current: { key: unknown; app: Promise<LoadedApp> } | undefined;

/**
 * Loads a Functions app into this process, once: later calls for the same app get the same table. A second app is
 * refused, because @azure/functions holds its state in globals of the process.
 * @throws fatal `app_not_loaded`, `second_app`
 */
export function loadApp(options: LoadOptions): Promise<LoadedApp> {
  const key = options.register ?? path.resolve(options.folder);
  if (current !== undefined && current.key !== key)
    return Promise.reject(
      fatal("second_app", "This process has already loaded another Functions app.", {
        remedy: "Start one process for each app.",
      }),
    );
  current ??= { key, app: load(options) };
  return current.app;
}

async function load({ folder, register, built }: LoadOptions): Promise<LoadedApp> {
  installCoreModule();
  const core = sharedCore();
  const manifest = readManifest(folder);
  const entry = register === undefined ? findEntry(folder, manifest, built ?? false) : undefined;
  if (register !== undefined) await register();
  for (const file of entry?.files ?? []) {
    try {
      await loadFile(path.join(folder, file), manifest.type === "module");
    } catch (thrown) {
      throw fatal("app_not_loaded", `The app's file ${file} could not be loaded: ${messageOf(thrown)}`, {
        cause: thrown,
        remedy: entry?.fromSources
          ? `If it is not made for Node's type stripping, build it and start with --built (${manifest.main}).`
          : undefined,
      });
    }
  }
  const hookData = {};
  await core.runHooks("appStart", { hookData });
  const capabilities = await core.api.getProgrammingModel()?.getCapabilities?.({});
  core.lock();
  return {
    core,
    name: manifest.name ?? path.basename(path.resolve(folder)),
    loaded: entry?.glob ?? "functions registered by the caller",
    fromSources: entry?.fromSources ?? false,
    files: entry?.files ?? [],
    httpUri: capabilities?.HttpUri,
    hookData,
  };
}

interface Manifest {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
}

function readManifest(folder: string): Manifest {
  const file = path.join(folder, "package.json");
  if (!fs.existsSync(file)) return {};
  try {
    return JSON.parse(fs.readFileSync(file, "utf8")) as Manifest;
  } catch (thrown) {
    throw fatal("app_not_loaded", `package.json of ${folder} is not JSON: ${messageOf(thrown)}`);
  }
}

/**
 * The files of `main`, a glob. When it points into `dist/` and the TypeScript it is built from is there, those
 * sources are taken instead (`dist/functions/*.js` → `functions/*.ts` or `src/functions/*.ts`): Node strips the types.
 */
export function findEntry(
  folder: string,
  manifest: Manifest,
  built: boolean,
): { glob: string; files: string[]; fromSources: boolean } {
  const main = (manifest.main ?? "index.js").replace(/^\.\//, "");
  const find = (glob: string) =>
    fs
      .globSync(glob, { cwd: folder })
      .filter((file) => !file.endsWith(".d.ts"))
      .map((file) => file.split(path.sep).join("/"))
      .toSorted();
  if (!built && main.startsWith("dist/")) {
    const source = main.slice("dist/".length).replaceAll(/\.([cm]?)js\b/g, ".$1ts");
    for (const glob of [source, `src/${source}`]) {
      const files = find(glob);
      if (files.length > 0) return { glob, files, fromSources: true };
    }
  }
  const files = find(main);
  if (files.length === 0)
    throw fatal("app_not_loaded", `No file of ${folder} matches "main" of package.json (${main}).`, {
      remedy: main.startsWith("dist/") ? "Build the app first (npm run build)." : "Correct package.json.",
    });
  return { glob: main, files, fromSources: false };
}

/** ESM by extension or package type, as the Node worker decides; the rest is CommonJS. */
async function loadFile(file: string, isModulePackage: boolean): Promise<void> {
  const isModule = /\.m[jt]s$/.test(file) || (isModulePackage && !/\.c[jt]s$/.test(file));
  if (isModule) await import(pathToFileURL(file).href);
  else createRequire(pathToFileURL(file))(file);
}
