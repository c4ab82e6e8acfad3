import type { ContainerKey } from "../ledger/containers.ts";
import type { Ledger, LedgerDocument, PartitionKey, PatchOperation, Stored } from "../ledger/ledger.ts";
import { retryRaces } from "../ledger/races.ts";

/** What a document needs to hold nothing that is found today, and what was found; undefined: nothing was. */
export interface Change {
  readonly operations: readonly PatchOperation[];
  readonly counts: Counts;
}
/** How often each kind was found. */
export type Counts = Readonly<Record<string, number>>;

/** Cosmos takes ten operations a patch, of which a life time may be one. */
const OPERATIONS_AT_ONCE = 8;

/** Patches a document with what `changeOf` wants changed, again over what somebody else made of it meanwhile. */
export async function applied<T extends LedgerDocument>(
  ledger: Ledger,
  container: ContainerKey,
  pk: PartitionKey,
  seen: Stored<T>,
  changeOf: (document: T) => Change | undefined,
): Promise<Counts | undefined> {
  let current: Stored<T> | undefined = seen;
  return retryRaces(async () => {
    current ??= await ledger.read<T>(container, pk, seen.id);
    // Deleted meanwhile: nothing is left to be found.
    const change = current === undefined ? undefined : changeOf(current);
    if (current === undefined || change === undefined) return undefined;
    let etag: string = current._etag;
    current = undefined;
    for (const operations of inParts(change.operations)) {
      ({ _etag: etag } = await ledger.patch<T>(container, pk, seen.id, operations, { ifMatch: etag }));
    }
    return change.counts;
  });
}

function* inParts(operations: readonly PatchOperation[]): Generator<PatchOperation[]> {
  for (let from = 0; from < operations.length; from += OPERATIONS_AT_ONCE)
    yield operations.slice(from, from + OPERATIONS_AT_ONCE);
}
