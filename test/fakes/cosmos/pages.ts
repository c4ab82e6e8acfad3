import type { IncomingMessage } from "node:http";
import { needsPlan, planOf, type QuerySpec, rowsOf } from "./queries.ts";
import { type Span, within } from "./ranges.ts";
import type { Reply, Store, Version } from "./store.ts";

export interface ContainerResource {
  readonly _rid: string;
  readonly partitionKey: { readonly paths: string[] };
  readonly defaultTtl?: number;
  readonly indexingPolicy?: { readonly compositeIndexes?: { path: string; order?: string }[][] };
}

const PAGE_BYTES = 4 * 1024 * 1024;

/** Pages are cut at the item count and at 4 MB; the token is the place in a result that stands still for the test. */
export function answerQuery(
  spec: QuerySpec,
  resource: ContainerResource,
  store: Store,
  pk: unknown[] | undefined,
  spans: readonly Span[],
  req: IncomingMessage,
): Reply {
  if (pk === undefined && spans.length === 0 && needsPlan(spec))
    return {
      status: 400,
      body: {
        code: "BadRequest",
        message: "Cross partition query only supports 'VALUE <AggregateFunc>' for aggregates.",
        additionalErrorInfo: JSON.stringify(planOf(spec, resource.partitionKey.paths)),
      },
    };
  const versions = pk === undefined ? store.within(spans) : store.ofKey(pk);
  const asked = Number(req.headers["x-ms-max-item-count"] ?? 100);
  const most = asked > 0 ? asked : Number.POSITIVE_INFINITY;
  const from = Number(req.headers["x-ms-continuation"] ?? 0);
  let rows: unknown[];
  try {
    rows = rowsOf(spec, versions, resource.indexingPolicy?.compositeIndexes ?? [], from + most + 1);
  } catch (thrown) {
    return { status: 400, body: { code: "BadRequest", message: (thrown as Error).message } };
  }
  const page: unknown[] = [];
  let bytes = 0;
  for (const row of rows.slice(from)) {
    bytes += Buffer.byteLength(JSON.stringify(row));
    if (page.length > 0 && (page.length >= most || bytes > PAGE_BYTES)) break;
    page.push(row);
  }
  const next = from + page.length;
  return {
    status: 200,
    body: { _rid: resource._rid, Documents: page, _count: page.length },
    headers: {
      "x-ms-item-count": String(page.length),
      ...(next < rows.length ? { "x-ms-continuation": String(next) } : {}),
    },
  };
}

/** The latest versions behind a place in the log, which is the etag of the page before. */
export function answerChanges(
  store: Store,
  resource: ContainerResource,
  spans: readonly Span[],
  after: string | undefined,
  most: number,
): Reply {
  // `*`: from now on.
  const from = after === "*" ? store.end() : Number(after?.replaceAll('"', "") ?? 0);
  const page: Version[] = [];
  let bytes = 0;
  for (const version of store.after(from)) {
    if (!spans.every((span) => within(span, version.effective))) continue;
    bytes += Buffer.byteLength(JSON.stringify(version.document));
    if (page.length > 0 && (page.length >= most || bytes > PAGE_BYTES)) break;
    page.push(version);
  }
  const etag = `"${page.at(-1)?.lsn ?? from}"`;
  if (page.length === 0) return { status: 304, headers: { etag } };
  const items = page.map(({ document, lsn }) => ({ ...document, _lsn: lsn }));
  return {
    status: 200,
    body: { _rid: resource._rid, Documents: items, _count: items.length },
    headers: { etag },
  };
}
