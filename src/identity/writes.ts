import { AsyncLocalStorage } from "node:async_hooks";
import type { ContainerKey } from "../ledger/containers.ts";
import type { BatchOperation, Ledger } from "../ledger/ledger.ts";
import type { AuditWrite } from "./contract.ts";

/** A ledger that tells what was written in the course of one call. */
export interface WatchedLedger<L extends Ledger> {
  readonly ledger: L;
  /** Runs and lists every document written on the way; `seen` grows while it runs. */
  during<T>(seen: AuditWrite[], run: () => Promise<T>): Promise<T>;
  /** Runs what is nobody's call, though a call may have woken it: a feed, a durable step. */
  apart<T>(run: () => T): T;
}

export function watchWrites<L extends Ledger>(ledger: L): WatchedLedger<L> {
  const current = new AsyncLocalStorage<AuditWrite[] | undefined>();
  const note = (container: ContainerKey, id: string, before?: string, after?: string) =>
    current.getStore()?.push({
      container,
      id,
      ...(before === undefined ? {} : { before_etag: before }),
      ...(after === undefined ? {} : { after_etag: after }),
    });

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
      const results = await ledger.bulk(c, op, documents);
      for (const [n, result] of results.entries())
        if (result.ok) note(c, documents[n]?.id ?? "", undefined, result.etag);
      return results;
    },
  };
  return {
    ledger: watched as L,
    during: (seen, run) => current.run(seen, run),
    apart: (run) => current.run(undefined, run),
  };
}

const idOf = (operation: BatchOperation): string =>
  operation.op === "delete" ? operation.id : operation.document.id;
