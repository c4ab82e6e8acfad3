import { isLightningError, type LightningError } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import type { BulkResult, LedgerDocument } from "../ledger.ts";
import { type PreparedDocument, prepareDocument } from "../limits.ts";
import type { Place } from "./containers.ts";
import { outcomeOf, toLedgerError } from "./errors.ts";
import { newMark, toWire } from "./wire.ts";
import type { Writes } from "./writes.ts";

/** Documents from which a bulk is worth its wait of up to a second a call (docs/facts.md#cosmos-bulk-waits). */
const WORTH_A_BULK = 500;
/** Single writes under way at once. */
const SIDE_BY_SIDE = 16;

type BulkMode = "create" | "upsert";

export function createBulk(placeOf: (c: ContainerKey) => Promise<Place>, writes: Writes) {
  async function one(
    place: Place,
    mode: BulkMode,
    document: PreparedDocument,
    mark?: string,
  ): Promise<BulkResult> {
    try {
      const stored = await writes.putPrepared(place, mode, document, undefined, mark);
      return { ok: true, etag: String(stored._etag) };
    } catch (thrown) {
      return { ok: false, error: toLedgerError(thrown, { what: `"${document.id}" of "${place.name}"` }) };
    }
  }

  /** What the service could not answer clearly is written again alone, under the same mark. */
  async function many(
    place: Place,
    mode: BulkMode,
    documents: readonly PreparedDocument[],
  ): Promise<BulkResult[]> {
    const mark = newMark();
    const results = await place.container.items.executeBulkOperations(
      documents.map((document) => ({
        operationType: mode === "create" ? ("Create" as const) : ("Upsert" as const),
        partitionKey: place.key(document.pk),
        resourceBody: toWire(place, document, mark) as never,
      })),
    );
    return inParallel(documents, async (document, n) => {
      const { response, error } = results[n] ?? {};
      if (response?.eTag !== undefined) return { ok: true, etag: response.eTag };
      const what = `"${document.id}" of "${place.name}"`;
      if (error !== undefined && outcomeOf(error) === "final" && error.code !== 429)
        return { ok: false, error: toLedgerError(error, { what }) };
      return one(place, mode, document, mark);
    });
  }

  return async (
    c: ContainerKey,
    mode: BulkMode,
    documents: readonly LedgerDocument[],
  ): Promise<BulkResult[]> => {
    const prepared = documents.map((document): PreparedDocument | LightningError => {
      try {
        return prepareDocument(c, document);
      } catch (thrown) {
        return toLedgerError(thrown, { what: "of a bulk write" });
      }
    });
    const good = prepared.flatMap((each) => (isLightningError(each) ? [] : [each]));
    const place = await placeOf(c);
    const written =
      good.length < WORTH_A_BULK
        ? await inParallel(good, (document) => one(place, mode, document))
        : await many(place, mode, good);
    const results = written.values();
    return prepared.map(
      (each): BulkResult =>
        isLightningError(each) ? { ok: false, error: each } : (results.next().value as BulkResult),
    );
  };
}

/** A few at once; the answers in the order of the questions. */
async function inParallel<A, B>(all: readonly A[], work: (each: A, n: number) => Promise<B>): Promise<B[]> {
  const answers: B[] = [];
  const queue = all.entries();
  const worker = async () => {
    for (const [n, each] of queue) answers[n] = await work(each, n);
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, all.length) }, worker));
  return answers;
}
