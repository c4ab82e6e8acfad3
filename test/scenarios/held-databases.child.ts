import { mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../src/kernel/clock.ts";
import { openSqliteLedger } from "../../src/ledger/sqlite/open.ts";
import { closeStoreFile, openStoreFile } from "../../src/local-host/durable/store/store-file.ts";
import { claimHome, homeFiles } from "../../src/local-host/home.ts";
import { openStore } from "../../src/local-provider/store.ts";

/** What a process does with a database of a home that it holds. */
export interface Held {
  write?(id: string): Promise<unknown>;
  count?(): Promise<number>;
  close(): unknown;
}

const fileIn = (home: string, name: string) => {
  mkdirSync(home, { recursive: true });
  return path.join(home, name);
};

/** Every database of a home, by the door that the product opens it through. */
export const DATABASES: Readonly<Record<string, (home: string) => Held>> = {
  "a home's lock": (home) => ({ close: claimHome(home, { pid: process.pid, url: "http://127.0.0.1:1" }) }),
  "the durable store": (home) => {
    const file = homeFiles(home).durableStore;
    const db = openStoreFile(file);
    return { close: () => closeStoreFile(db, file) };
  },
  "the embedded ledger": (home) => {
    const ledger = openSqliteLedger({ file: fileIn(home, "ledger.sqlite"), clock: systemClock });
    return {
      write: (id) =>
        ledger.create("runs", { id, agent_id: "a", type: "run", created_at: new Date().toISOString() }),
      count: () => ledger.count("runs", { pk: ["a"] }),
      close: () => ledger.close(),
    };
  },
  "the local provider's store": (home) => {
    const store = openStore(fileIn(home, "provider.sqlite"));
    return {
      write: async (id) => store.putModel(id, 0, "{}"),
      count: async () => store.listModels().length,
      close: () => store.close(),
    };
  },
};

/** Tells what opening comes to: how many things are in it, or the code with which it is refused. */
async function look(name: string, home: string): Promise<{ told: unknown; held?: Held }> {
  try {
    const held = DATABASES[name]?.(home);
    return { told: (await held?.count?.()) ?? "opened", ...(held && { held }) };
  } catch (thrown) {
    return { told: (thrown as { code?: unknown }).code };
  }
}

if (parentPort !== null && (workerData as { database?: string } | null)?.database !== undefined) {
  const { database, home } = workerData as { database: string; home: string };
  const { told, held } = await look(database, home);
  parentPort.on("message", () => {
    void Promise.resolve(held?.close()).then(() => parentPort?.close());
  });
  // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
  parentPort.postMessage(told);
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , database = "", home = ""] = process.argv;
  const { told, held } = await look(database, home);
  await held?.close();
  console.log(JSON.stringify(told));
}
