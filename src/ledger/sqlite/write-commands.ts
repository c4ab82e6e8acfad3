import { CONTAINER_KEYS, CONTAINERS, type ContainerKey } from "../containers.ts";
import type { PartitionKey, PatchOperation } from "../ledger.ts";
import type { PreparedBatchOperation, PreparedDocument } from "../limits.ts";
import { type FlatError, flat, isStoreFault, toLedgerError } from "./errors.ts";
import { etagOf, type Row } from "./rows.ts";
import { tableOf } from "./schema.ts";
import type { Prepare } from "./statements.ts";
import type { WriteContext } from "./write-queue.ts";
import { createWrites, type PutMode } from "./writes.ts";

/** A write as data, so that it can be carried out on another thread. */
export type WriteCommand =
  | {
      readonly op: "put";
      readonly c: ContainerKey;
      readonly mode: PutMode;
      readonly document: PreparedDocument;
      readonly ifMatch?: string | undefined;
    }
  /** A document, and the audit record of it: `mark` in its text stands for the etag of the first. */
  | {
      readonly op: "create";
      readonly c: ContainerKey;
      readonly document: PreparedDocument;
      readonly trail: {
        readonly c: ContainerKey;
        readonly document: PreparedDocument;
        readonly mark: string;
      };
    }
  /** Documents that are each put on their own. */
  | {
      readonly op: "bulk";
      readonly c: ContainerKey;
      readonly mode: "create" | "upsert";
      readonly documents: readonly PreparedDocument[];
    }
  | {
      readonly op: "patch";
      readonly c: ContainerKey;
      readonly pk: PartitionKey;
      readonly id: string;
      readonly operations: readonly PatchOperation[];
      readonly ifMatch?: string | undefined;
    }
  | {
      readonly op: "remove";
      readonly c: ContainerKey;
      readonly pk: PartitionKey;
      readonly id: string;
      readonly ifMatch?: string | undefined;
    }
  | {
      readonly op: "batch";
      readonly c: ContainerKey;
      readonly pk: PartitionKey;
      readonly operations: readonly PreparedBatchOperation[];
    }
  /** Deletes some of what is past its time. */
  | { readonly op: "purge" };

type CommandOf<Op extends WriteCommand["op"]> = Extract<WriteCommand, { readonly op: Op }>;

/** What became of each document of a bulk: the number of its version, or why it was refused. */
export type BulkOutcome = number | FlatError;
export interface TrailedCreate {
  readonly lsn: number;
  readonly isTrailed: boolean;
}
/** What a write returns: the version a put made, the whole row of a patch. */
export type WriteResult = Pick<Row, "lsn" | "ts"> | Row | readonly BulkOutcome[] | TrailedCreate | undefined;
export type Execute = (tx: WriteContext, command: WriteCommand) => WriteResult;

const PURGE_AT_ONCE = 500;

/** Carries out commands inside a transaction. */
export function createExecutor(prepare: Prepare, storeId: string): Execute {
  const writes = createWrites(prepare, storeId);

  function purge(now: number): void {
    for (const c of CONTAINER_KEYS)
      if (CONTAINERS[c].ttl)
        prepare(
          `DELETE FROM ${tableOf(c)} WHERE rowid IN
           (SELECT rowid FROM ${tableOf(c)} WHERE expires <= ? ORDER BY expires LIMIT ${PURGE_AT_ONCE})`,
        ).run(now);
  }

  function createWithTrail(tx: WriteContext, { c, document, trail }: CommandOf<"create">): TrailedCreate {
    const { lsn } = writes.put(tx, c, "create", document);
    const json = trail.document.json.replace(trail.mark, etagOf(storeId, lsn));
    try {
      writes.put(tx, trail.c, "create", { ...trail.document, json });
      return { lsn, isTrailed: true };
    } catch (thrown) {
      if (isStoreFault(thrown)) throw thrown;
      return { lsn, isTrailed: false };
    }
  }

  function bulk(tx: WriteContext, { c, mode, documents }: CommandOf<"bulk">): BulkOutcome[] {
    return documents.map((document) => {
      try {
        return writes.put(tx, c, mode, document).lsn;
      } catch (thrown) {
        if (isStoreFault(thrown)) throw thrown;
        return flat(toLedgerError(thrown));
      }
    });
  }

  return (tx, command) => {
    switch (command.op) {
      case "put": {
        const { lsn, ts } = writes.put(tx, command.c, command.mode, command.document, command.ifMatch);
        return { lsn, ts };
      }
      case "bulk":
        return bulk(tx, command);
      case "create":
        return createWithTrail(tx, command);
      case "patch":
        return writes.patch(tx, command.c, command.pk, command.id, command.operations, command.ifMatch);
      case "remove":
        writes.remove(tx, command.c, command.pk, command.id, command.ifMatch);
        return undefined;
      case "batch":
        writes.batch(tx, command.c, command.pk, command.operations);
        return undefined;
      case "purge":
        purge(tx.now);
        return undefined;
    }
  };
}
