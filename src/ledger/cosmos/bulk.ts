import { isLightningError, type LightningError } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import type { BulkResult, LedgerDocument } from "../ledger.ts";
import { type PreparedDocument, prepareDocument } from "../limits.ts";
import type { Place } from "./containers.ts";
import { toLedgerError } from "./errors.ts";
import type { Writes } from "./writes.ts";

/** Single writes under way at once. The SDK's own bulk is not used: a split freezes it (docs/facts.md#cosmos-splits). */
const SIDE_BY_SIDE = 16;

type BulkMode = "create" | "upsert";

export function createBulk(placeOf: (c: ContainerKey) => Promise<Place>, writes: Writes) {
  async function one(place: Place, mode: BulkMode, document: PreparedDocument): Promise<BulkResult> {
    try {
      const stored = await writes.putPrepared(place, mode, document);
      return { ok: true, etag: String(stored._etag) };
    } catch (thrown) {
      return { ok: false, error: toLedgerError(thrown, { what: `"${document.id}" of "${place.name}"` }) };
    }
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
    const written = await inParallel(good, (document) => one(place, mode, document));
    const results = written.values();
    return prepared.map(
      (each): BulkResult =>
        isLightningError(each) ? { ok: false, error: each } : (results.next().value as BulkResult),
    );
  };
}

/** A few at once; the answers in the order of the questions. */
async function inParallel<A, B>(all: readonly A[], work: (each: A) => Promise<B>): Promise<B[]> {
  const answers: B[] = [];
  const queue = all.entries();
  const worker = async () => {
    for (const [n, each] of queue) answers[n] = await work(each);
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, all.length) }, worker));
  return answers;
}
