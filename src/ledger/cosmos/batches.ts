import type { OperationInput } from "@azure/cosmos";
import type { ContainerKey } from "../containers.ts";
import type { BatchOperation, PartitionKey } from "../ledger.ts";
import { type PreparedBatchOperation, prepareBatch } from "../limits.ts";
import type { Attempts } from "./attempts.ts";
import type { Place } from "./containers.ts";
import type { Reads } from "./reads.ts";
import { MARK, newMark, toWire } from "./wire.ts";

/** Statuses inside a batch's answer: done; not done because another failed. */
const isDone = (status: number) => status >= 200 && status < 300;
const DEPENDENT = 424;

function toInput(place: Place, operation: PreparedBatchOperation, mark: string): OperationInput {
  const ifMatch = operation.ifMatch === undefined ? {} : { ifMatch: operation.ifMatch };
  if (operation.op === "delete") return { operationType: "Delete", id: operation.id, ...ifMatch };
  const resourceBody = toWire(place, operation.document, mark) as never;
  if (operation.op === "replace")
    return { operationType: "Replace", id: operation.document.id, resourceBody, ...ifMatch };
  return { operationType: operation.op === "create" ? "Create" : "Upsert", resourceBody };
}

/** Batches of one partition: all of it or nothing, also when an answer was lost on its way. */
export function createBatch(placeOf: (c: ContainerKey) => Promise<Place>, attempts: Attempts, reads: Reads) {
  async function batch(
    c: ContainerKey,
    pk: PartitionKey,
    operations: readonly BatchOperation[],
  ): Promise<void> {
    const prepared = prepareBatch(c, pk, operations);
    const place = await placeOf(c);
    const mark = newMark();
    await attempts({
      name: `batch ${place.name}`,
      what: `in a batch on "${place.name}"`,
      send: async () => {
        const inputs = prepared.map((operation) => toInput(place, operation, mark));
        const response = await place.container.items.batch(inputs, place.key(pk));
        const results = response.result ?? [];
        reads.charge(
          "batch",
          place,
          results.reduce((sum, { requestCharge }) => sum + requestCharge, 0),
        );
        const failed = results.find(({ statusCode }) => !isDone(statusCode) && statusCode !== DEPENDENT);
        if (failed !== undefined)
          throw Object.assign(new Error("an operation of the batch failed"), { code: failed.statusCode });
        return true;
      },
      settle: () => wasApplied(place, pk, prepared, mark),
    });
  }

  /** A batch is atomic: any document that bears its mark, or all deletions done, is proof for all. */
  async function wasApplied(
    place: Place,
    pk: PartitionKey,
    operations: readonly PreparedBatchOperation[],
    mark: string,
  ): Promise<true | undefined> {
    const last = new Map(operations.map((one) => [one.op === "delete" ? one.id : one.document.id, one.op]));
    const kept = [...last].filter(([, op]) => op !== "delete");
    for (const [id] of kept) if ((await reads.readRaw(place, pk, id))?.[MARK] === mark) return true;
    if (kept.length > 0) return undefined;
    const left = await Promise.all([...last.keys()].map((id) => reads.readRaw(place, pk, id)));
    return left.every((found) => found === undefined) ? true : undefined;
  }

  return batch;
}
