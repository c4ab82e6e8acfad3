import { spawnSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { type OutputChunk, type OutputOptions, rolldown } from "rolldown";
import { copyReachable, folderOf, PACKAGES, ROOT, SDK_ENTRIES } from "./files.ts";

/** `npm run build:packages`: the packages that others install, made of `src/` (docs/decisions/010-packages.md). */

const COMPILED = path.join(ROOT, "node_modules/.cache/packages");
const SDK = folderOf("agent-lightning");
const HOST = folderOf("lightning-host");
const CLI = folderOf("lightning");

/** JavaScript and declarations of every source that a package is made of. */
function compile(): void {
  rmSync(COMPILED, { recursive: true, force: true });
  const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", path.join(ROOT, "packages")], {
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("The sources do not compile.");
}

/** @returns packages that the bundle imports, Node's own aside */
async function bundle(
  input: string | Record<string, string>,
  output: OutputOptions,
  external: RegExp | typeof isBuiltin,
): Promise<string[]> {
  const build = await rolldown({
    input,
    cwd: ROOT,
    platform: "node",
    external,
    // No module of ours does anything when it is imported but for the entries, so what is not used is left out.
    treeshake: { moduleSideEffects: false },
    logLevel: "warn",
  });
  const { output: written } = await build.write({ sourcemap: true, ...output });
  await build.close();
  const chunks = new Map(
    written.flatMap((one) => (one.type === "chunk" ? [[one.fileName, one] as const] : [])),
  );
  const reached = reach(chunks);
  // What code that was left out would have loaded on demand is written all the same.
  const folder = output.dir ?? path.dirname(output.file ?? "");
  for (const name of [...chunks.keys()].filter((one) => !reached.has(one)))
    for (const file of [name, `${name}.map`]) rmSync(path.join(folder, file), { force: true });
  return [...reached].filter((name) => !isBuiltin(name) && !chunks.has(name)).toSorted();
}

/** The entries, and all that their code loads at once or on demand. */
function reach(chunks: ReadonlyMap<string, OutputChunk>): Set<string> {
  const reached = new Set(
    [...chunks.values()].filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName),
  );
  for (const name of reached) {
    const chunk = chunks.get(name);
    for (const next of chunk?.imports ?? []) reached.add(next);
    for (const next of chunk?.dynamicImports ?? []) if (chunk?.code.includes(next)) reached.add(next);
  }
  return reached;
}

const BARE = /^(?!\.|\/|[A-Za-z]:)/;

async function buildSdk(): Promise<void> {
  for (const format of ["esm", "cjs"] as const) {
    const dist = path.join(SDK, "dist", format);
    const ending = format === "esm" ? "js" : "cjs";
    // Maps hold the sources once more, and the code is readable as it is: one of the two has them.
    const sourcemap = format === "esm";
    const { index, ...waysIn } = Object.fromEntries(
      Object.entries(SDK_ENTRIES).map(([name, source]) => [name, `./src/${source}.ts`]),
    );
    // One file: the first call loads no more.
    const whole = {
      file: path.join(dist, `index.${ending}`),
      format,
      codeSplitting: false,
      sourcemap,
    } as const;
    leaf("agent-lightning", await bundle(index ?? "", whole, BARE));
    // Nobody loads two ways in, but everybody installs them all: what they share is there once.
    const shared = {
      dir: dist,
      format,
      entryFileNames: `[name].${ending}`,
      chunkFileNames: `shared/[name].${ending}`,
      sourcemap,
    } as const;
    leaf("agent-lightning", await bundle(waysIn, shared, BARE));
    const types = Object.values(SDK_ENTRIES).map((source) => `${source}.d.ts`);
    copyReachable(COMPILED, path.join(dist, "types"), types, true);
  }
  // Declarations have one ending for both kinds of module; the nearest package.json says which they are.
  writeFileSync(path.join(SDK, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');
}

function leaf(name: string, imports: readonly string[]): void {
  if (imports.length > 0)
    throw new Error(`${name} has no dependency, and its bundle imports ${imports.join(", ")}.`);
}

function buildHost(): void {
  const dist = path.join(HOST, "dist");
  // Not a bundle: hooks, threads and the shim are found by their files, and stacks tell ours from the app's.
  const entries = ["local-host/index.js", "local-host/main.js", "local-host/report-loaded.js"];
  copyReachable(COMPILED, dist, entries, false);
  copyReachable(COMPILED, dist, ["local-host/index.d.ts"], true);
  const shim = "local-host/core-api/shim.cjs";
  cpSync(path.join(ROOT, "src", shim), path.join(dist, shim));
  cpSync(path.join(ROOT, "bin/node-fit.cjs"), path.join(HOST, "bin/node-fit.cjs"));
}

/** Nobody debugs the command line in place, and half the text is read in half the time. */
const SMALL = { minify: true, sourcemap: false } as const;

async function buildCli(): Promise<void> {
  const output = {
    dir: path.join(CLI, "dist"),
    format: "esm",
    entryFileNames: "lightning.js",
    ...SMALL,
  } as const;
  leaf("agent-lightning-cli", await bundle("src/surfaces/cli/remote.ts", output, isBuiltin));
  cpSync(path.join(ROOT, "bin/node-fit.cjs"), path.join(CLI, "bin/node-fit.cjs"));
}

const BUILDERS: Record<(typeof PACKAGES)[number], () => Promise<void> | void> = {
  "agent-lightning": buildSdk,
  "lightning-host": buildHost,
  lightning: buildCli,
};

compile();
for (const name of PACKAGES) {
  rmSync(path.join(folderOf(name), "dist"), { recursive: true, force: true });
  await BUILDERS[name]();
  cpSync(path.join(ROOT, "LICENSE"), path.join(folderOf(name), "LICENSE"));
}
