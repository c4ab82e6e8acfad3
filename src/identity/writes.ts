import { AsyncLocalStorage } from "node:async_hooks";
import { contentChanged } from "../doors/conditional.ts";
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
  /** The documents that may be written over in the state that was seen alone. */
  seen?: Map<string, string | undefined>;
}

/** A ledger that collects what was written in the course of one call (for the audit). */
export interface WatchedLedger<L extends Ledger> {
  readonly ledger: L;
  /** Runs and lists every document written on the way; the call's `writes` grow while it runs. */
  during<T>(call: WatchedCall, run: () => Promise<T>): Promise<T>;
  /**
   * Runs `look`, then `run`, which writes over no document that `look` has read and somebody has changed since.
   * @throws precondition `content_changed`
   */
  unchanged<T>(look: () => Promise<void>, run: () => Promise<T>): Promise<T>;
  /** Runs work that belongs to no call, though a call may have triggered it: a change feed, a durable step. */
  apart<T>(run: () => T): T;
}

export function watchWrites<L extends Ledger>(ledger: L): WatchedLedger<L> {
  const current = new AsyncLocalStorage<WatchedCall | undefined>();
  const looks = new AsyncLocalStorage<NonNullable<WatchedCall["seen"]>>();
  const note = (container: ContainerKey, id: string, before?: string, after?: string) => {
    const call = current.getStore();
    // The call's own write is no change by somebody else.
    call?.seen?.delete(placeOf(container, id));
    call?.writes.push({
      container,
      id,
      ...(before === undefined ? {} : { before_etag: before }),
      ...(after === undefined ? {} : { after_etag: after }),
    });
  };
  function demandSeen(container: ContainerKey, id: string, ifMatch: string | undefined): void {
    const seen = current.getStore()?.seen;
    const place = placeOf(container, id);
    if (seen?.has(place) === true && ifMatch !== undefined && seen.get(place) !== ifMatch)
      throw contentChanged();
  }

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
    async read<T extends LedgerDocument>(...[c, pk, id]: Parameters<Ledger["read"]>) {
      const found = await ledger.read<T>(c, pk, id);
      looks.getStore()?.set(placeOf(c, id), found?._etag);
      return found;
    },
    async create(c, document) {
      const stored = await ledger.create(c, document);
      note(c, document.id, undefined, stored._etag);
      return stored;
    },
    async upsert(c, document, options) {
      demandSeen(c, document.id, options?.ifMatch);
      const stored = await ledger.upsert(c, document, options);
      note(c, document.id, options?.ifMatch, stored._etag);
      return stored;
    },
    async replace(c, document, options) {
      demandSeen(c, document.id, options?.ifMatch);
      const stored = await ledger.replace(c, document, options);
      note(c, document.id, options?.ifMatch, stored._etag);
      return stored;
    },
    async patch<T extends { readonly id: string }>(
      ...[c, pk, id, operations, options]: Parameters<Ledger["patch"]>
    ) {
      demandSeen(c, id, options?.ifMatch);
      const stored = await ledger.patch<T>(c, pk, id, operations, options);
      note(c, id, options?.ifMatch, stored._etag);
      return stored;
    },
    async delete(c, pk, id, options) {
      demandSeen(c, id, options?.ifMatch);
      await ledger.delete(c, pk, id, options);
      note(c, id, options?.ifMatch);
    },
    async batch(c, pk, operations) {
      for (const operation of operations) demandSeen(c, idOf(operation), demandedBy(operation));
      await ledger.batch(c, pk, operations);
      for (const operation of operations) note(c, idOf(operation), demandedBy(operation));
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
    async unchanged(look, run) {
      const seen: NonNullable<WatchedCall["seen"]> = new Map();
      await looks.run(seen, look);
      const call = current.getStore();
      if (call !== undefined) call.seen = seen;
      return run();
    },
    apart: (run) => current.run(undefined, run),
  };
}

const placeOf = (container: ContainerKey, id: string): string => `${container} ${id}`;

const demandedBy = (operation: BatchOperation): string | undefined =>
  "ifMatch" in operation ? operation.ifMatch : undefined;

const idOf = (operation: BatchOperation): string =>
  operation.op === "delete" ? operation.id : operation.document.id;
