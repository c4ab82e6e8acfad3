import { isKind } from "../kernel/errors.ts";

/**
 * What an `Idempotency-Key` is to a row of the operations table. Absent on a POST: the key holds, and clients send one
 * when they are given one.
 */
export type Idempotency =
  | {
      /** Why no key holds here, one sentence. Then no door takes one. */
      readonly none: string;
    }
  | {
      /** It pays or moves: our own clients send a key with every call, and the same one when they ask again. */
      readonly sent?: "always";
      /** The service makes ids of the key that stay: a key that was forgotten would find them, and do nothing. */
      readonly kept?: "for ever";
    };

/** A request under an idempotency key, as the row that carries it out sees it. */
export interface KeyedRequest {
  /** The same in every try of this request, and of no other: ids of what it makes are derived from it. */
  readonly id: string;
  /** When its first try began, in ms. */
  readonly firstAt: number;
  /** An earlier try began, and nobody knows how far it came: what has been done already must not happen again. */
  readonly isAgain: boolean;
  /** What earlier tries noted. */
  readonly noted: Readonly<Record<string, unknown>>;
  /** Stores facts for a later try, beside those noted before; JSON values. */
  readonly note: (facts: Readonly<Record<string, unknown>>) => Promise<void>;
}

/** Told the id of a record before it is made, so that a later try finds it whenever the process died. */
export type BeforeMaking = (id: string) => Promise<void>;

interface Made {
  readonly id: string;
  readonly status: string;
}

/**
 * The record that a request is about. A request without a key, and the first try under one, make it by `prepare`; a
 * later try finds the one that was made, whatever would be made today. One that failed is asked for anew.
 */
export async function recordOnce<Record extends Made>(
  {
    request,
    roomFor,
  }: { readonly request?: KeyedRequest | undefined; readonly roomFor?: BeforeMaking | undefined },
  find: (id: string) => Promise<Record>,
  prepare: (before: BeforeMaking) => Promise<Record>,
): Promise<Record> {
  const known = request?.noted.record_id;
  if (typeof known === "string") {
    const record = await unlessMissing(find(known));
    if (record !== undefined && record.status !== "failed") return record;
  }
  return prepare(async (record_id) => {
    await roomFor?.(record_id);
    await request?.note({ record_id });
  });
}

/** A try that died between note and record has left none. */
async function unlessMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (thrown) {
    if (isKind(thrown, "not_found")) return undefined;
    throw thrown;
  }
}
