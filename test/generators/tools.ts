import { existsSync } from "node:fs";
import path from "node:path";
import { ROOT, run } from "../durable-extension/processes.ts";
import { isFeedSilent } from "../durable-extension/rig.ts";

export const HERE = import.meta.dirname;
/** What is fetched or built once: the tools of .NET, and the C# program's restored packages. */
export const CACHE = path.join(ROOT, "node_modules/.cache/generators");

/** No telemetry, no banner, no server that stays behind, no look for newer versions. */
export const DOTNET = {
  DOTNET_CLI_TELEMETRY_OPTOUT: "1",
  DOTNET_NOLOGO: "1",
  MSBUILDDISABLENODEREUSE: "1",
  KIOTA_OFFLINE_ENABLED: "true",
};

/** The generators that are .NET tools, at the versions that docs/clients.md names. */
const TOOLS = {
  kiota: { id: "Microsoft.OpenApi.Kiota", version: "1.38.0" },
  nswag: { id: "NSwag.ConsoleCore", version: "14.7.1" },
} as const;
export type Tool = keyof typeof TOOLS;

const placeOf = (tool: Tool) => path.join(CACHE, `${tool}-${TOOLS[tool].version}`);
const fileOf = (tool: Tool) => path.join(placeOf(tool), process.platform === "win32" ? `${tool}.exe` : tool);

/**
 * Installs the .NET tools that are not here yet.
 * @returns why they cannot be had here; undefined: they are here
 */
export async function installTools(): Promise<string | undefined> {
  try {
    for (const [tool, { id, version }] of Object.entries(TOOLS)) {
      if (existsSync(fileOf(tool as Tool))) continue;
      const place = ["--tool-path", placeOf(tool as Tool)];
      await run("dotnet", ["tool", "install", id, "--version", version, ...place], DOTNET);
    }
    return undefined;
  } catch (thrown) {
    if (!isFeedSilent(thrown)) throw thrown;
    return "needs their packages from nuget.org, which does not answer";
  }
}

export const runTool = (tool: Tool, args: readonly string[]): Promise<string> =>
  run(fileOf(tool), args, DOTNET);

/** A command of the packages in this folder. */
export const runPackage = (bin: string, args: readonly string[]): Promise<string> =>
  run(process.execPath, [path.join(HERE, "node_modules", bin), ...args], {
    // Neither looks for newer versions of itself, nor tells anybody that it ran.
    REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
    REDOCLY_TELEMETRY: "off",
  });

export const compile = (project: string): Promise<string> =>
  runPackage("typescript/bin/tsc", ["-p", project]);
