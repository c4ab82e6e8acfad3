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

/** What the template sets and the app refuses to start without; nothing is asked of these addresses here. */
const IN_AZURE = {
  WEBSITE_SITE_NAME: "lightning-app",
  COSMOS_ACCOUNT_URI: "https://127.0.0.1:1/",
  LIGHTNING_FILES_URI: "https://127.0.0.1:2/",
  AZURE_OPENAI_ENDPOINT: "https://127.0.0.1:3/",
  APPLICATIONINSIGHTS_CONNECTION_STRING:
    "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://127.0.0.1:4/",
};

/** A dataset is built there: threads, vocabularies and files of data are found beside the code. */
async function checkBuild(url: string): Promise<void> {
  const line = (n: number) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `Question ${n} on item ${n * 13}` },
        { role: "assistant", content: `Answer ${n}` },
      ],
    });
  const answer = await fetch(`${url}/api/lightning/datasets/golden`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=60" },
    body: JSON.stringify({
      agent_id: "mcp-agents",
      name: "lessons",
      content: Array.from({ length: 20 }, (_, n) => line(n)).join("\n"),
    }),
  });
  const built = (await answer.json()) as { status?: string };
  expect(built.status === "ready", `The deployed app built no dataset: ${JSON.stringify(built)}`);
}

/**
 * The function app as it lies in Azure: what .funcignore leaves, compiled, installed without development dependencies,
 * and of that what Node loads (`build:azure`).
 * @returns what of it is sent to each instance
 */
export async function checkDeployed(scratch: string): Promise<{ bytes: number; files: number }> {
  const site = path.join(scratch, "site");
  const rows = readFileSync(path.join(ROOT, ".funcignore"), "utf8")
    .split("\n")
    .filter((row) => row !== "");
  const ignored = rows.map(ignores);
  cpSync(ROOT, site, {
    recursive: true,
    filter: (source) => {
      const file = path.relative(ROOT, source).split(path.sep).join("/");
      return file === "" || !ignored.some((matches) => matches(file));
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
  // The same script in Azure has development packages to take away, which would take the check a minute to install.
  const left = await run("npm", ["run", "build:azure"], { cwd: site, shell: process.platform === "win32" });
  expect(left.code === 0, `build:azure failed: ${left.err}`);

  const modules = path.join(site, "node_modules");
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
    readFileSync(path.join(site, "package.json"), "utf8"),
  ) as Readonly<Record<string, Readonly<Record<string, string>>>>;
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
  for (const name of Object.keys(devDependencies ?? {}))
    expect(packages[`node_modules/${name}`]?.dev !== true || !names.includes(name), `${name} was installed.`);

  // What was taken away is missed by no package, and by no part of the app that Azure's settings choose.
  const needed = Object.keys({ ...dependencies, ...optionalDependencies });
  const load = `for (const name of ${JSON.stringify(needed)}) await import(name);
    for (const file of fs.globSync("dist/functions/*.js")) await import(\`./\${file}\`);
    (await import("./dist/src/app.js")).appOf();
    process.exit(0);`;
  const loaded = await run(
    process.execPath,
    ["--input-type=module", "--eval", `import fs from "node:fs"; ${load}`],
    {
      cwd: site,
      env: { ...process.env, ...IN_AZURE },
    },
  );
  expect(loaded.code === 0, `What is deployed does not load with Azure's settings: ${loaded.err}`);

  // Served from its build by the local host, which loads the files that package.json's main names.
  const args = [path.join(ROOT, "src/local-host/main.ts"), site, "--built", "--port", "0"];
  const home = path.join(scratch, "site-home");
  const env = { ...process.env, LIGHTNING_HOME: home, LIGHTNING_DATA_DIR: path.join(home, "data") };
  await withServer(process.execPath, args, { cwd: site, env }, async (url) => {
    const functions = (await (await fetch(`${url}/admin/functions`)).json()) as readonly { name: string }[];
    const registered = new Set(functions.map(({ name }) => name.toLowerCase()));
    for (const name of ["trainModel", "runPipeline", "scoreEpisodes", "startTrainingRest", "mcp"])
      expect(registered.has(name.toLowerCase()), `The deployed app does not register ${name}.`);
    const health = await fetch(`${url}/api/lightning/health`);
    expect(health.ok, `The deployed app's health answered ${health.status}.`);
    await checkBuild(url);
  });
  const files = readdirSync(site, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return { bytes: sizeOf(site), files: files.length };
}
