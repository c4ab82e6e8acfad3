import { type Clock, toIso } from "../kernel/clock.ts";
import { hashedId, isId } from "../kernel/ids.ts";
import type { FeedName } from "../ledger/feed-watermarks.ts";
import type { Ledger, LedgerDocument } from "../ledger/ledger.ts";
import { createOrReplace, retryRaces, unlessKind } from "../ledger/races.ts";

/** A document a feed could not handle: where it is and why, never its content. */
export interface DeadLetter extends LedgerDocument {
  readonly agent_id: string;
  readonly feed: FeedName;
  readonly document_id: string;
  /** The feed's container and the document's partition key, to read it again. */
  readonly document_ref: { readonly container: FeedName; readonly partition_key: readonly string[] };
  readonly error: string;
  /** How often it came and failed. */
  readonly attempts: number;
  readonly created_at: string;
  readonly last_at: string;
}

/** Stands for the agent of a document that names none. */
const UNKNOWN = "unknown";
const text = (value: unknown): string =>
  typeof value === "string" && value !== "" ? value.slice(0, 255) : UNKNOWN;

/** Documents of a page; a question about as many letters is one of the smallest. */
const IDS_AT_ONCE = 100;

const letterId = (feed: FeedName, agentId: string, documentId: string) =>
  hashedId("dl", { feed, agent_id: agentId, document_id: documentId });

/** Closes the letters of documents that the feed has handled after all: they came again, or were put right. */
export async function closeLetters(
  ledger: Ledger,
  feed: FeedName,
  handled: readonly { readonly agent_id: string; readonly id: string }[],
): Promise<void> {
  const byAgent = Map.groupBy(handled, ({ agent_id }) => agent_id);
  for (const [agentId, documents] of byAgent) {
    // Hardly any agent has a letter, and the ids of those of a page cost more than the question whether there is one.
    const { items: any } = await ledger.query<DeadLetter>("deadLetters", { pk: [agentId], limit: 1 });
    if (any.length === 0) continue;
    for (let from = 0; from < documents.length; from += IDS_AT_ONCE)
      await closeLettersOf(ledger, feed, agentId, documents.slice(from, from + IDS_AT_ONCE));
  }
}

async function closeLettersOf(
  ledger: Ledger,
  feed: FeedName,
  agentId: string,
  documents: readonly { readonly id: string }[],
): Promise<void> {
  const value = documents.map(({ id }) => letterId(feed, agentId, text(id)));
  const where = [{ field: "id", op: "in", value } as const];
  const { items } = await ledger.query<DeadLetter>("deadLetters", {
    pk: [agentId],
    where,
    limit: IDS_AT_ONCE,
  });
  for (const { id, _etag } of items)
    await unlessKind(
      ledger.delete("deadLetters", [agentId], id, { ifMatch: _etag }),
      "precondition",
      "not_found",
    );
}

/** Notes a document that cannot be handled; the same document again raises `attempts`. */
export async function bury(
  ledger: Ledger,
  clock: Clock,
  feed: FeedName,
  document: unknown,
  error: string,
): Promise<void> {
  const fields = (typeof document === "object" && document !== null ? document : {}) as Record<
    string,
    unknown
  >;
  const agentId = typeof fields.agent_id === "string" && isId(fields.agent_id) ? fields.agent_id : UNKNOWN;
  const documentId = text(fields.id);
  const now = toIso(clock.now());
  const id = letterId(feed, agentId, documentId);
  const second = feed === "episodes" ? documentId : text(fields.episode_id);
  // Another consumer may note it between our read and our write, as often as the batch is delivered.
  const note = async (): Promise<void> => {
    const known = await ledger.read<DeadLetter>("deadLetters", [agentId], id);
    const letter: DeadLetter = {
      id,
      agent_id: agentId,
      feed,
      document_id: documentId,
      document_ref: { container: feed, partition_key: [agentId, second] },
      error,
      attempts: (known?.attempts ?? 0) + 1,
      created_at: known?.created_at ?? now,
      last_at: now,
    };
    await createOrReplace(ledger, "deadLetters", known, letter);
  };
  await retryRaces(note, { attempts: Number.POSITIVE_INFINITY });
}
