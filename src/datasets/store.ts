import type { Condition, Ledger } from "../ledger/ledger.ts";
import type { Dataset } from "./contract.ts";
import { createManifests } from "./manifests.ts";
import { createSources } from "./sources.ts";

/** What datasets ask of the ledger. */
export const createDatasetStore = (ledger: Ledger) => ({
  ...createManifests(ledger),
  ...createSources(ledger),
});
export type DatasetStore = ReturnType<typeof createDatasetStore>;

type Range = { readonly from?: string | undefined; readonly to?: string | undefined };

/**
 * The episodes within the recipe's dates and the shard's range. Only the time is asked for: it alone is in the index
 * that the page goes by, so that counting reads no document. What else decides is looked at in the document.
 */
export function inRange({ recipe }: Pick<Dataset, "recipe">, range: Range = {}): Condition[] {
  const { start_date: start, end_date: end } = recipe;
  const at = "created_at";
  return [
    ...(start === undefined ? [] : [{ field: at, op: "gte", value: start } as const]),
    ...(end === undefined ? [] : [{ field: at, op: "lte", value: end } as const]),
    ...(range.from === undefined ? [] : [{ field: at, op: "gt", value: range.from } as const]),
    ...(range.to === undefined ? [] : [{ field: at, op: "lte", value: range.to } as const]),
  ];
}
