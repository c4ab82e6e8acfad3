import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fatal, messageOf } from "../../kernel/errors.ts";
import { type AppFiles, findEntry, placeOf, readManifest } from "./app-files.ts";
import { type Core, sharedCore } from "./core.ts";
import { installCoreModule } from "./install.ts";
import { onLoopback } from "./own-server.ts";
import { loadSources } from "./typescript.ts";

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
  /** Load what `main` says even when sources are there; see `findEntry`. */
  readonly built?: boolean | "when fresh" | undefined;
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
  // Jest has module loading of its own.
  const isCompiled =
    entry?.fromSources === true && process.env.JEST_WORKER_ID === undefined
      ? loadSources(path.resolve(folder), manifest.type === "module")
      : false;
  for (const file of entry?.files ?? []) {
    try {
      await loadFile(path.join(folder, file), manifest.type === "module");
    } catch (thrown) {
      const place = placeOf(thrown, folder, file);
      throw fatal(
        "app_not_loaded",
        `The app's file ${file} could not be loaded: ${messageOf(thrown)}${place === "" ? "" : `\n${place}`}`,
        { cause: thrown, remedy: entry === undefined ? undefined : remedyOf(thrown, entry, isCompiled) },
      );
    }
  }
  const hookData = {};
  await core.runHooks("appStart", { hookData });
  const capabilities = await onLoopback(() => core.api.getProgrammingModel()?.getCapabilities?.({}));
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

/** ESM by extension or package type, as the Node worker decides; the rest is CommonJS. */
async function loadFile(file: string, isModulePackage: boolean): Promise<void> {
  const isModule = /\.m[jt]s$/.test(file) || (isModulePackage && !/\.c[jt]s$/.test(file));
  if (isModule) await import(pathToFileURL(file).href);
  else createRequire(pathToFileURL(file))(file);
}

function remedyOf(thrown: unknown, entry: AppFiles, isCompiled: boolean): string | undefined {
  const text = messageOf(thrown);
  if (/has already been registered/.test(text)) return "Give every function of the app a name of its own.";
  const meant = meantFile(thrown);
  if (meant !== undefined)
    return `Did you mean ${meant}? ES modules are found by their whole name only, here and in Azure: write the extension.`;
  const isMistake = (thrown as { code?: unknown } | null)?.code === "ERR_INVALID_TYPESCRIPT_SYNTAX";
  if (entry.fromSources && !isCompiled && !isMistake)
    return (
      "The sources were taken, since there is no build as new as they are, and the app has no TypeScript of its own up to " +
      "version 6 that could compile them. Node only strips their types: import types with `import type`, or build the app " +
      "(npm run build) and start again."
    );
  return undefined;
}

/** The file that an import of an ES module without its extension was meant to be. */
function meantFile(thrown: unknown): string | undefined {
  const { code, url } = (thrown ?? {}) as { code?: unknown; url?: unknown };
  const isUnfound = code === "ERR_MODULE_NOT_FOUND" || code === "ERR_UNSUPPORTED_DIR_IMPORT";
  if (!isUnfound || typeof url !== "string" || !url.startsWith("file:")) return undefined;
  const file = fileURLToPath(url);
  return [".js", ".mjs", ".cjs", "/index.js", "/index.mjs"]
    .map((end) => file + end)
    .find((one) => existsSync(one));
}
