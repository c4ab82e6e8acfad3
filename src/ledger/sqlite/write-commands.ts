import { CONTAINER_KEYS, CONTAINERS, type ContainerKey } from "../containers.ts";
import type { PartitionKey, PatchOperation } from "../ledger.ts";
import type { PreparedBatchOperation, PreparedDocument } from "../limits.ts";
import type { Row } from "./rows.ts";
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

/** What a write tells: the version a put made, the whole row of a patch. */
export type WriteResult = Pick<Row, "lsn" | "ts"> | Row | undefined;
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

  return (tx, command) => {
    switch (command.op) {
      case "put": {
        const { lsn, ts } = writes.put(tx, command.c, command.mode, command.document, command.ifMatch);
        return { lsn, ts };
      }
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
