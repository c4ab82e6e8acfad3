import type { Settings } from "../config/settings.ts";
import type { ContainerKey } from "./containers.ts";
import type { Ledger, LedgerDocument, TrailingLedger } from "./ledger.ts";

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
 * and not in the database's container, so that the embedded ledger and Cosmos expire documents (TTL) alike.
 */
export function withLifeTimes<L extends Ledger>(ledger: L, seconds: LifeTimes): L {
  if (Object.keys(seconds).length === 0) return ledger;
  const timed = <T extends LedgerDocument>(c: ContainerKey, document: T): T => {
    const ttl = seconds[c];
    return ttl === undefined || document.ttl !== undefined ? document : { ...document, ttl };
  };
  const trailing: Partial<TrailingLedger> = ledger;
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
