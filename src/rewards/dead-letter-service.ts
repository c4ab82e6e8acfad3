import { type Clock, toIso } from "../kernel/clock.ts";
import { isKind } from "../kernel/errors.ts";
import type { FeedName } from "../ledger/feed-watermarks.ts";
import type { Ledger, LedgerDocument, Page, Stored } from "../ledger/ledger.ts";
import { unlessKind } from "../ledger/races.ts";
import type { DeadLetter } from "./dead-letters.ts";
import { type RewardFeed, summaryOf } from "./feed.ts";

export interface DeadLetterServiceDeps {
  readonly ledger: Ledger;
  readonly feeds: Pick<RewardFeed, "handleOne">;
  readonly clock: Clock;
}

/** What became of a letter: its document is handled now, still cannot be, or is no longer there. */
export interface Retried {
  readonly id: string;
  readonly feed: FeedName;
  readonly document_id: string;
  readonly outcome: "handled" | "failed" | "gone";
  readonly error?: string;
}

export interface WhichLetters {
  readonly agentId: string;
  readonly feed?: FeedName | undefined;
}

export type DeadLetterService = ReturnType<typeof createDeadLetterService>;

/** Documents the feeds could not handle: shown, and tried again once the cause is gone. */
export function createDeadLetterService({ ledger, feeds, clock }: DeadLetterServiceDeps) {
  const list = ({ agentId, feed }: WhichLetters, limit: number, after?: string): Promise<Page<DeadLetter>> =>
    ledger.query<DeadLetter>("deadLetters", {
      pk: [agentId],
      where: feed === undefined ? [] : [{ field: "feed", op: "eq", value: feed }],
      orderBy: { field: "created_at", direction: "asc" },
      limit,
      after,
    });

  /** The document as it is now; undefined also when nothing could have that key. */
  async function find({
    document_ref: ref,
    document_id: id,
  }: DeadLetter): Promise<LedgerDocument | undefined> {
    const [first, second = ""] = ref.partition_key;
    if (first === undefined) return undefined;
    try {
      return await ledger.read(ref.container, [first, second], id);
    } catch (thrown) {
      if (isKind(thrown, "invalid")) return undefined;
      throw thrown;
    }
  }

  async function retryOne(letter: Stored<DeadLetter>): Promise<Retried> {
    const { id, feed, document_id } = letter;
    const document = await find(letter);
    if (document !== undefined)
      try {
        await feeds.handleOne(feed, document);
      } catch (thrown) {
        // The ledger's own trouble says nothing about the document.
        if (isKind(thrown, "unavailable")) throw thrown;
        const error = summaryOf(thrown);
        await note(letter, error);
        return { id, feed, document_id, outcome: "failed", error };
      }
    await ignoreRace(ledger.delete("deadLetters", [letter.agent_id], id, { ifMatch: letter._etag }));
    return { id, feed, document_id, outcome: document === undefined ? "gone" : "handled" };
  }

  const note = (letter: Stored<DeadLetter>, error: string) =>
    ignoreRace(
      ledger.replace(
        "deadLetters",
        { ...letter, error, attempts: letter.attempts + 1, last_at: toIso(clock.now()) },
        { ifMatch: letter._etag },
      ),
    );

  /**
   * Retries an agent's dead letters, the oldest first, or those named; ids that are not there are left out.
   * @throws unavailable when the ledger is; what was tried before stays done
   */
  async function retry(
    which: WhichLetters,
    ids: readonly string[] | undefined,
    limit: number,
  ): Promise<Retried[]> {
    const letters =
      ids === undefined
        ? (await list(which, limit)).items
        : (
            await Promise.all(ids.map((id) => ledger.read<DeadLetter>("deadLetters", [which.agentId], id)))
          ).filter((letter) => letter !== undefined);
    const retried: Retried[] = [];
    for (const letter of letters) retried.push(await retryOne(letter));
    return retried;
  }

  return { list, retry };
}

/** The feed wrote the dead letter again, or another retry settled it: theirs counts (if-match). */
const ignoreRace = (write: Promise<unknown>) => unlessKind(write, "precondition", "not_found");
