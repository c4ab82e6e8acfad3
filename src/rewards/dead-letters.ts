import { type Clock, toIso } from "../kernel/clock.ts";
import { hashedId, isId } from "../kernel/ids.ts";
import type { FeedName } from "../ledger/feed-watermarks.ts";
import type { Ledger, LedgerDocument } from "../ledger/ledger.ts";
import { createOrReplace, retryRaces } from "../ledger/races.ts";

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
  const id = hashedId("dl", { feed, agent_id: agentId, document_id: documentId });
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
