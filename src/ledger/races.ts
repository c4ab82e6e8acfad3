import { type ErrorKind, isKind, isLightningError } from "../kernel/errors.ts";
import type { ContainerKey } from "./containers.ts";
import type { Ledger, LedgerDocument, Stored } from "./ledger.ts";

/** Races lost in a row before the caller is told; each loss means that somebody else's change got through. */
const ATTEMPTS = 8;

/** The ledger's own answer that somebody else replaced the document since it was read, or created it meanwhile. */
export const isLostRace = (thrown: unknown): boolean =>
  isLightningError(thrown) && (thrown.code === "etag_mismatch" || thrown.code === "document_exists");

/**
 * Optimistic concurrency: `attempt` reads, decides and writes under if-match, and runs again when its write lost a
 * race. A refusal that `attempt` decides on itself, a conflict say, is no race.
 * @param options.contended makes the error for the caller after the last try; absent: the error of the last race
 * @throws what `attempt` throws that is no race
 */
export async function retryRaces<T>(
  attempt: () => Promise<T>,
  options: {
    readonly isRace?: (thrown: unknown) => boolean;
    readonly attempts?: number;
    readonly contended?: (lastRace: unknown) => unknown;
  } = {},
): Promise<T> {
  const isRace = options.isRace ?? isLostRace;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!isRace(thrown)) throw thrown;
      if (tries >= (options.attempts ?? ATTEMPTS)) throw (await options.contended?.(thrown)) ?? thrown;
    }
  }
}

/** Writes what was decided on `seen`: creates where there was nothing, else replaces that very state. @throws a lost race */
export const createOrReplace = <T extends LedgerDocument>(
  ledger: Ledger,
  container: ContainerKey,
  seen: Stored<T> | undefined,
  next: T,
): Promise<Stored<T>> =>
  seen === undefined
    ? ledger.create<T>(container, next)
    : ledger.replace<T>(container, next, { ifMatch: seen._etag });

/** True when the write went through, false when it failed in one of these ways; any other fault is thrown. */
export async function unlessKind(write: Promise<unknown>, ...kinds: readonly ErrorKind[]): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (thrown) {
    if (isKind(thrown, ...kinds)) return false;
    throw thrown;
  }
}

/**
 * Creates unless it exists; answers what is there. Two processes with one id meet in one record.
 * @param options.settleUnclear look for it also when the answer of the create was lost
 * @throws the create's error when nothing is found after it
 */
export async function createOnce<T>(
  create: () => Promise<T>,
  find: () => Promise<T | undefined>,
  options: { readonly settleUnclear?: boolean } = {},
): Promise<{ readonly record: T; readonly existed: boolean }> {
  try {
    return { record: await create(), existed: false };
  } catch (thrown) {
    const unclear = options.settleUnclear === true && isKind(thrown, "unavailable") && thrown.ambiguous;
    if (!isKind(thrown, "conflict") && !unclear) throw thrown;
    const record = await find();
    if (record === undefined) throw thrown;
    return { record, existed: true };
  }
}
