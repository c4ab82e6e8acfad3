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
        const iterator = place.container.items.getChangeFeedIterator({
          maxItemCount: 1,
          changeFeedStartFrom:
            token === undefined ? ChangeFeedStartFrom.Beginning() : ChangeFeedStartFrom.Continuation(token),
        });
        const items: Stored<T>[] = [];
        // What was split since the token was made has more parts than it names: the answers tell.
        for (let part = 0, parts = 1; part < parts; part++) {
          const response = await iterator.readNext();
          parts = partsOf(response.continuationToken);
          charge("pending", place, response.requestCharge);
          if (response.statusCode === NOT_MODIFIED) break;
          items.push(...(response.result as unknown as Wire[]).map((row) => fromWire<T>(place, row)));
        }
        return items;
      },
    });
  }

  /** The service answers an iterator from now on with the log sequence number that each partition has reached. */
  async function feedEnd(c: ContainerKey): Promise<string> {
    const { ChangeFeedStartFrom } = await import("@azure/cosmos");
    const place = await placeOf(c);
    const response = await attempts({
      name: `feed end ${place.name}`,
      what: `container "${place.name}"`,
      send: () =>
        place.container.items
          .getChangeFeedIterator({ maxItemCount: 1, changeFeedStartFrom: ChangeFeedStartFrom.Now() })
          .readNext(),
    });
    charge("feed end", place, response.requestCharge);
    return sealToken([place.rid, response.continuationToken]);
  }

  /** A part whose number is behind is done all the same when nothing is pending there: deletions count up, too. */
  async function hasPassed(c: ContainerKey, after: string | undefined, end: string): Promise<boolean> {
    const place = await placeOf(c);
    const ends = partsIn(feedToken(openToken(end, 2), place));
    if (after === undefined) return (await pending(c, undefined)).length === 0;
    const behind = partsIn(feedToken(openToken(after, 2), place)).filter((part) =>
      ends.some((one) => overlap(one, part) && !(numberOf(part) >= numberOf(one))),
    );
    if (behind.length === 0) return true;
    const left = sealToken([place.rid, JSON.stringify({ rid: place.rid, Continuation: behind })]);
    return (await pending(c, left)).length === 0;
  }

  return { changes, pending, feedEnd, hasPassed };
}

/** The place in one part of the key space; a split part's children go on with its numbers. */
interface Part {
  readonly minInclusive: string;
  readonly maxExclusive: string;
  /** A log sequence number (LSN) in quotes; absent at the beginning. */
  readonly continuationToken?: string;
}

const overlap = (a: Part, b: Part): boolean =>
  a.minInclusive < b.maxExclusive && b.minInclusive < a.maxExclusive;

/** NaN where it is no number, which is neither behind nor ahead. */
const numberOf = ({ continuationToken }: Part): number =>
  continuationToken ? Number(continuationToken.replaceAll('"', "")) : 0;

function partsIn(token: string): readonly Part[] {
  return (JSON.parse(token) as { Continuation?: readonly Part[] }).Continuation ?? [];
}

/** How many physical partitions a token of the service names. */
const partsOf = (token: string): number => Math.max(1, partsIn(token).length);

/** A continuation token of a container that was deleted and created again, or of another account, would skip changes. */
function feedToken([rid, token]: readonly unknown[], place: Place): string {
  if (typeof rid !== "string" || typeof token !== "string") return refuseContinuation("it is damaged");
  return rid === place.rid ? token : refuseContinuation("it belongs to another ledger");
}
