import path from "node:path";
import { systemClock } from "../../../src/kernel/clock.ts";
import { silentLogger } from "../../../src/kernel/logger.ts";
import { startLocalProvider } from "../../../src/local-provider/start.ts";
import { ROOT, run, scratchFolder } from "../../durable-extension/processes.ts";
import { DOTNET, isFeedSilent, whyNot } from "../../durable-extension/rig.ts";

/** `npm run provider:check`: OpenAI's and Azure's clients for .NET against the local provider. */
const CLIENTS = [
  ["OpenAI 2.15.0", "openai", "OpenAiClient"],
  ["Azure.AI.OpenAI 2.1.0", "azure", "AzureClient"],
] as const;
const BUILT = path.join(ROOT, "node_modules/.cache/provider-clients");

const skipped = await whyNot();
if (skipped !== undefined) {
  console.log(`provider: skipped; it ${skipped}.`);
  process.exit(0);
}
const began = performance.now();
const provider = await startLocalProvider({
  folder: scratchFolder("provider-check-"),
  clock: systemClock,
  logger: silentLogger,
  models: ["gpt-4o-mini-2024-07-18"],
});
const env = {
  ...DOTNET,
  PROVIDER_URL: provider.baseURL,
  PROVIDER_ORIGIN: new URL(provider.baseURL).origin,
  PROVIDER_KEY: provider.apiKey,
};
try {
  for (const [name, folder, assembly] of CLIENTS) {
    const project = path.join(import.meta.dirname, folder);
    const options = ["-p:RestoreLockedMode=true", "-p:UseSharedCompilation=false", "--artifacts-path", BUILT];
    await run("dotnet", ["build", project, "-c", "Release", "-nodeReuse:false", ...options], DOTNET);
    const told = await run("dotnet", [path.join(BUILT, "bin", assembly, "release", `${assembly}.dll`)], env);
    console.log(`provider: ${name}, ${told.trim().split("\n").length} calls, each as it should be.`);
  }
  console.log(`provider: ${Math.round((performance.now() - began) / 1000)} s.`);
} catch (thrown) {
  if (isFeedSilent(thrown))
    console.log("provider: skipped; its packages are not here, and nuget.org does not answer.");
  else {
    process.stderr.write(`${String(thrown)}\n`);
    process.exitCode = 1;
  }
} finally {
  await provider.close();
}
