import path from "node:path";
import { pathToFileURL } from "node:url";
import type { LocalHostOptions } from "../../src/local-host/local-host.ts";

/**
 * The product in a bridge: its build, the embedded ledger of LIGHTNING_HOME, and a local provider that runs elsewhere,
 * since a worker that dies takes no job with it in Azure.
 */
const built = (file: string) =>
  import(pathToFileURL(path.resolve(import.meta.dirname, "../../dist/src", file)).href);
const { appOf, configureApp } = (await built("app.js")) as typeof import("../../src/app.ts");
const { createProvider } = (await built(
  "provider/openai-provider.js",
)) as typeof import("../../src/provider/openai-provider.ts");
const { stderrLogger } = (await built("kernel/logger.js")) as typeof import("../../src/kernel/logger.ts");

const { PARITY_PROVIDER_URL: baseURL = "", PARITY_PROVIDER_KEY: apiKey = "" } = process.env;
const logger = stderrLogger("warn");
configureApp({ logger, provider: createProvider({ kind: "local", baseURL, apiKey, logger }) });

export default {
  changeSource: () => appOf().changeSource(),
} satisfies Partial<LocalHostOptions>;
