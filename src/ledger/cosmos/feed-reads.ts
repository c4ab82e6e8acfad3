import type { ContainerKey } from "../containers.ts";
import { openToken, sealToken } from "../continuation.ts";
import type { ChangePage, LedgerDocument, Stored } from "../ledger.ts";
import { checkLimit, refuseContinuation } from "../query-rules.ts";
import type { Attempts } from "./attempts.ts";
import type { Place } from "./containers.ts";
import { fromWire, type Wire } from "./wire.ts";

const NOT_MODIFIED = 304;

/** Reads of a container's change feed. `charge`: told what each request costs. */
export function createFeedReads(
  placeOf: (c: ContainerKey) => Promise<Place>,
  attempts: Attempts,
  charge: (request: string, place: Place, units: number) => void,
) {
  /** The feed of all partitions in turn; the service's token names the place in each. Never shown to clients. */
  async function changes<T extends LedgerDocument>(
    c: ContainerKey,
    { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<ChangePage<T>> {
    checkLimit(limit);
    const { ChangeFeedStartFrom } = await import("@azure/cosmos");
    const given = after === undefined ? undefined : openToken(after, 2);
    const place = await placeOf(c);
    const token = given === undefined ? undefined : feedToken(given, place);
    const response = await attempts({
      name: `changes ${place.name}`,
      what: `container "${place.name}"`,
      send: () =>
        place.container.items
          .getChangeFeedIterator({
            maxItemCount: limit,
            changeFeedStartFrom:
              token === undefined ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(token),
          })
          .readNext(),
    });
    charge("changes", place, response.requestCharge);
    const drained = response.statusCode === NOT_MODIFIED;
    const items: Stored<T>[] = drained
      ? []
      : (response.result as unknown as Wire[]).map((row) => fromWire<T>(place, row));
    return { items, continuation: sealToken([place.rid, response.continuationToken]), drained };
  }

  /** One change of each physical partition: the SDK's iterator takes them in turn. */
  async function pending<T extends LedgerDocument>(
    c: ContainerKey,
    after: string | undefined,
  ): Promise<Stored<T>[]> {
    const { ChangeFeedStartFrom } = await import("@azure/cosmos");
    const given = after === undefined ? undefined : openToken(after, 2);
    const place = await placeOf(c);
    const token = given === undefined ? undefined : feedToken(given, place);
    return attempts({
      name: `pending ${place.name}`,
      what: `container "${place.name}"`,
      send: async () => {
        const parts = token === undefined ? (await place.container.getFeedRanges()).length : partsOf(token);
        const iterator = place.container.items.getChangeFeedIterator({
          maxItemCount: 1,
          changeFeedStartFrom:
            token === undefined ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(token),
        });
        const items: Stored<T>[] = [];
        for (let part = 0; part < parts; part++) {
          const response = await iterator.readNext();
          charge("pending", place, response.requestCharge);
          if (response.statusCode === NOT_MODIFIED) break;
          items.push(...(response.result as unknown as Wire[]).map((row) => fromWire<T>(place, row)));
        }
        return items;
      },
    });
  }

  return { changes, pending };
}

/** How many physical partitions a token of the service names. */
function partsOf(token: string): number {
  const { Continuation: parts } = JSON.parse(token) as { Continuation?: readonly unknown[] };
  return parts?.length ?? 1;
}

/** A continuation token of a container that was deleted and created again, or of another account, would skip changes. */
function feedToken([rid, token]: readonly unknown[], place: Place): string {
  if (typeof rid !== "string" || typeof token !== "string") return refuseContinuation("it is damaged");
  return rid === place.rid ? token : refuseContinuation("it belongs to another ledger");
}
