import type { Container } from "@azure/cosmos";
import { z } from "zod";
import { sealToken } from "../continuation.ts";
import type { Attempts } from "./attempts.ts";
import type { Place } from "./containers.ts";
import { TRIGGER_LEASES } from "./definitions.ts";
import { codeOf } from "./errors.ts";

/**
 * A lease as the change feed processor behind the Functions trigger keeps it: DocumentServiceLeaseCore and
 * DocumentServiceLeaseCoreEpk of github.com/Azure/azure-cosmos-dotnet-v3. Other documents of the container (`.info`,
 * `.lock`) have no LeaseToken. Leases of older versions name a physical partition instead of a range.
 */
const leaseSchema = z.looseObject({
  id: z.string(),
  LeaseToken: z.string(),
  FeedRange: z
    .looseObject({ Range: z.looseObject({ min: z.string(), max: z.string() }).optional() })
    .nullish(),
  ContinuationToken: z.string().nullish(),
});

/** A part of the service's token, in the SDK's words; without a continuation it begins at the beginning. */
interface Part {
  readonly minInclusive: string;
  readonly maxExclusive: string;
  readonly continuationToken?: string;
}

/**
 * Where the triggers under a prefix are in a container's feed, as a continuation of ours: what each lease has checked
 * in. Undefined when there are no leases yet, or they leave a part of the container open, so that nothing can be said.
 */
export async function readTriggerPosition(
  leases: () => Container,
  place: Place,
  leasePrefix: string,
  attempts: Attempts,
): Promise<string | undefined> {
  const found = await attempts({
    name: "read trigger leases",
    what: `container "${TRIGGER_LEASES}"`,
    send: async () => {
      try {
        return (
          await leases()
            .items.query<unknown>({
              query: "SELECT * FROM c WHERE STARTSWITH(c.id, @prefix)",
              parameters: [{ name: "@prefix", value: leasePrefix }],
            })
            .fetchAll()
        ).resources;
      } catch (thrown) {
        if (codeOf(thrown) === 404) return [];
        throw thrown;
      }
    },
  });
  // Stale leases: of a container that was deleted and created again they stay behind under its former id.
  const own = found
    .flatMap((document) => leaseSchema.safeParse(document).data ?? [])
    .filter(({ id }) => id.includes(`_${place.rid}`));
  if (own.length === 0) return undefined;
  const ranges = own.some(({ FeedRange }) => FeedRange?.Range === undefined)
    ? await attempts({
        name: `read partitions of ${place.name}`,
        what: `container "${place.name}"`,
        send: async () => (await place.container.readPartitionKeyRanges().fetchAll()).resources,
      })
    : [];
  const parts = own.flatMap(({ LeaseToken, FeedRange, ContinuationToken }): Part[] => {
    const range = ranges.find(({ id }) => id === LeaseToken);
    const { min, max } = FeedRange?.Range ?? { min: range?.minInclusive, max: range?.maxExclusive };
    if (min === undefined || max === undefined) return [];
    const continued = ContinuationToken == null ? {} : { continuationToken: ContinuationToken };
    return [{ minInclusive: min, maxExclusive: max, ...continued }];
  });
  parts.sort((a, b) => (a.minInclusive < b.minInclusive ? -1 : 1));
  return cover(parts)
    ? sealToken([place.rid, JSON.stringify({ rid: place.rid, Continuation: parts })])
    : undefined;
}

/** Whether the parts in their order are the whole key space, without a gap. Leases of a split may overlap. */
function cover(parts: readonly Part[]): boolean {
  let reached = "";
  for (const { minInclusive, maxExclusive } of parts) {
    if (minInclusive > reached) return false;
    if (maxExclusive > reached) reached = maxExclusive;
  }
  return reached === "FF";
}
