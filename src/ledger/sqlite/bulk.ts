import type { ContainerKey } from "../containers.ts";
import type { BulkResult, LedgerDocument } from "../ledger.ts";
import { type PreparedDocument, prepareDocument } from "../limits.ts";
import { fromFlat, toLedgerError } from "./errors.ts";
import { etagOf } from "./rows.ts";
import type { BulkOutcome } from "./write-commands.ts";
import type { Writer } from "./writer.ts";

/** Most of a bulk that is one command, so that a group keeps to its time. */
const PART_DOCUMENTS = 100;
const PART_BYTES = 1024 * 1024;
/** What a small document counts for, so that many of them fill a group as many commands would. */
const LEAST_BYTES = 8 * 1024;

interface Item {
  /** The document's place in the bulk. */
  readonly at: number;
  readonly document: PreparedDocument;
}

/** Puts many documents, each on its own: one that is refused holds none of the others up. */
export function createBulk(writer: Pick<Writer, "submit">, storeId: string) {
  const toResult = (outcome: BulkOutcome): BulkResult =>
    typeof outcome === "number"
      ? { ok: true, etag: etagOf(storeId, outcome) }
      : { ok: false, error: fromFlat(outcome) };

  /** One command for the writer; its outcomes go to their places in `results`. */
  async function submit(
    c: ContainerKey,
    mode: "create" | "upsert",
    items: readonly Item[],
    bytes: number,
    results: BulkResult[],
  ): Promise<void> {
    try {
      const documents = items.map(({ document }) => document);
      const outcomes = (await writer.submit(bytes, {
        op: "bulk",
        c,
        mode,
        documents,
      })) as readonly BulkOutcome[];
      for (const [n, { at }] of items.entries()) results[at] = toResult(outcomes[n] as BulkOutcome);
    } catch (thrown) {
      for (const { at } of items) results[at] = { ok: false, error: toLedgerError(thrown) };
    }
  }

  /** The documents that are in order are put, as many in one command as a group takes well. */
  return async (
    c: ContainerKey,
    mode: "create" | "upsert",
    documents: readonly LedgerDocument[],
  ): Promise<BulkResult[]> => {
    const results: BulkResult[] = Array.from({ length: documents.length });
    const written: Promise<void>[] = [];
    let part: Item[] = [];
    let bytes = 0;
    const hand = () => {
      if (part.length > 0) written.push(submit(c, mode, part, bytes, results));
      part = [];
      bytes = 0;
    };
    for (const [at, each] of documents.entries())
      try {
        const document = prepareDocument(c, each);
        if (part.length === PART_DOCUMENTS || (bytes > 0 && bytes + document.bytes > PART_BYTES)) hand();
        part.push({ at, document });
        bytes += Math.max(document.bytes, LEAST_BYTES);
      } catch (thrown) {
        results[at] = { ok: false, error: toLedgerError(thrown) };
      }
    hand();
    await Promise.all(written);
    return results;
  };
}
