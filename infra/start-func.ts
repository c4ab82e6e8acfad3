import { spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { isMain } from "../src/kernel/is-main.ts";

/**
 * `npm run start:func`: the app under Azure Functions Core Tools, with Azurite from this project's packages for the
 * host's and Durable's state. The ledger is a Cosmos DB account or Microsoft's emulator: the change-feed triggers read it.
 */
const ROOT = path.resolve(import.meta.dirname, "..");
const AZURITE_PORTS = [10_000, 10_001, 10_002];

type Environment = Readonly<Record<string, string | undefined>>;

/** What the host needs beside the app's own settings. @throws Error that says what is missing */
export function hostEnvironment(env: Environment): Record<string, string> {
  const uri = env.COSMOS_ACCOUNT_URI;
  if (!uri)
    throw new Error(
      "COSMOS_ACCOUNT_URI is not set: under Core Tools the ledger is a Cosmos DB account or the emulator. Without either, use npm start.",
    );
  const key = env.COSMOS_AUTH_MODE === "key" ? env.COSMOS_ACCOUNT_KEY : undefined;
  if (env.COSMOS_AUTH_MODE === "key" && !key)
    throw new Error("COSMOS_ACCOUNT_KEY is not set, which COSMOS_AUTH_MODE=key needs.");
  return {
    FUNCTIONS_WORKER_RUNTIME: "node",
    AzureWebJobsStorage: env.AzureWebJobsStorage ?? "UseDevelopmentStorage=true",
    ...(key === undefined
      ? { COSMOS__accountEndpoint: uri }
      : { COSMOS: `AccountEndpoint=${uri};AccountKey=${key};` }),
  };
}

/** Whether something listens on a loopback port. */
const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

async function main(): Promise<number> {
  const more = hostEnvironment(process.env);
  if (spawnSync("func", ["--version"]).error !== undefined)
    throw new Error(
      "Azure Functions Core Tools (func) is not on the PATH: https://learn.microsoft.com/azure/azure-functions/functions-run-local. Without them, npm start serves the same app.",
    );
  const built = spawnSync("npm", ["run", "build"], { cwd: ROOT, stdio: "inherit" });
  if (built.status !== 0) return built.status ?? 1;

  const storage = path.join(ROOT, ".lightning", "azurite");
  mkdirSync(storage, { recursive: true });
  const running = (await Promise.all(AZURITE_PORTS.map(listens))).every(Boolean);
  const wanted = more.AzureWebJobsStorage === "UseDevelopmentStorage=true" && !running;
  const azurite = wanted
    ? spawn("npx", ["azurite", "--silent", "--skipApiVersionCheck", "--location", storage], {
        cwd: ROOT,
        stdio: "inherit",
      })
    : undefined;
  const host = spawn("func", ["start", ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...more },
  });
  const stop = () => host.kill("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const code = await new Promise<number>((resolve) => host.once("exit", (status) => resolve(status ?? 0)));
  azurite?.kill("SIGTERM");
  return code;
}

if (isMain(import.meta.url)) {
  try {
    process.exit(await main());
  } catch (thrown) {
    process.stderr.write(`${(thrown as Error).message}\n`);
    process.exit(2);
  }
}
