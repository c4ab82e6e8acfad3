import { AsyncLocalStorage } from "node:async_hooks";
import type { ContainerKey } from "../ledger/containers.ts";
import type { BatchOperation, BulkResult, Ledger, LedgerDocument, TrailingLedger } from "../ledger/ledger.ts";
import type { AuditRecord, AuditWrite } from "./contract.ts";

/** One call and what it wrote. */
export interface WatchedCall {
  readonly writes: AuditWrite[];
  /** The audit record of a call that only creates one document; a ledger that can stores both in one transaction. */
  readonly trail?: ((document: LedgerDocument, write: AuditWrite) => AuditRecord) | undefined;
  /** Set when that was done. */
  isTrailed?: boolean;
}

/** A ledger that collects what was written in the course of one call (for the audit). */
export interface WatchedLedger<L extends Ledger> {
  readonly ledger: L;
  /** Runs and lists every document written on the way; the call's `writes` grow while it runs. */
  during<T>(call: WatchedCall, run: () => Promise<T>): Promise<T>;
  /** Runs work that belongs to no call, though a call may have triggered it: a change feed, a durable step. */
  apart<T>(run: () => T): T;
}

export function watchWrites<L extends Ledger>(ledger: L): WatchedLedger<L> {
  const current = new AsyncLocalStorage<WatchedCall | undefined>();
  const note = (container: ContainerKey, id: string, before?: string, after?: string) =>
    current.getStore()?.writes.push({
      container,
      id,
      ...(before === undefined ? {} : { before_etag: before }),
      ...(after === undefined ? {} : { after_etag: after }),
    });

  /** A single create with its trail, when the call has one and the ledger can. */
  async function bulkWithTrail(
    ...[c, op, documents]: Parameters<Ledger["bulk"]>
  ): Promise<BulkResult[] | undefined> {
    const call = current.getStore();
    const [document] = documents;
    const { createWithTrail } = ledger as Partial<TrailingLedger>;
    if (call?.trail === undefined || call.writes.length > 0 || createWithTrail === undefined)
      return undefined;
    if (op !== "create" || document === undefined || documents.length > 1) return undefined;
    const { trail } = call;
    try {
      const { etag, isTrailed } = await createWithTrail(c, document, {
        c: "audit",
        document: (after_etag) => trail(document, { container: c, id: document.id, after_etag }),
      });
      call.isTrailed = isTrailed;
      return [{ ok: true, etag }];
    } catch (thrown) {
      return [{ ok: false, error: thrown as Error }];
    }
  }

  const watched: Ledger = {
    ...ledger,
    async create(c, document) {
      const stored = await ledger.create(c, document);
      note(c, document.id, undefined, stored._etag);
      return stored;
    },
    async upsert(c, document, options) {
      const stored = await ledger.upsert(c, document, options);
      note(c, document.id, options?.ifMatch, stored._etag);
      return stored;
    },
    async replace(c, document, options) {
      const stored = await ledger.replace(c, document, options);
      note(c, document.id, options?.ifMatch, stored._etag);
      return stored;
    },
    async patch<T extends { readonly id: string }>(
      ...[c, pk, id, operations, options]: Parameters<Ledger["patch"]>
    ) {
      const stored = await ledger.patch<T>(c, pk, id, operations, options);
      note(c, id, options?.ifMatch, stored._etag);
      return stored;
    },
    async delete(c, pk, id, options) {
      await ledger.delete(c, pk, id, options);
      note(c, id, options?.ifMatch);
    },
    async batch(c, pk, operations) {
      await ledger.batch(c, pk, operations);
      for (const operation of operations)
        note(c, idOf(operation), "ifMatch" in operation ? operation.ifMatch : undefined);
    },
    async bulk(c, op, documents) {
      const results = (await bulkWithTrail(c, op, documents)) ?? (await ledger.bulk(c, op, documents));
      for (const [n, result] of results.entries())
        if (result.ok) note(c, documents[n]?.id ?? "", undefined, result.etag);
      return results;
    },
  };
  return {
    ledger: watched as L,
    during: (call, run) => current.run(call, run),
    apart: (run) => current.run(undefined, run),
  };
}

const idOf = (operation: BatchOperation): string =>
  operation.op === "delete" ? operation.id : operation.document.id;
