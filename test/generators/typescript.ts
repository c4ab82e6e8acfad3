import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT, run } from "../durable-extension/processes.ts";
import type { Host } from "./host.ts";
import { generate } from "./kiota.ts";
import { compile, HERE, runPackage, runTool } from "./tools.ts";

/** A project of its own with the packages of this folder. @returns its folder */
function project(scratch: string, name: string, options: object): string {
  const folder = path.join(scratch, name);
  mkdirSync(folder, { recursive: true });
  symlinkSync(path.join(HERE, "node_modules"), path.join(folder, "node_modules"), "junction");
  const compilerOptions = { target: "es2023", module: "nodenext", strict: true, ...options };
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(
    path.join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["*.ts", "client"] }),
  );
  return folder;
}

/** The client by Kiota and the program that uses it, compiled strictly. */
export async function build(document: string, scratch: string): Promise<string> {
  const typeRoots = [path.join(ROOT, "node_modules/@types")];
  const options = { outDir: "built", noUncheckedIndexedAccess: true, skipLibCheck: true };
  const folder = project(scratch, "kiota-typescript", { ...options, types: ["node"], typeRoots });
  await generate("TypeScript", document, path.join(folder, "client"), "Client");
  cpSync(path.join(HERE, "typescript/kiota-day.ts"), path.join(folder, "kiota-day.ts"));
  return compile(folder);
}

/** @throws Error at the first answer that was not as it should be */
export const day = (scratch: string, { url, key }: Host): Promise<string> =>
  run(process.execPath, [path.join(scratch, "kiota-typescript/built/kiota-day.js"), url, key]);

/** The types of openapi-typescript, libraries checked, too. */
export async function buildTypes(document: string, scratch: string): Promise<string> {
  const folder = project(scratch, "openapi-typescript", { noEmit: true, skipLibCheck: false, types: [] });
  await runPackage("openapi-typescript/bin/cli.js", [document, "-o", path.join(folder, "lightning.d.ts")]);
  return compile(folder);
}

/** NSwag's client on fetch. */
export async function buildNSwag(document: string, scratch: string): Promise<string> {
  const folder = project(scratch, "nswag-typescript", { noEmit: true, skipLibCheck: false, types: [] });
  const output = path.join(folder, "lightning.ts");
  await runTool("nswag", [
    "openapi2tsclient",
    `/input:${document}`,
    `/output:${output}`,
    "/template:Fetch",
    "/typeScriptVersion:5.0",
    "/operationGenerationMode:SingleClientFromOperationId",
  ]);
  return compile(folder);
}
