import { existsSync, readFileSync, realpathSync } from "node:fs";
import * as nodeModule from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { tellWatcher } from "../watch.ts";

/** What is used of the compiler's programming interface, which TypeScript 7 no longer has. */
interface Compiler {
  readonly sys: object;
  readonly ModuleKind: { readonly CommonJS: number; readonly ESNext: number };
  readonly ScriptTarget: { readonly ESNext: number };
  readConfigFile(file: string, read: (file: string) => string): { readonly config?: unknown };
  parseJsonConfigFileContent(config: unknown, host: object, folder: string): { readonly options: object };
  flattenDiagnosticMessageText(text: unknown, newLine: string): string;
  transpileModule(source: string, options: object): Transpiled;
}
interface Transpiled {
  readonly outputText: string;
  readonly diagnostics?: readonly { readonly messageText: unknown; readonly start?: number }[];
}

/**
 * Lets an app's TypeScript sources be loaded as its build would be: compiled by the TypeScript that the app itself has,
 * which leaves out imports of types and knows enums; without one, Node strips what is marked as a type. Imports find
 * their files as the compiler finds them, without an extension or with that of the build.
 * @returns whether the app's own compiler is used
 */
export function loadSources(folder: string, isModulePackage: boolean): boolean {
  const compile = compilerOf(folder, isModulePackage);
  // Node follows links before it names a file.
  const own = realpathSync(folder) + path.sep;
  const isOwn = (url: string | undefined) =>
    url?.startsWith("file:") === true &&
    !url.includes("/node_modules/") &&
    fileURLToPath(url).startsWith(own);
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (thrown) {
        const found = isOwn(context.parentURL) ? sourceOf(specifier, context.parentURL) : undefined;
        if (found === undefined) throw thrown;
        return { url: found, shortCircuit: true };
      }
    },
    load(url, context, next) {
      if (compile === undefined || !isOwn(url) || !/\.[cm]?ts$/.test(url)) return next(url, context);
      const file = fileURLToPath(url);
      tellWatcher(file);
      return { ...compile(file, readFileSync(file, "utf8")), shortCircuit: true };
    },
  });
  if (compile !== undefined) nodeModule.setSourceMapsSupport(true);
  return compile !== undefined;
}

/** The source behind `./words` or `./words.js`. */
function sourceOf(specifier: string, parent: string | undefined): string | undefined {
  if (parent === undefined || !/^\.{1,2}(\/|$)/.test(specifier)) return undefined;
  const at = fileURLToPath(new URL(specifier, parent));
  const found = [`${at}.ts`, at.replace(/\.([cm]?)js$/, ".$1ts"), path.join(at, "index.ts")].find(
    (file) => file !== at && existsSync(file),
  );
  return found === undefined ? undefined : pathToFileURL(found).href;
}

function compilerOf(folder: string, isModulePackage: boolean) {
  let typescript: Compiler;
  try {
    typescript = nodeModule.createRequire(path.join(folder, "package.json"))("typescript") as Compiler;
    if (typeof typescript.transpileModule !== "function") return undefined;
  } catch {
    return undefined;
  }
  const configured = optionsOf(typescript, folder);
  return (file: string, source: string) => {
    const isModule = file.endsWith(".mts") || (isModulePackage && !file.endsWith(".cts"));
    const { ModuleKind } = typescript;
    const { outputText, diagnostics = [] } = typescript.transpileModule(source, {
      fileName: file,
      reportDiagnostics: true,
      compilerOptions: {
        target: typescript.ScriptTarget.ESNext,
        ...configured,
        module: isModule ? ModuleKind.ESNext : ModuleKind.CommonJS,
        ...(isModule ? {} : { verbatimModuleSyntax: false }),
        moduleResolution: undefined,
        noEmit: false,
        declaration: false,
        sourceMap: false,
        inlineSourceMap: true,
        inlineSources: true,
      },
    });
    // What is said of the options has no place, and is the build's business.
    const wrong = diagnostics.find(({ start }) => start !== undefined);
    if (wrong?.start !== undefined)
      throw syntaxError(
        typescript.flattenDiagnosticMessageText(wrong.messageText, "\n"),
        file,
        source,
        wrong.start,
      );
    return { format: isModule ? ("module" as const) : ("commonjs" as const), source: outputText };
  };
}

/** `compilerOptions` of the app's tsconfig.json, with what it extends. */
function optionsOf(typescript: Compiler, folder: string): object {
  const file = path.join(folder, "tsconfig.json");
  if (!existsSync(file)) return {};
  const { config } = typescript.readConfigFile(file, (name) => readFileSync(name, "utf8"));
  // Which files there are is package.json's business here.
  const host = { ...typescript.sys, readDirectory: () => [] };
  return typescript.parseJsonConfigFileContent(config ?? {}, host, folder).options;
}

/** In V8's shape: place, line and a mark before the name. */
function syntaxError(message: string, file: string, source: string, start: number): SyntaxError {
  const before = source.slice(0, start).split("\n");
  const line = source.split("\n")[before.length - 1] ?? "";
  const error = new SyntaxError(message);
  error.stack = `${file}:${before.length}\n${line}\n${" ".repeat(before.at(-1)?.length ?? 0)}^\n\nSyntaxError: ${message}`;
  return error;
}
