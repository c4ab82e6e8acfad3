import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { createInterface } from "node:readline";

/** The account that every storage emulator knows (https://learn.microsoft.com/azure/storage/common/storage-use-azurite). */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

export interface Azurite {
  readonly endpoint: string;
  readonly connectionString: string;
  close(): void;
}

/** Azurite's blob service in a process of its own, in memory, on a free port. */
export async function startAzurite(): Promise<Azurite> {
  const root = path.dirname(createRequire(import.meta.url).resolve("azurite/package.json"));
  const child = spawn(
    process.execPath,
    [
      path.join(root, "dist/src/blob/main.js"),
      ..."--inMemoryPersistence --silent --disableTelemetry --blobHost 127.0.0.1 --blobPort 0".split(" "),
      // It knows API versions up to its own release and refuses newer ones otherwise.
      "--skipApiVersionCheck",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Azurite ended with ${String(code)}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const listens = /listens on (http:\S+)/.exec(line)?.[1];
      if (listens !== undefined) resolve(`${listens}/${ACCOUNT}`);
    });
  });
  return {
    endpoint,
    connectionString: `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${endpoint};`,
    close: () => void child.kill("SIGKILL"),
  };
}
