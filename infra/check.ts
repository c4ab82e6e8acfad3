import { execFile, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isMain } from "../src/kernel/is-main.ts";

/**
 * `npm run infra:check`: Microsoft's own Bicep compiler over the templates. They compile, the linter has no warning
 * (`bicepconfig.json`), and what the parameter sets in `snapshots/` evaluate to is what was reviewed there
 * (`--write` renews those files; read the difference). Nothing is sent to Azure.
 */
const ROOT = path.resolve(import.meta.dirname, "..");
/** Of NuGet's `Azure.Bicep.CommandLine.*`. Another version may evaluate otherwise: renew the snapshots with it. */
const VERSION = "0.49.2";
/** What a deployment would know of itself; the names of the resources are made from it. */
const DEPLOYMENT = [
  ["--subscription-id", "00000000-0000-0000-0000-000000000001"],
  ["--tenant-id", "00000000-0000-0000-0000-000000000002"],
  ["--location", "swedencentral"],
].flat();

/** `.NET`'s names of this platform, as the packages of the compiler are named. */
const PLATFORM = `${{ darwin: "osx", win32: "win" }[process.platform as string] ?? process.platform}-${process.arch}`;

/** @returns the compiler that `BICEP` names, or the one of the NuGet package; undefined without either */
function findCompiler(): string | undefined {
  if (process.env.BICEP) return process.env.BICEP;
  const folder = path.join(ROOT, "node_modules/.cache/bicep");
  const project = path.join(folder, "compiler.csproj");
  const id = `Azure.Bicep.CommandLine.${PLATFORM}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    project,
    `<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="${id}" Version="[${VERSION}]" /></ItemGroup>
</Project>
`,
  );
  const dotnet = (...args: string[]) =>
    spawnSync("dotnet", args, {
      encoding: "utf8",
      env: { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" },
    });
  const restored = dotnet("restore", project);
  if (restored.error !== undefined) return;
  const packages = dotnet("msbuild", project, "-getProperty:NuGetPackageRoot").stdout.trim();
  const tools = path.join(packages, id.toLowerCase(), VERSION, "tools");
  const found = globSync("bicep{,.exe}", { cwd: tools })[0];
  if (restored.status !== 0 || found === undefined)
    throw new Error(`NuGet did not give ${id} ${VERSION}:\n${restored.stdout}${restored.stderr}`);
  return path.join(tools, found);
}

/** @returns what the compiler has against the templates, nothing when it has nothing */
async function complain(bicep: string, args: readonly string[]): Promise<string[]> {
  const { failed, said } = await new Promise<{ failed: boolean; said: string }>((resolve, reject) => {
    execFile(bicep, args, { cwd: ROOT, encoding: "utf8" }, (error, stdout, stderr) => {
      if (typeof error?.code === "string") reject(error);
      else resolve({ failed: error !== null, said: `${stdout}${stderr}`.trim() });
    });
  });
  // A warning leaves the exit code 0. What is only told (an API version that is getting old) is no complaint.
  if (failed || / : (?:Warning|Error) /.test(said)) return [`bicep ${args.join(" ")}\n${said}`];
  if (said !== "") console.log(said);
  return [];
}

async function check(bicep: string, write: boolean): Promise<number> {
  const sets = globSync("infra/snapshots/*.bicepparam", { cwd: ROOT }).toSorted();
  const isNew = (set: string) => !existsSync(path.join(ROOT, set.replace(/\.bicepparam$/, ".snapshot.json")));
  const look = async (set: string) =>
    isNew(set) && !write
      ? [`${set} has no snapshot`]
      : await complain(bicep, ["snapshot", set, "--mode", write ? "overwrite" : "validate", ...DEPLOYMENT]);
  // What does not compile is an error of the linter.
  const lint = complain(bicep, ["lint", "--pattern", "infra/**/*.bicep", "--no-restore"]);
  const faults: string[] = (await Promise.all([lint, ...sets.map(look)])).flat();
  for (const fault of faults) console.error(`${fault}\n`);
  const what = `${sets.length} parameter sets ${write ? "written" : "evaluate as reviewed"}`;
  console.log(
    faults.length > 0
      ? `infra: ${faults.length} faults. A change that is meant: npm run infra:check -- --write, and read the difference.`
      : `infra: no warning, ${what}.`,
  );
  return faults.length > 0 ? 1 : 0;
}

if (isMain(import.meta.url)) {
  const bicep = findCompiler();
  if (bicep === undefined)
    console.log(
      "infra: skipped. The Bicep compiler comes from NuGet with a .NET SDK (dotnet), or from the path in BICEP; neither is here.",
    );
  else process.exitCode = await check(bicep, process.argv.includes("--write"));
}
