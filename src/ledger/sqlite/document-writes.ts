import { randomUUID } from "node:crypto";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/logger.ts";
import type { ContainerKey } from "../containers.ts";
import type {
  Ledger,
  LedgerDocument,
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
  type PreparedDocument,
  prepareBatch,
  prepareDocument,
} from "../limits.ts";
import { createBulk } from "./bulk.ts";
import { etagOf, type Row, toStored } from "./rows.ts";
import type { TrailedCreate } from "./write-commands.ts";
import type { Writer } from "./writer.ts";
import type { PutMode } from "./writes.ts";

/** @throws invalid when the key or the id is not one of this container's */
export function checkAddress(c: ContainerKey, pk: PartitionKey, id: string): void {
  checkPartitionKey(c, pk);
  checkId(id);
}

type Writes = Pick<
  Ledger & TrailingLedger,
  "create" | "upsert" | "replace" | "createWithTrail" | "patch" | "delete" | "batch" | "bulk"
>;

/** The verbs that change documents: each checks what it is given and hands the writer one command. */
export function createDocumentWrites(
  writer: Pick<Writer, "submit">,
  storeId: string,
  logger: Pick<Logger, "error">,
): Writes {
  /** Stands for an etag that is not known yet; nothing that anybody sends holds it. */
  const mark = randomUUID();

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

  return {
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
      checkAddress(c, pk, id);
      checkPatch(c, operations);
      const text = JSON.stringify(operations); // a copy: the caller may change his
      const copy = JSON.parse(text) as PatchOperation[];
      const command = { op: "patch", c, pk, id, operations: copy, ifMatch: options?.ifMatch } as const;
      return toStored<T>(storeId, (await writer.submit(text.length, command)) as Row);
    },
    async delete(c, pk, id, options) {
      checkAddress(c, pk, id);
      await writer.submit(0, { op: "remove", c, pk, id, ifMatch: options?.ifMatch });
    },
    async batch(c, pk, operations) {
      const prepared = prepareBatch(c, pk, operations);
      const bytes = prepared.reduce((sum, each) => sum + (each.op === "delete" ? 0 : each.document.bytes), 0);
      await writer.submit(bytes, { op: "batch", c, pk, operations: prepared });
    },
    bulk: createBulk(writer, storeId),
  };
}
