import type { Clock } from "../../kernel/clock.ts";
import { messageOf, unavailable } from "../../kernel/errors.ts";
import { type Logger, silentLogger } from "../../kernel/logger.ts";
import type { ContainerKey } from "../containers.ts";
import type { LedgerDocument, NotifyingLedger, PartitionKey, TrailingLedger } from "../ledger.ts";
import { damageFinder } from "./damaged.ts";
import { checkAddress, createDocumentWrites } from "./document-writes.ts";
import { toLedgerError } from "./errors.ts";
import { createListeners } from "./listeners.ts";
import { createReads } from "./reads.ts";
import { findRow, toStored } from "./rows.ts";
import { statementCache } from "./statements.ts";
import type { StoreFile } from "./store-file.ts";
import { createExecutor } from "./write-commands.ts";
import { createWriteQueue } from "./write-queue.ts";
import { startWriteThread } from "./write-threads.ts";
import { createWriter, type ThreadUse } from "./writer.ts";

export type SqliteLedger = NotifyingLedger & TrailingLedger;

/** How often expired documents are deleted, on the back of a write: no timer keeps a process alive for it. */
const PURGE_EVERY_SECONDS = 60;
/** The ledger on a store that is open. */
export function ledgerOn(
  { db, file, storeId }: StoreFile,
  {
    clock,
    logger = silentLogger,
    writesOnThread = "never",
  }: {
    readonly clock: Clock;
    readonly logger?: Logger | undefined;
    readonly writesOnThread?: ThreadUse | undefined;
  },
): SqliteLedger {
  const prepare = statementCache(db);
  const nowSeconds = () => Math.floor(clock.now() / 1000);
  const named = damageFinder(prepare);
  const reads = createReads(prepare, storeId, nowSeconds);
  const listeners = createListeners(logger);
  const writer = createWriter(
    createWriteQueue(db, clock, afterCommit),
    createExecutor(prepare, storeId),
    file === ":memory:" ? "never" : writesOnThread,
    ({ onReady, onGone }) =>
      startWriteThread({
        file,
        storeId,
        now: () => clock.now(),
        onReady,
        onCommit: afterCommit,
        onGone(reason) {
          logger.error("the thread that writes the ledger ended; this one goes on", { reason });
          onGone(reason);
        },
      }),
  );
  let open = true;
  let purgedAt = nowSeconds();

  function afterCommit(touched: ReadonlySet<ContainerKey>): void {
    if (touched.size === 0) return;
    if (nowSeconds() - purgedAt >= PURGE_EVERY_SECONDS) purge();
    listeners.tell(touched);
  }

  function purge(): void {
    purgedAt = nowSeconds();
    if (!open) return;
    void writer
      .submit(0, { op: "purge" })
      .catch((thrown: unknown) =>
        logger.warn("expired documents stay for now", { reason: messageOf(thrown) }),
      );
  }

  /** Reads run at once and never inside a group: commits are synchronous. */
  async function read<T>(run: () => T, c?: ContainerKey): Promise<T> {
    if (!open) throw unavailable("ledger_closed", "The ledger is closed.");
    try {
      return run();
    } catch (thrown) {
      throw toLedgerError(c === undefined ? thrown : named(c, thrown));
    }
  }

  return {
    read: <T extends LedgerDocument>(c: ContainerKey, pk: PartitionKey, id: string) =>
      read(() => {
        checkAddress(c, pk, id);
        const row = findRow(prepare, c, pk, id, nowSeconds());
        return row === undefined ? undefined : toStored<T>(storeId, row);
      }, c),
    ...createDocumentWrites(writer, storeId, logger),
    query: (c, query) => read(() => reads.query(c, query), c),
    count: (c, query) => read(() => reads.count(c, query), c),
    changes: (c, options) => read(() => reads.changes(c, options), c),
    changesAsText: (c, options) => read(() => reads.changesAsText(c, options), c),
    // The whole feed keeps one order here.
    pending: <T extends LedgerDocument>(c: ContainerKey, after: string | undefined) =>
      read(() => reads.changes<T>(c, { after, limit: 1 }).items, c),
    feedEnd: (c) => read(() => reads.feedEnd(c)),
    hasPassed: (c, after, place) => read(() => reads.hasPassed(c, after, place)),
    ping: () => read(() => void prepare("SELECT lsn FROM _store").get()),
    async close() {
      if (!open) return;
      open = false;
      await writer.close();
      listeners.clear();
      db.close();
    },
    onChange: (container, listener) => listeners.add(container, listener),
  };
}
