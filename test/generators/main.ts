import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { operationRows } from "../../src/compose/operations.ts";
import { readSettings } from "../../src/config/settings.ts";
import { openapiDocument } from "../../src/surfaces/openapi/document.ts";
import { run, scratchFolder } from "../durable-extension/processes.ts";
import { whyNot } from "../durable-extension/rig.ts";
import * as csharp from "./csharp.ts";
import { type Host, startHost } from "./host.ts";
import * as lint from "./lint.ts";
import * as others from "./others.ts";
import { HERE, installTools } from "./tools.ts";
import * as typescript from "./typescript.ts";

const HELP = `Usage: npm run generators:check -- [options]

Checks that clients can be generated from the OpenAPI document of this version (docs/clients.md): linters and readers have
nothing against it, generated clients compile without a warning, and a day's work with each goes well against a local host.

  --document FILE  this document in place of the version's own
  --help

Exit status: 0 all was as it should be, or there is no .NET SDK here for some of it, which is said; 1 something was not.
`;

/** Of what a program says before it ends badly: the first faults are the ones to read. */
const MOST_LINES = 60;
const faults: string[] = [];

/** Runs a check and tells how it ended. @returns whether all was as it should be, so that others may build on it */
async function check(name: string, doIt: () => Promise<string>): Promise<boolean> {
  const since = performance.now();
  try {
    const said = (await doIt()).trim();
    const seconds = ((performance.now() - since) / 1000).toFixed(1);
    console.log(`${name}: well, ${seconds} s${said === "" || said.length > 200 ? "" : ` (${said})`}`);
    return true;
  } catch (thrown) {
    faults.push(name);
    console.error(`${name}: ${(thrown as Error).message.split("\n").slice(0, MOST_LINES).join("\n")}\n`);
    return false;
  }
}

async function main(given: string | undefined): Promise<number> {
  const scratch = scratchFolder("generators-");
  const document = given === undefined ? path.join(scratch, "openapi.json") : path.resolve(given);
  if (given === undefined) {
    const served = openapiDocument(operationRows(readSettings({})), { server: "http://localhost:7071" });
    writeFileSync(document, JSON.stringify(served));
  }
  // With the registry, proxy and certificates of whoever runs this.
  await run(
    "npm",
    ["ci", "--prefix", HERE, "--no-audit", "--no-fund", "--ignore-scripts"],
    process.env as Record<string, string>,
  );
  const linted = async () => {
    await check("redocly recommended", () => lint.redocly(document));
    await check("spectral:oas", () => lint.spectral(document));
    await check("openapi-typescript", () => typescript.buildTypes(document, scratch));
  };
  const why = (await whyNot()) ?? (await installTools());
  if (why !== undefined) {
    await linted();
    console.log(`Skipped: Kiota, NSwag and Microsoft.OpenApi: checking with them ${why}.`);
    return faults.length > 0 ? 1 : 0;
  }
  const starting = startHost(scratch);
  // Told when it is waited for.
  starting.catch(() => undefined);
  const withHost = async (day: (host: Host) => Promise<string>) => day(await starting);
  // Two at a time, for two cores.
  await Promise.all([
    (async () => {
      if (!(await check("C# by Kiota and NSwag", () => csharp.build(document, scratch)))) return;
      await check("Microsoft.OpenApi", () => csharp.read(document));
      await check("a day with Kiota's C#", () => withHost((host) => csharp.day("kiota", host)));
      await check("a day with NSwag's C#", () => withHost((host) => csharp.day("nswag", host)));
    })(),
    (async () => {
      if (await check("TypeScript by Kiota", () => typescript.build(document, scratch)))
        await check("a day with Kiota's TypeScript", () => withHost((host) => typescript.day(scratch, host)));
      await check("TypeScript by NSwag", () => typescript.buildNSwag(document, scratch));
      await linted();
      await check("Python by Kiota", () => others.python(document, scratch));
      await check("Java by Kiota", () => others.java(document, scratch));
    })(),
  ]);
  await (await starting).stop();
  return faults.length > 0 ? 1 : 0;
}

const { values } = parseArgs({ options: { document: { type: "string" }, help: { type: "boolean" } } });
if (values.help) process.stdout.write(HELP);
else {
  const since = performance.now();
  process.exitCode = await main(values.document).catch((thrown: unknown) => {
    console.error((thrown as Error).message);
    faults.push("what the checks stand on");
    return 1;
  });
  const seconds = Math.round((performance.now() - since) / 1000);
  console.log(
    `generators: ${faults.length === 0 ? "no fault" : `faults in ${faults.join(", ")}`}, ${seconds} s`,
  );
}
