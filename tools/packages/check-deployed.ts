import { cpSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "./checks-sdk.ts";
import { ROOT } from "./files.ts";
import { sizeOf } from "./measure.ts";
import { run, withServer } from "./run.ts";

/** A row of .funcignore: a name at any depth (`*.md`, `test`), or a path from the root (`dashboard/dist`). */
function ignores(row: string): (file: string) => boolean {
  const pattern = new RegExp(`^${row.replaceAll(".", "\\.").replaceAll("*", "[^/]*")}$`);
  if (row.includes("/")) return (file) => pattern.test(file);
  return (file) => pattern.test(path.posix.basename(file));
}

/**
 * The function app as it lies in Azure: what .funcignore leaves, compiled, installed without development dependencies.
 * @returns bytes of its node_modules
 */
export async function checkDeployed(scratch: string): Promise<number> {
  const site = path.join(scratch, "site");
  const rows = readFileSync(path.join(ROOT, ".funcignore"), "utf8")
    .split("\n")
    .filter((row) => row !== "");
  const left = rows.map(ignores);
  cpSync(ROOT, site, {
    recursive: true,
    filter: (source) => {
      const file = path.relative(ROOT, source).split(path.sep).join("/");
      return file === "" || !left.some((matches) => matches(file));
    },
  });
  const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
  const out = [
    "--outDir",
    path.join(site, "dist"),
    "--tsBuildInfoFile",
    path.join(scratch, "site.tsbuildinfo"),
  ];
  const compiled = await run(process.execPath, [tsc, "-p", path.join(ROOT, "tsconfig.build.json"), ...out]);
  expect(compiled.code === 0, `The function app does not compile: ${compiled.out}`);
  const installed = await run("npm", ["ci", "--omit=dev", "--prefer-offline", "--loglevel=error"], {
    cwd: site,
    shell: process.platform === "win32",
  });
  expect(installed.code === 0, `npm ci --omit=dev failed: ${installed.err}`);

  const modules = path.join(site, "node_modules");
  const { devDependencies } = JSON.parse(readFileSync(path.join(site, "package.json"), "utf8")) as {
    devDependencies: Readonly<Record<string, string>>;
  };
  const { packages } = JSON.parse(readFileSync(path.join(site, "package-lock.json"), "utf8")) as {
    packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const names = readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(path.join(modules, name)).map((one) => `${name}/${one}`) : [name],
  );
  for (const name of names) {
    expect(!lstatSync(path.join(modules, name)).isSymbolicLink(), `node_modules/${name} is a link.`);
    expect(packages[`node_modules/${name}`]?.dev !== true, `${name} is a development dependency.`);
  }
  for (const name of Object.keys(devDependencies))
    expect(packages[`node_modules/${name}`]?.dev !== true || !names.includes(name), `${name} was installed.`);

  // Served from its build by the local host, which loads the files that package.json's main names.
  const args = [path.join(ROOT, "src/local-host/main.ts"), site, "--built", "--port", "0"];
  const env = { ...process.env, LIGHTNING_HOME: path.join(scratch, "site-home") };
  await withServer(process.execPath, args, { cwd: site, env }, async (url) => {
    const functions = (await (await fetch(`${url}/admin/functions`)).json()) as readonly { name: string }[];
    const registered = new Set(functions.map(({ name }) => name.toLowerCase()));
    for (const name of ["trainModel", "runPipeline", "scoreEpisodes", "startTrainingRest", "mcp"])
      expect(registered.has(name.toLowerCase()), `The deployed app does not register ${name}.`);
    const health = await fetch(`${url}/api/lightning/health`);
    expect(health.ok, `The deployed app's health answered ${health.status}.`);
  });
  return sizeOf(modules);
}
