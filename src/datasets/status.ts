/** A dataset's statuses, in plain values: the page, the SDK and the orchestrators read them too, none of which load zod. */

export const OPEN_DATASET_STATUSES = ["pending", "building"] as const;
/** Final: a dataset that is ready stays so; one that failed begins anew when it is asked for again. */
const ENDED_DATASET_STATUSES = ["ready", "failed"] as const;
export const DATASET_STATUSES = [...OPEN_DATASET_STATUSES, ...ENDED_DATASET_STATUSES] as const;

export type EndedDatasetStatus = (typeof ENDED_DATASET_STATUSES)[number];

export const isEndedDataset = <T extends { readonly status: string }>(
  dataset: T,
): dataset is T & { readonly status: EndedDatasetStatus } =>
  (ENDED_DATASET_STATUSES as readonly string[]).includes(dataset.status);
