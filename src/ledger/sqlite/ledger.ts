import { randomUUID } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import { messageOf, unavailable } from "../../kernel/errors.ts";
import { type Logger, silentLogger } from "../../kernel/logger.ts";
import type { ContainerKey } from "../containers.ts";
import type {
  BulkResult,
  Ledger,
  LedgerDocument,
  NotifyingLedger,
  PartitionKey,
  PatchOperation,
  Stored,
  Trail,
  TrailingLedger,
} from "../ledger.ts";
import {
  checkId,
  checkPartitionKey,
  checkPatch,
  definitionOf,
  type PreparedDocument,
  prepareBatch,
  prepareDocument,
} from "../limits.ts";
import { fromFlat, toLedgerError } from "./errors.ts";
import { createReads } from "./reads.ts";
import { etagOf, findRow, type Row, toStored } from "./rows.ts";
import { statementCache } from "./statements.ts";
import type { StoreFile } from "./store-file.ts";
import { type BulkOutcome, createExecutor, type TrailedCreate } from "./write-commands.ts";
import { createWriteQueue } from "./write-queue.ts";
import { startWriteThread } from "./write-threads.ts";
import { createWriter, type ThreadUse } from "./writer.ts";
import type { PutMode } from "./writes.ts";

export type SqliteLedger = NotifyingLedger & TrailingLedger;

const address = (c: ContainerKey, pk: PartitionKey, id: string) => {
  checkPartitionKey(c, pk);
  checkId(id);
};

