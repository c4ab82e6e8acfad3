import type { Settings } from "../config/settings.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ContainerKey } from "./containers.ts";
import type { Ledger, LedgerDocument, PatchOperation, TrailingLedger } from "./ledger.ts";

const DAY_SECONDS = 86_400;

export type LifeTimes = Partial<Record<ContainerKey, number>>;

/** Seconds that documents live by the settings; containers without an entry keep theirs for ever. */
export function lifeTimes(
  settings: Pick<Settings, "episodesTtlDays" | "rewardsTtlDays" | "deadLettersTtlDays">,
): LifeTimes {
  const days = {
    episodes: settings.episodesTtlDays,
    rewards: settings.rewardsTtlDays,
    deadLetters: settings.deadLettersTtlDays,
  };
  return Object.fromEntries(
    Object.entries(days).flatMap(([c, given]) => (given === undefined ? [] : [[c, given * DAY_SECONDS]])),
  );
}

/**
 * Gives documents that say nothing of their time to live the one of their container when they are written whole. Here
 * and not in the database's container, so that the embedded ledger and Cosmos expire documents (TTL) alike. A patch
 * leaves a document the end it had: were an episode prolonged by each of its rewards, the first of these would be gone
 * before it, and its sums would forget them.
 */
export function withLifeTimes<L extends Ledger>(ledger: L, seconds: LifeTimes, clock: Pick<Clock, "now">): L {
  if (Object.keys(seconds).length === 0) return ledger;
  const timed = <T extends LedgerDocument>(c: ContainerKey, document: T): T => {
    const ttl = seconds[c];
    return ttl === undefined || document.ttl !== undefined ? document : { ...document, ttl };
  };
  const trailing: Partial<TrailingLedger> = ledger;
  /** Ledgers count the time to live from the last write. */
  async function restOf(...[c, pk, id]: Parameters<Ledger["read"]>): Promise<PatchOperation[]> {
    const found = await ledger.read<LedgerDocument>(c, pk, id);
    if (typeof found?.ttl !== "number" || found.ttl <= 0) return [];
    const rest = found._ts + found.ttl - Math.floor(clock.now() / 1000);
    return [{ op: "set", field: "ttl", value: Math.max(1, rest) }];
  }
  return {
    ...ledger,
    ...(trailing.createWithTrail === undefined
      ? {}
      : ({
          createWithTrail: (c, document, trail) =>
            trailing.createWithTrail?.(c, timed(c, document), {
              c: trail.c,
              document: (etag) => timed(trail.c, trail.document(etag)),
            }),
        } as Partial<TrailingLedger>)),
    create: <T extends LedgerDocument>(c: ContainerKey, document: T) => ledger.create(c, timed(c, document)),
    upsert: <T extends LedgerDocument>(
      c: ContainerKey,
      document: T,
      options?: Parameters<Ledger["upsert"]>[2],
    ) => ledger.upsert(c, timed(c, document), options),
    replace: <T extends LedgerDocument>(
      c: ContainerKey,
      document: T,
      options?: Parameters<Ledger["replace"]>[2],
    ) => ledger.replace(c, timed(c, document), options),
    patch: async <T extends LedgerDocument>(
      ...[c, pk, id, operations, options]: Parameters<Ledger["patch"]>
    ) => {
      const own = seconds[c] === undefined || operations.some(({ field }) => field === "ttl");
      const all = own ? operations : [...operations, ...(await restOf(c, pk, id))];
      return ledger.patch<T>(c, pk, id, all, options);
    },
    batch: (...[c, pk, operations]: Parameters<Ledger["batch"]>) =>
      ledger.batch(
        c,
        pk,
        operations.map((one) => (one.op === "delete" ? one : { ...one, document: timed(c, one.document) })),
      ),
    bulk: (...[c, op, documents]: Parameters<Ledger["bulk"]>) =>
      ledger.bulk(
        c,
        op,
        documents.map((document) => timed(c, document)),
      ),
  };
}
