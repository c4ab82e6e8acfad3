import type { ContainerKey } from "../containers.ts";
import type { PartitionKey, Stored } from "../ledger.ts";
import { tableOf } from "./schema.ts";
import type { Prepare } from "./statements.ts";

export interface Row {
  readonly lsn: number;
  readonly ts: number;
  readonly doc: string;
}

/** The etag is the version's number in this very store: it changes with each write and never comes again. */
export const etagOf = (storeId: string, lsn: number) => `${storeId}-${lsn.toString(36)}`;

export function toStored<T>(storeId: string, row: Row, select?: readonly string[]): Stored<T> {
  const document = JSON.parse(row.doc) as Record<string, unknown>;
  const chosen =
    select === undefined
      ? document
      : Object.fromEntries(
          Object.entries(document).filter(([name]) => name === "id" || select.includes(name)),
        );
  return Object.assign(chosen, { _etag: etagOf(storeId, row.lsn), _ts: row.ts }) as Stored<T>;
}

/** The live row of a document; one past its time counts as gone, purged or not. */
export function findRow(
  prepare: Prepare,
  c: ContainerKey,
  pk: PartitionKey,
  id: string,
  now: number,
): Row | undefined {
  const sql = `SELECT lsn, ts, doc FROM ${tableOf(c)}
               WHERE pk1 = ? AND pk2 = ? AND id = ? AND (expires IS NULL OR expires > ?)`;
  return prepare(sql).get(pk[0], pk[1] ?? "", id, now) as Row | undefined;
}