/** How often expired documents are deleted, on the back of a write: no timer keeps a process alive for it. */
const PURGE_EVERY_SECONDS = 60;
/** Most of a bulk that is one command, so that a group keeps to its time. */
const PART_DOCUMENTS = 100;
const PART_BYTES = 1024 * 1024;
/** What a small document counts for, so that many of them fill a group as many commands would. */
const LEAST_BYTES = 8 * 1024;

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
  const reads = createReads(prepare, storeId, nowSeconds);
  /** Stands for an etag that is not known yet; nothing that anybody sends holds it. */
  const mark = randomUUID();
  const listeners = new Map<ContainerKey, Set<() => void>>();
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
    for (const c of touched)
      for (const listener of Array.from(listeners.get(c) ?? []))
        try {
          listener();
        } catch (thrown) {
          logger.error("a listener of the ledger failed", { container: c, reason: messageOf(thrown) });
        }
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
  async function read<T>(run: () => T): Promise<T> {
    if (!open) throw unavailable("ledger_closed", "The ledger is closed.");
    try {
      return run();
    } catch (thrown) {
      throw toLedgerError(thrown);
    }
  }

  async function submitPut(
    c: ContainerKey,
    mode: PutMode,
    document: PreparedDocument,
    ifMatch?: string,
  ): Promise<Pick<Row, "lsn" | "ts">> {
    const command = { op: "put", c, mode, document, ifMatch } as const;
    return (await writer.submit(document.bytes, command)) as Pick<Row, "lsn" | "ts">;
  }

  async function put<T extends LedgerDocument>(
    c: ContainerKey,
    mode: PutMode,
    document: T,
    ifMatch?: string,
  ): Promise<Stored<T>> {
    const prepared = prepareDocument(c, document);
    const version = await submitPut(c, mode, prepared, ifMatch);
    return { ...document, _etag: etagOf(storeId, version.lsn), _ts: version.ts };
  }

  /** An audit trail that breaks a rule is no reason to refuse the write that it records. */
  function preparedTrail(trail: Trail): PreparedDocument | undefined {
    try {
      return prepareDocument(trail.c, trail.document(mark));
    } catch (thrown) {
      logger.error("a document's trail was refused", { container: trail.c, reason: messageOf(thrown) });
      return undefined;
    }
  }

  /** Puts the documents that are in order, as many in one command as a group takes well, each on its own. */
  async function bulk(
    c: ContainerKey,
    mode: "create" | "upsert",
    documents: readonly LedgerDocument[],
  ): Promise<BulkResult[]> {
    const results: BulkResult[] = Array.from({ length: documents.length });
    const written: Promise<void>[] = [];
    let part: { readonly at: number; readonly document: PreparedDocument }[] = [];
    let bytes = 0;
    const hand = () => {
      if (part.length > 0) written.push(submitPart(part, bytes));
      part = [];
      bytes = 0;
    };
    async function submitPart(items: typeof part, size: number): Promise<void> {
      try {
        const prepared = items.map(({ document }) => document);
        const command = { op: "bulk", c, mode, documents: prepared } as const;
        const outcomes = (await writer.submit(size, command)) as readonly BulkOutcome[];
        for (const [n, { at }] of items.entries()) results[at] = toResult(outcomes[n] as BulkOutcome);
      } catch (thrown) {
        for (const { at } of items) results[at] = { ok: false, error: toLedgerError(thrown) };
      }
    }
    const toResult = (outcome: BulkOutcome): BulkResult =>
      typeof outcome === "number"
        ? { ok: true, etag: etagOf(storeId, outcome) }
        : { ok: false, error: fromFlat(outcome) };

    for (const [at, each] of documents.entries())
      try {
        const document = prepareDocument(c, each);
        if (part.length === PART_DOCUMENTS || (bytes > 0 && bytes + document.bytes > PART_BYTES)) hand();
        part.push({ at, document });
        bytes += Math.max(document.bytes, LEAST_BYTES);
      } catch (thrown) {
        results[at] = { ok: false, error: toLedgerError(thrown) };
      }
    hand();
    await Promise.all(written);
    return results;
  }

  return {
    read: <T extends LedgerDocument>(c: ContainerKey, pk: PartitionKey, id: string) =>
      read(() => {
        address(c, pk, id);
        const row = findRow(prepare, c, pk, id, nowSeconds());
        return row === undefined ? undefined : toStored<T>(storeId, row);
      }),
    create: (c, document) => put(c, "create", document),
    upsert: (c, document, options) => put(c, "upsert", document, options?.ifMatch),
    replace: (c, document, options) => put(c, "replace", document, options?.ifMatch),
    async createWithTrail(c, document, trail) {
      const prepared = prepareDocument(c, document);
      const told = preparedTrail(trail);
      if (told === undefined) {
        const { lsn } = await submitPut(c, "create", prepared);
        return { etag: etagOf(storeId, lsn), isTrailed: false };
      }
      const { lsn, isTrailed } = (await writer.submit(prepared.bytes + told.bytes, {
        op: "create",
        c,
        document: prepared,
        trail: { c: trail.c, document: told, mark },
      })) as TrailedCreate;
      return { etag: etagOf(storeId, lsn), isTrailed };
    },
    async patch<T extends LedgerDocument>(
      ...[c, pk, id, operations, options]: Parameters<Ledger["patch"]>
    ): Promise<Stored<T>> {
      address(c, pk, id);
      checkPatch(c, operations);
      const text = JSON.stringify(operations); // a copy: the caller may change his
      const copy = JSON.parse(text) as PatchOperation[];
      const command = { op: "patch", c, pk, id, operations: copy, ifMatch: options?.ifMatch } as const;
      return toStored<T>(storeId, (await writer.submit(text.length, command)) as Row);
    },
    async delete(c, pk, id, options) {
      address(c, pk, id);
      await writer.submit(0, { op: "remove", c, pk, id, ifMatch: options?.ifMatch });
    },
    async batch(c, pk, operations) {
      const prepared = prepareBatch(c, pk, operations);
      const bytes = prepared.reduce((sum, each) => sum + (each.op === "delete" ? 0 : each.document.bytes), 0);
      await writer.submit(bytes, { op: "batch", c, pk, operations: prepared });
    },
    bulk,
    query: (c, query) => read(() => reads.query(c, query)),
    count: (c, query) => read(() => reads.count(c, query)),
    changes: (c, options) => read(() => reads.changes(c, options)),
    changesAsText: (c, options) => read(() => reads.changesAsText(c, options)),
    // The whole feed keeps one order here.
    pending: <T extends LedgerDocument>(c: ContainerKey, after: string | undefined) =>
      read(() => reads.changes<T>(c, { after, limit: 1 }).items),
    ping: () => read(() => void prepare("SELECT lsn FROM _store").get()),
    async close() {
      if (!open) return;
      open = false;
      await writer.close();
      listeners.clear();
      db.close();
    },
    onChange(c, listener) {
      definitionOf(c);
      const set = listeners.get(c) ?? new Set();
      listeners.set(c, set.add(listener));
      return () => set.delete(listener);
    },
  };
}
