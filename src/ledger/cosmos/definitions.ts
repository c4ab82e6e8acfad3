import type { IndexingPolicy, PartitionKeyKind } from "@azure/cosmos";
import { CONTAINERS, type ContainerKey } from "../containers.ts";
import { definitionOf } from "../limits.ts";

/** The container in which the Functions change-feed triggers keep their leases; they require the key `/id`. */
export const TRIGGER_LEASES = "leases";

/** A container's whole key as paths; `firstField` is the design's COSMOS_PARTITION_KEY_FIELD. */
export function keyPaths(c: ContainerKey, firstField: string): string[] {
  return definitionOf(c).partitionKey.map((field, level) => `/${level === 0 ? firstField : field}`);
}

/**
 * Only what is asked for is indexed: an episode's text would cost more to index than to store. Each field that can
 * order a query has a composite index with `id`, which breaks ties; the service refuses the order without it.
 */
export function indexingPolicy(c: ContainerKey, firstField: string): IndexingPolicy {
  const fields = Object.entries(definitionOf(c).fields);
  const paths = fields.map(([field, { type }]) => (type === "strings" ? `/${field}/[]/?` : `/${field}/?`));
  return {
    indexingMode: "consistent",
    automatic: true,
    includedPaths: [...new Set(["/id/?", `/${firstField}/?`, ...paths])].map((path) => ({ path })),
    excludedPaths: [{ path: "/*" }, { path: '/"_etag"/?' }],
    compositeIndexes: orderFields(c).map((field) => [
      { path: `/${field}`, order: "ascending" },
      { path: "/id", order: "ascending" },
    ]),
  };
}

/** The fields that can order a query, besides `id`. */
export function orderFields(c: ContainerKey): string[] {
  return Object.entries(CONTAINERS[c].fields).flatMap(([field, { type, always }]) =>
    always === true && (type === "string" || type === "number") ? [field] : [],
  );
}

export interface WantedContainer {
  readonly id: string;
  readonly partitionKey: { paths: string[]; kind: PartitionKeyKind; version: number };
  readonly indexingPolicy: IndexingPolicy;
  readonly defaultTtl?: number;
}

/** A container as it is to be made. `defaultTtl` -1: documents may expire, none does unless it says so. */
export function wantedContainer(c: ContainerKey, name: string, firstField: string): WantedContainer {
  const paths = keyPaths(c, firstField);
  return {
    id: name,
    partitionKey: { paths, kind: (paths.length > 1 ? "MultiHash" : "Hash") as PartitionKeyKind, version: 2 },
    indexingPolicy: indexingPolicy(c, firstField),
    ...(definitionOf(c).ttl ? { defaultTtl: -1 } : {}),
  };
}
