import type { FeedOptions, SqlQuerySpec } from "@azure/cosmos";
import type { Logger } from "../../kernel/logger.ts";
import type { ContainerKey } from "../containers.ts";
import type { LedgerDocument, Page, PartitionKey, Query } from "../ledger.ts";
import { definitionOf } from "../limits.ts";
import { checkFilter, checkQuery } from "../query-rules.ts";
import type { Attempts } from "./attempts.ts";
import { compileCount, compilePage, type PageEnd } from "./compile-query.ts";
import { isOf, type Place } from "./containers.ts";
import { createFeedReads } from "./feed-reads.ts";
import { fromWire, type Wire } from "./wire.ts";

/** Request units (RU) from which a request is logged at any level: an expensive one; a point read of an episode takes some five. */
const DEAR_UNITS = 100;

/**
 * The partition option of a query. The SDK routes a prefix by the text of the query and refuses it as an option; the plan
 * that it needs for that is asked for at once, not after a request that is refused for want of one.
 */
function partitionOf(place: Place, pk: readonly string[] | undefined): FeedOptions {
  if (pk === undefined || !place.isWhole(pk)) return { forceQueryPlan: true };
  return { partitionKey: place.key(pk) };
}

export function createReads(
  placeOf: (c: ContainerKey) => Promise<Place>,
  attempts: Attempts,
  logger: Logger,
) {
  const charge = (request: string, place: Place, units: number) =>
    logger[units >= DEAR_UNITS ? "info" : "debug"]("cosmos request", {
      request,
      container: place.name,
      request_units: units,
    });

  /** The document as the service has it, or undefined. */
  async function readRaw(place: Place, pk: PartitionKey, id: string): Promise<Wire | undefined> {
    const response = await attempts({
      name: `read ${place.name}`,
      what: `"${id}" of "${place.name}"`,
      send: () => place.container.item(id, place.key(pk)).read<Wire>(),
    });
    charge("read", place, response.requestCharge);
    const found = response.resource;
    return found !== undefined && isOf(place, pk, found) ? found : undefined;
  }

  async function query<T extends LedgerDocument>(c: ContainerKey, asked: Query): Promise<Page<T>> {
    checkQuery(c, asked);
    const place = await placeOf(c);
    const { spec, after, orderField, seal } = compilePage(c, asked, place.alias);
    const keyOf = (row: Wire) => JSON.stringify(definitionOf(c).partitionKey.map((field) => row[field]));
    const orderValue = (row: Wire) =>
      orderField === undefined ? null : (row[orderField] as string | number);
    const isAt = (end: PageEnd | undefined, row: Wire) => end?.id === row.id && end.value === orderValue(row);
    const rows = await attempts({
      name: `query ${place.name}`,
      what: `container "${place.name}"`,
      needsNoPlan: asked.pk !== undefined && place.isWhole(asked.pk),
      send: async () => {
        const iterator = place.container.items.query<Wire>(spec, {
          ...partitionOf(place, asked.pk),
          maxItemCount: asked.limit + (after?.seen.length ?? 0),
        });
        // A page of the service can be empty while there is more: keyset paging needs a row to go on from.
        for (;;) {
          const response = await iterator.fetchNext();
          charge("query", place, response.requestCharge);
          const found = (response.resources ?? []).filter(
            (row) => !(isAt(after, row) && after?.seen.includes(keyOf(row))),
          );
          if (found.length > 0 || !response.hasMoreResults)
            return {
              page: found.slice(0, asked.limit),
              more: response.hasMoreResults || found.length > asked.limit,
            };
        }
      },
    });
    const items = rows.page.map((row) => fromWire<T>(place, row, asked.select));
    const last = rows.page.at(-1);
    if (!rows.more || last === undefined) return { items };
    const end = { value: orderValue(last), id: last.id, seen: [] };
    const seen = rows.page.filter((row) => isAt(end, row)).map(keyOf);
    return {
      items,
      continuation: seal({ ...end, seen: [...(isAt(after, last) ? (after?.seen ?? []) : []), ...seen] }),
    };
  }

  /** The service may count in parts, a page each. */
  async function sum(place: Place, spec: SqlQuerySpec, options: FeedOptions): Promise<number> {
    const iterator = place.container.items.query<number>(spec, options);
    let total = 0;
    do {
      const response = await iterator.fetchNext();
      charge("count", place, response.requestCharge);
      for (const part of response.resources ?? []) total += part;
    } while (iterator.hasMoreResults());
    return total;
  }

  async function count(c: ContainerKey, asked: Pick<Query, "pk" | "where">): Promise<number> {
    checkFilter(c, asked);
    const place = await placeOf(c);
    return attempts({
      name: `count ${place.name}`,
      what: `container "${place.name}"`,
      needsNoPlan: asked.pk !== undefined && place.isWhole(asked.pk),
      send: () => sum(place, compileCount(c, asked, place.alias), partitionOf(place, asked.pk)),
    });
  }

  return { readRaw, query, count, ...createFeedReads(placeOf, attempts, charge), charge };
}

export type Reads = ReturnType<typeof createReads>;
