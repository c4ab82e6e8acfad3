import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { run } from "../durable-extension/processes.ts";
import type { Host } from "./host.ts";
import { generate } from "./kiota.ts";
import { CACHE, DOTNET, HERE, runTool } from "./tools.ts";

const DLL = path.join(CACHE, "csharp/bin/Clients/release/Clients.dll");

/** Both clients and the program that uses them, with every warning an error. @returns how many types there are */
export async function build(document: string, scratch: string): Promise<string> {
  const generated = path.join(scratch, "csharp");
  const client = path.join(generated, "NSwag.cs");
  await Promise.all([
    generate("CSharp", document, path.join(generated, "kiota"), "Lightning.Kiota"),
    runTool("nswag", [
      "openapi2csclient",
      `/input:${document}`,
      `/output:${client}`,
      "/namespace:Lightning.NSwag",
      "/classname:LightningClient",
      "/jsonlibrary:SystemTextJson",
      "/operationGenerationMode:SingleClientFromOperationId",
      "/generateNullableReferenceTypes:true",
      "/generateOptionalParameters:true",
      // Else a number that is not given is sent as 0.
      "/generateOptionalPropertiesAsNullable:true",
    ]),
  ]);
  const options = ["-p:RestoreLockedMode=true", "-p:UseSharedCompilation=false", `-p:Generated=${generated}`];
  const place = ["--artifacts-path", path.join(CACHE, "csharp")];
  await run(
    "dotnet",
    ["build", path.join(HERE, "csharp"), "-c", "Release", "-nodeReuse:false", ...options, ...place],
    DOTNET,
  );
  const models = globSync("kiota/Models/**/*.cs", { cwd: generated }).length;
  const types = readFileSync(client, "utf8").match(/^ {4}public (?:partial )?(?:class|enum) \w+/gm) ?? [];
  return `${models} types by Kiota, ${types.length} by NSwag`;
}

/** @throws Error with what Microsoft.OpenApi has against the document, or against its form of OpenAPI 3.0 */
export const read = (document: string): Promise<string> => run("dotnet", [DLL, "read", document], DOTNET);

/** @throws Error at the first answer that was not as it should be */
export const day = (client: "kiota" | "nswag", { url, key }: Host): Promise<string> =>
  run("dotnet", [DLL, client, url, key], DOTNET);
