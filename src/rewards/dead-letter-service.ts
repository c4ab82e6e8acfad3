import { type Clock, toIso } from "../kernel/clock.ts";
import { isKind } from "../kernel/errors.ts";
import type { FeedName } from "../ledger/feed-watermarks.ts";
import { each, type Ledger, type LedgerDocument, type Page, type Stored } from "../ledger/ledger.ts";
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
  const asked = ({ agentId, feed }: WhichLetters) => ({
    pk: [agentId],
    where: feed === undefined ? [] : [{ field: "feed", op: "eq", value: feed } as const],
  });

  const list = (which: WhichLetters, limit: number, after?: string): Promise<Page<DeadLetter>> =>
    ledger.query<DeadLetter>("deadLetters", {
      ...asked(which),
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
    let document: LedgerDocument | undefined;
    try {
      document = await find(letter);
      if (document !== undefined) await feeds.handleOne(feed, document);
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

  /** The ids of those tried longest ago: what failed in one call stands behind the others in the next. */
  async function longestAgo(which: WhichLetters, limit: number): Promise<string[]> {
    const now = toIso(clock.now());
    const found: LetterTurn[] = [];
    const query = { ...asked(which), select: ["last_at", "created_at", "attempts"], limit: 1000 };
    // A time to come is a clock's that was ahead; it must not keep the letter's turn from coming.
    for await (const { id, last_at, created_at, attempts } of each<LetterTurn>(
      ledger,
      "deadLetters",
      query,
    )) {
      found.push({ id, last_at: last_at > now ? "" : last_at, created_at, attempts });
      // Those whose turn it is not are not held: there may be as many letters as documents.
      if (found.length >= 2 * limit + 1000)
        found.splice(0, found.length, ...found.toSorted((a, b) => byTurn(a, b)).slice(0, limit));
    }
    return found
      .toSorted((a, b) => byTurn(a, b))
      .slice(0, limit)
      .map(({ id }) => id);
  }

  /**
   * Retries an agent's dead letters, those tried longest ago first, or those named; ids that are not there are left out.
   * `left`: how many are there afterwards; `notTried`: how many of them this call did not get to.
   * @throws unavailable when the ledger is; what was tried before stays done
   */
  async function retry(which: WhichLetters, named: readonly string[] | undefined, limit: number) {
    const ids = named ?? (await longestAgo(which, limit));
    const results: Retried[] = [];
    for (const id of new Set(ids)) {
      const letter = await ledger.read<DeadLetter>("deadLetters", [which.agentId], id);
      if (letter !== undefined) results.push(await retryOne(letter));
    }
    const left = await ledger.count("deadLetters", asked(which));
    const failed = results.filter(
      ({ outcome, feed }) => outcome === "failed" && feed === (which.feed ?? feed),
    );
    return { results, left, notTried: Math.max(0, left - failed.length) };
  }

  return { list, longestAgo, retry };
}

type LetterTurn = Pick<DeadLetter, "id" | "last_at" | "created_at" | "attempts">;

function byTurn(a: LetterTurn, b: LetterTurn): number {
  const [mine, others] = [a, b].map(({ last_at, attempts, created_at, id }) =>
    [last_at, String(attempts).padStart(12, "0"), created_at, id].join(" "),
  ) as [string, string];
  return mine < others ? -1 : 1;
}

/** The feed wrote the dead letter again, or another retry settled it: theirs counts (if-match). */
const ignoreRace = (write: Promise<unknown>) => unlessKind(write, "precondition", "not_found");
