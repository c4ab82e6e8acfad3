import { parentPort, workerData } from "node:worker_threads";
import type { ContainerKey } from "../containers.ts";
import { flat, toLedgerError } from "./errors.ts";
import { statementCache } from "./statements.ts";
import { BUSY_MS, openConnection } from "./store-file.ts";
import { createExecutor } from "./write-commands.ts";
import { createWriteQueue } from "./write-queue.ts";
import type { ThreadMessage, ThreadResult, ThreadStart, ThreadWork } from "./write-threads.ts";

/**
 * The thread that writes a ledger's file: transactions, syncs and checkpoints are waited for here, so that the thread
 * that answers requests goes on. What comes while a group is being committed makes the next one.
 */
const { file, storeId } = workerData as ThreadStart;
const db = openConnection(file);
const execute = createExecutor(statementCache(db), storeId);
let now = 0;
let results: ThreadResult[] = [];
const queue = createWriteQueue(db, { now: () => now }, tell, { ms: BUSY_MS, isAsleep: true });

function tell(touched: ReadonlySet<ContainerKey>): void {
  post({ results, touched: [...touched] });
  results = [];
}

const post = (message: ThreadMessage) =>
  // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(message);

parentPort?.on("message", (work: ThreadWork | "close") => {
  if (work === "close") {
    // It waits for locks in its sleep: what waits is committed at once.
    void queue.close();
    db.close();
    parentPort?.close();
    return;
  }
  now = work.now;
  for (const { id, bytes, command } of work.commands)
    queue.add({
      bytes,
      run: (tx) => execute(tx, command),
      resolve: (value) => results.push({ id, value }),
      reject: (thrown) => results.push({ id, error: flat(toLedgerError(thrown)) }),
    });
});
post({ results: [], touched: [] });
