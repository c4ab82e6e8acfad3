import type { ContainerKey } from "../containers.ts";
import type { PartitionKey, Stored } from "../ledger.ts";
import { tableOf } from "./schema.ts";
import type { Prepare } from "./statements.ts";

export interface Row {
  readonly lsn: number;
  readonly ts: number;
  readonly doc: string;
}

export type Parse = (text: string) => Record<string, unknown>;
const parseDocument: Parse = (text) => JSON.parse(text) as Record<string, unknown>;

/** The etag is the version's number in this very store: it changes with each write and never comes again. */
export const etagOf = (storeId: string, lsn: number) => `${storeId}-${lsn.toString(36)}`;

export function toStored<T>(storeId: string, row: Row, parse: Parse = parseDocument): Stored<T> {
  return withOwn(storeId, row, parse(row.doc));
}

/** The same as JSON: a document is an object with an `id`, so that the ledger's own members can follow the last one. */
export const storedText = (storeId: string, { lsn, ts, doc }: Row) =>
  `${doc.slice(0, -1)},"_etag":"${etagOf(storeId, lsn)}","_ts":${ts}}`;

/** A row of chosen fields: `id`, and the JSON text of each field, in their order; null when the document has it not. */
export type ChosenRow = readonly [lsn: number, ts: number, id?: unknown, ...texts: unknown[]];

export function toChosen<T>(storeId: string, row: ChosenRow, select: readonly string[]): Stored<T> {
  const [lsn, ts, id] = row;
  const chosen: Record<string, unknown> = { id };
  for (const [i, field] of select.entries()) {
    const text = row[i + 3];
    if (typeof text === "string") chosen[field] = JSON.parse(text);
  }
  return withOwn(storeId, { lsn, ts }, chosen);
}

const withOwn = <T>(storeId: string, { lsn, ts }: Pick<Row, "lsn" | "ts">, document: object) =>
  Object.assign(document, { _etag: etagOf(storeId, lsn), _ts: ts }) as Stored<T>;

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
