import { conflict, notFound, preconditionFailed } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import type { PartitionKey, PatchOperation } from "../ledger.ts";
import { checkItemSize, liveSeconds, type PreparedBatchOperation, type PreparedDocument } from "../limits.ts";
import { etagOf, findRow, type Row } from "./rows.ts";
import { tableOf } from "./schema.ts";
import type { Prepare } from "./statements.ts";
import type { WriteContext } from "./write-queue.ts";

export type PutMode = "create" | "upsert" | "replace";

const mismatch = (c: ContainerKey, id: string) =>
  preconditionFailed("etag_mismatch", `"${id}" of "${c}" was changed by somebody else.`, {
    remedy: "Read it again and repeat the change.",
  });

const putSql = (table: string) =>
  `INSERT INTO ${table} (pk1, pk2, id, ts, lsn, expires, doc) VALUES (?, ?, ?, ?, ?, ?, ?)
   ON CONFLICT (pk1, pk2, id) DO UPDATE
   SET ts = excluded.ts, lsn = excluded.lsn, expires = excluded.expires, doc = excluded.doc`;
const createSql = (table: string) => `${putSql(table)} WHERE expires <= ?`;

/** The ledger's writes as steps inside a transaction. Each changes one row, or stands in a savepoint. */
export function createWrites(prepare: Prepare, storeId: string) {
  const statements = new Map<string, ReturnType<Prepare>>();
  /** Made once: the text of the statement, and its way through the cache, cost as much as a small row. */
  function statement(c: ContainerKey, name: string, sql: (table: string) => string) {
    const key = `${name} ${c}`;
    const known = statements.get(key) ?? prepare(sql(tableOf(c)));
    statements.set(key, known);
    return known;
  }

  function store(tx: WriteContext, c: ContainerKey, document: PreparedDocument): Row {
    const lsn = tx.nextLsn();
    const { pk, id, json, ttl } = document;
    const expires = ttl === undefined ? null : tx.now + ttl;
    statement(c, "put", putSql).run(pk[0], pk[1] ?? "", id, tx.now, lsn, expires, json);
    tx.touch(c);
    return { lsn, ts: tx.now, doc: json };
  }

  /** A document past its time counts as gone. The number of a version that was not made is not used again. */
  function create(tx: WriteContext, c: ContainerKey, document: PreparedDocument): Row {
    const lsn = tx.nextLsn();
    const { pk, id, json, ttl } = document;
    const expires = ttl === undefined ? null : tx.now + ttl;
    const { changes } = statement(c, "create", createSql).run(
      pk[0],
      pk[1] ?? "",
      id,
      tx.now,
      lsn,
      expires,
      json,
      tx.now,
    );
    if (changes === 0) throw conflict("document_exists", `"${c}" already has a document "${id}".`);
    tx.touch(c);
    return { lsn, ts: tx.now, doc: json };
  }

  function expect(found: Row | undefined, c: ContainerKey, id: string, ifMatch: string | undefined): Row {
    if (found === undefined) throw notFound("document_missing", `"${c}" has no document "${id}".`);
    if (ifMatch !== undefined && etagOf(storeId, found.lsn) !== ifMatch) throw mismatch(c, id);
    return found;
  }

  function put(
    tx: WriteContext,
    c: ContainerKey,
    mode: PutMode,
    document: PreparedDocument,
    ifMatch?: string,
  ): Row {
    if (mode === "create") return create(tx, c, document);
    const { pk, id } = document;
    const found = findRow(prepare, c, pk, id, tx.now);
    if (mode === "replace") expect(found, c, id, ifMatch);
    // Asked for a certain version, an upsert doesn't make a first one.
    if (mode === "upsert" && ifMatch !== undefined && found === undefined) throw mismatch(c, id);
    if (mode === "upsert" && found !== undefined) expect(found, c, id, ifMatch);
    return store(tx, c, document);
  }

  function remove(tx: WriteContext, c: ContainerKey, pk: PartitionKey, id: string, ifMatch?: string): void {
    expect(findRow(prepare, c, pk, id, tx.now), c, id, ifMatch);
    prepare(`DELETE FROM ${tableOf(c)} WHERE pk1 = ? AND pk2 = ? AND id = ?`).run(pk[0], pk[1] ?? "", id);
  }

  function patch(
    tx: WriteContext,
    c: ContainerKey,
    pk: PartitionKey,
    id: string,
    operations: readonly PatchOperation[],
    ifMatch?: string,
  ): Row {
    const found = expect(findRow(prepare, c, pk, id, tx.now), c, id, ifMatch);
    const document = JSON.parse(found.doc) as Record<string, unknown>;
    for (const operation of operations)
      if (operation.op === "set") document[operation.field] = operation.value;
      else delete document[operation.field];
    const json = JSON.stringify(document);
    return store(tx, c, { id, pk, json, bytes: checkItemSize(json), ttl: liveSeconds(c, document.ttl) });
  }

  function batch(
    tx: WriteContext,
    c: ContainerKey,
    pk: PartitionKey,
    operations: readonly PreparedBatchOperation[],
  ): void {
    prepare("SAVEPOINT batch").run();
    try {
      for (const operation of operations)
        if (operation.op === "delete") remove(tx, c, pk, operation.id, operation.ifMatch);
        else put(tx, c, operation.op, operation.document, operation.ifMatch);
    } catch (thrown) {
      prepare("ROLLBACK TO batch").run();
      prepare("RELEASE batch").run();
      throw thrown;
    }
    prepare("RELEASE batch").run();
  }

  return { put, remove, patch, batch };
}
