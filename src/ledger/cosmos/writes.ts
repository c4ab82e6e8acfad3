import type { ItemResponse, RequestOptions } from "@azure/cosmos";
import { isKind, notFound, preconditionFailed } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import { bare, type LedgerDocument, type PartitionKey, type PatchOperation, type Stored } from "../ledger.ts";
import { definitionOf, LIMITS, type PreparedDocument, prepareDocument } from "../limits.ts";
import type { Attempts } from "./attempts.ts";
import { createBatch } from "./batches.ts";
import type { Place } from "./containers.ts";
import { codeOf, outcomeOf } from "./errors.ts";
import type { Reads } from "./reads.ts";
import { fromWire, MARK, newMark, toWire, type Wire } from "./wire.ts";

export type PutMode = "create" | "upsert" | "replace";
/** Races lost in a row before a patch by read and replace gives up. */
const PATCH_RACES = 8;
const condition = (ifMatch: string | undefined): RequestOptions =>
  ifMatch === undefined ? {} : { accessCondition: { type: "IfMatch", condition: ifMatch } };
const nameOf = (place: Place, id: string) => `"${id}" of "${place.name}"`;
const missing = (place: Place, id: string) =>
  notFound("document_missing", `There is no document ${nameOf(place, id)}.`);
const stale = (place: Place, id: string) =>
  preconditionFailed("etag_mismatch", `${nameOf(place, id)} was changed by somebody else.`, {
    remedy: "Read it again and repeat the change.",
  });

/** Whether a key's level is neither in the container's real key nor the id: only the document itself holds it then. */
const isLoose = (place: Place) =>
  definitionOf(place.c)
    .partitionKey.slice(place.levels)
    .some((field) => field !== "id");

export function createWrites(placeOf: (c: ContainerKey) => Promise<Place>, attempts: Attempts, reads: Reads) {
  async function putPrepared(
    place: Place,
    mode: PutMode,
    document: PreparedDocument,
    ifMatch?: string,
  ): Promise<Wire> {
    const mark = newMark();
    const { id, pk } = document;
    if (mode === "replace" && isLoose(place) && (await reads.readRaw(place, pk, id)) === undefined)
      throw missing(place, id);
    const body = toWire(place, document, mark);
    const sends: Record<PutMode, () => Promise<ItemResponse<Wire>>> = {
      create: () => place.container.items.create<Wire>(body),
      upsert: () => place.container.items.upsert<Wire>(body),
      replace: () => place.container.item(id, place.key(pk)).replace<Wire>(body, condition(ifMatch)),
    };
    return attempts({
      name: `${mode} ${place.name}`,
      what: nameOf(place, id),
      send: async () => {
        const { resource, requestCharge } = await sends[mode]();
        reads.charge(mode, place, requestCharge);
        if (resource === undefined) throw missing(place, id);
        return resource;
      },
      settle: async () => {
        const found = await reads.readRaw(place, pk, id);
        return found?.[MARK] === mark ? found : undefined;
      },
    });
  }

  async function put<T extends LedgerDocument>(
    c: ContainerKey,
    mode: PutMode,
    document: T,
    ifMatch?: string,
  ): Promise<Stored<T>> {
    const prepared = prepareDocument(c, document);
    const place = await placeOf(c);
    // The service would make a first version; the port promises that a named version is only replaced.
    if (mode !== "upsert" || ifMatch === undefined)
      return fromWire<T>(place, await putPrepared(place, mode, prepared, ifMatch));
    try {
      return fromWire<T>(place, await putPrepared(place, "replace", prepared, ifMatch));
    } catch (thrown) {
      throw isKind(thrown, "not_found") ? stale(place, prepared.id) : thrown;
    }
  }

  /** The service refuses to remove what is absent, and may not be asked by the id alone in a loose container. */
  async function patchByReplace(
    place: Place,
    pk: PartitionKey,
    id: string,
    operations: readonly PatchOperation[],
    ifMatch: string | undefined,
  ): Promise<Wire> {
    for (let race = 1; ; race++) {
      const found = await reads.readRaw(place, pk, id);
      if (found === undefined) throw missing(place, id);
      if (ifMatch !== undefined && found._etag !== ifMatch) throw stale(place, id);
      const stored = fromWire<LedgerDocument>(place, found);
      const next: Record<string, unknown> = { ...bare(stored) };
      for (const operation of operations)
        if (operation.op === "set") next[operation.field] = operation.value;
        else delete next[operation.field];
      const prepared = prepareDocument(place.c, next as unknown as LedgerDocument);
      try {
        return await putPrepared(place, "replace", prepared, stored._etag);
      } catch (thrown) {
        const lost = isKind(thrown, "precondition") && ifMatch === undefined;
        if (!lost || race === PATCH_RACES) throw thrown;
      }
    }
  }

  async function patch<T extends LedgerDocument>(
    c: ContainerKey,
    pk: PartitionKey,
    id: string,
    operations: readonly PatchOperation[],
    ifMatch?: string,
  ): Promise<Stored<T>> {
    const place = await placeOf(c);
    const sets = operations.filter((operation) => operation.op === "set");
    // One place of the service's ten is the mark's.
    if (sets.length < operations.length || isLoose(place) || sets.length === LIMITS.patchOperations)
      return fromWire<T>(place, await patchByReplace(place, pk, id, operations, ifMatch));
    const mark = newMark();
    const patched = await attempts({
      name: `patch ${place.name}`,
      what: nameOf(place, id),
      send: async () => {
        const body = [...sets, { field: MARK, value: mark }].map(({ field, value }) => ({
          op: "set" as const,
          path: `/${field}`,
          value,
        }));
        const { resource, requestCharge } = await place.container
          .item(id, place.key(pk))
          .patch<Wire>(body, condition(ifMatch));
        reads.charge("patch", place, requestCharge);
        if (resource === undefined) throw missing(place, id);
        return resource;
      },
      // Another may have set the same values: the mark alone tells whose version it is.
      settle: async () => {
        const found = await reads.readRaw(place, pk, id);
        return found?.[MARK] === mark ? found : undefined;
      },
    });
    return fromWire<T>(place, patched);
  }

  async function remove(c: ContainerKey, pk: PartitionKey, id: string, ifMatch?: string): Promise<void> {
    const place = await placeOf(c);
    if (isLoose(place) && (await reads.readRaw(place, pk, id)) === undefined) throw missing(place, id);
    /** Still there after a send that was not answered: that send did nothing, and a later absence is another's doing. */
    let stood = false;
    await attempts({
      name: `delete ${place.name}`,
      what: nameOf(place, id),
      send: async () => {
        try {
          const { requestCharge } = await place.container.item(id, place.key(pk)).delete(condition(ifMatch));
          reads.charge("delete", place, requestCharge);
          return true;
        } catch (thrown) {
          if (outcomeOf(thrown) === "unclear")
            stood = (await reads.readRaw(place, pk, id).catch(() => undefined)) !== undefined;
          throw thrown;
        }
      },
      settle: async (refusal) => (codeOf(refusal) === 404 && !stood ? true : undefined),
    });
  }

  return { put, putPrepared, patch, remove, batch: createBatch(placeOf, attempts, reads) };
}

export type Writes = ReturnType<typeof createWrites>;
