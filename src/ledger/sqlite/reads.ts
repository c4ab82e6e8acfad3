import type { ContainerKey } from "../containers.ts";
import { openToken, sealToken } from "../continuation.ts";
import type { ChangePage, LedgerDocument, Page, Query, TextPage } from "../ledger.ts";
import { definitionOf } from "../limits.ts";
import { checkFilter, checkLimit, checkQuery, refuseContinuation } from "../query-rules.ts";
import { compileCount, compilePage } from "./compile-query.ts";
import { type Row, storedText, toChosen, toStored } from "./rows.ts";
import { tableOf } from "./schema.ts";
import { sharingParser } from "./shared-members.ts";
import type { Prepare } from "./statements.ts";

/** A page ends early rather than hold more characters, as on Cosmos at 4 MB: 1,000 documents of 2 MB are no page. */
const PAGE_LENGTH = 4 * 1024 * 1024;

/**
 * Characters of a page that is handed on as one text. V8 gives a string of more than 128 KiB pages of memory of its own,
 * and where their first touch is expensive (see bin/node-options.js) every document of such a page took five times as long.
 */
const TEXT_PAGE_LENGTH = 100 * 1024;

/** A row in the order of the columns: an object for each row, made name by name, takes node:sqlite half as long again. */
type PageRow = readonly [lsn: number, ts: number, ...unknown[]];

const versionOf = ([lsn, ts, doc]: PageRow): Row => ({ lsn, ts, doc: doc as string });

/** A changed document; one that is no JSON any more stands for itself with its key, so that the feed goes on. */
function changeOf(c: ContainerKey, row: PageRow): Row {
  const [, , , isWhole, pk1, pk2, id] = row;
  if (isWhole === 1) return versionOf(row);
  const key = Object.fromEntries(
    definitionOf(c).partitionKey.map((field, level) => [field, [pk1, pk2][level]]),
  );
  return { ...versionOf(row), doc: JSON.stringify({ ...key, id, damaged: true }) };
}

/** Characters of a row: its document's, or its chosen fields'. */
function lengthOf(row: PageRow): number {
  let length = 0;
  for (const value of row) if (typeof value === "string") length += value.length;
  return length;
}

/** Rows up to the limits of a page, and whether there are more. */
function readPage(
  rows: Iterable<unknown>,
  limit: number,
  most = PAGE_LENGTH,
): { page: PageRow[]; more: boolean } {
  const page: PageRow[] = [];
  let length = 0;
  for (const each of rows) {
    const row = each as PageRow;
    length += lengthOf(row);
    if (page.length === limit || (page.length > 0 && length > most)) return { page, more: true };
    page.push(row);
  }
  return { page, more: false };
}

/** The ledger's reads; all synchronous, a page at a time. */
export function createReads(prepare: Prepare, storeId: string, nowSeconds: () => number) {
  const sharingOf = sharingParser();

  function rowsOf(sql: string, values: (string | number)[]): Iterable<unknown> {
    const statement = prepare(sql);
    statement.setReturnArrays(true);
    return statement.iterate(...values);
  }

  function query<T extends LedgerDocument>(c: ContainerKey, asked: Query): Page<T> {
    checkQuery(c, asked);
    const { sql, values, continuation } = compilePage(c, asked, nowSeconds());
    const { page, more } = readPage(rowsOf(sql, values), asked.limit);
    const last = page.at(-1);
    const { select, sharing } = asked;
    const parse = sharing === undefined ? undefined : sharingOf(sharing);
    const items = page.map((row) =>
      select === undefined ? toStored<T>(storeId, versionOf(row), parse) : toChosen<T>(storeId, row, select),
    );
    return more && last !== undefined ? { items, continuation: continuation(last) } : { items };
  }

  function count(c: ContainerKey, asked: Pick<Query, "pk" | "where">): number {
    checkFilter(c, asked);
    const { sql, values } = compileCount(c, asked, nowSeconds());
    return Number(prepare(sql).get(...values)?.n);
  }

  function changedRows(
    c: ContainerKey,
    { after, limit }: { readonly after?: string | undefined; readonly limit: number },
    most?: number,
  ) {
    checkLimit(limit);
    const from = after === undefined ? 0 : position(after);
    const sql = `SELECT lsn, ts, doc, json_valid(doc), pk1, pk2, id FROM ${tableOf(c)}
                 WHERE lsn > ? AND (expires IS NULL OR expires > ?) ORDER BY lsn LIMIT ?`;
    const { page, more } = readPage(rowsOf(sql, [from, nowSeconds(), limit + 1]), limit, most);
    const next = page.at(-1)?.[0] ?? from;
    return {
      rows: page.map((row) => changeOf(c, row)),
      continuation: sealToken([storeId, next]),
      drained: !more,
    };
  }

  function changes<T extends LedgerDocument>(
    c: ContainerKey,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): ChangePage<T> {
    const { rows, ...place } = changedRows(c, options);
    return { items: rows.map((row) => toStored<T>(storeId, row)), ...place };
  }

  function changesAsText(
    c: ContainerKey,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): TextPage {
    const { rows, ...place } = changedRows(c, options, TEXT_PAGE_LENGTH);
    const texts = rows.map((row) => storedText(storeId, row));
    if (texts.length === 0) return { count: 0, json: "[]", ...place };
    // The brackets go to the first and the last: put around the whole they would copy it.
    texts[0] = `[${texts[0]}`;
    texts.push(`${texts.pop()}]`);
    return { count: rows.length, json: texts.join(), ...place };
  }

  /** A continuation of another store, or one ahead of this store (restored from a backup), would skip changes. */
  function position(token: string): number {
    const [store, lsn] = openToken(token, 2);
    if (!Number.isSafeInteger(lsn)) return refuseContinuation("it is damaged");
    const latest = Number(prepare("SELECT lsn FROM _store").get()?.lsn);
    if (store !== storeId || (lsn as number) > latest)
      return refuseContinuation("it belongs to another ledger");
    return lsn as number;
  }

  function feedEnd(c: ContainerKey): string {
    return sealToken([storeId, Number(prepare(`SELECT max(lsn) AS lsn FROM ${tableOf(c)}`).get()?.lsn ?? 0)]);
  }

  /** A document that stood before the place may have been changed since: then it is pending behind it. */
  function hasPassed(c: ContainerKey, after: string | undefined, place: string): boolean {
    const until = position(place);
    return (
      (after === undefined ? 0 : position(after)) >= until ||
      changedRows(c, { after, limit: 1 }).rows.length === 0
    );
  }

  return { query, count, changes, changesAsText, feedEnd, hasPassed };
}
