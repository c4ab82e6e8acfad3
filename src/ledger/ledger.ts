import type { ContainerKey } from "./containers.ts";

/**
 * The ledger port: documents in containers, with the promises that both Cosmos DB and SQLite can hold and no more:
 * order within one partition key, at-least-once change delivery, no transaction across containers or partition keys.
 * One contract suite (`test/contracts/ledger.ts`) holds every adapter to it. Cosmos's limits are enforced by all.
 */

/** A full partition key, in the order of the container's paths; opaque to callers. */
export type PartitionKey = readonly [string, ...string[]];

/**
 * JSON values only; `undefined` members are refused. Fields that the registry calls `always` must be there with their
 * type, and its `…_at` fields must be times of fixed width. `_etag` and `_ts` (seconds) are set by the ledger; what a
 * document read before carries of them is left out.
 */
export interface LedgerDocument {
  readonly id: string;
  /** Seconds from the last write until the document is gone; -1 never. Only containers with `ttl` honour it. */
  readonly ttl?: number | undefined;
}

export type Stored<T> = T & { readonly _etag: string; readonly _ts: number };

interface WriteOptions {
  /** The etag the stored document must have. @throws LightningError kind `precondition` when it has another. */
  readonly ifMatch?: string | undefined;
}

/** Field operations of `patch` and of a batch's patch, at most 10. Fields are top-level names of the document. */
export type PatchOperation =
  | { readonly op: "set"; readonly field: string; readonly value: unknown }
  | { readonly op: "remove"; readonly field: string };

export type BatchOperation =
  | { readonly op: "create" | "upsert"; readonly document: LedgerDocument }
  | { readonly op: "replace"; readonly document: LedgerDocument; readonly ifMatch?: string | undefined }
  | { readonly op: "delete"; readonly id: string; readonly ifMatch?: string | undefined };

/**
 * Conditions are typed by the registry: a value of another type counts as absent and meets none of them, `ne`
 * included. `defined`: the value is true (present, also when null) or false (absent). `in` takes at most 100 values.
 * `id` may be asked for and ordered by like a registered string. Strings are equal only when every character is, and
 * go by code point, with one exception: whether a character outside the basic plane (an emoji) comes before or after
 * one from U+E000 to U+FFFF differs between stores (UTF-8 on SQLite; UTF-16 in Cosmos's client, which merges
 * partitions). Our ids and times are ASCII and never meet it.
 */
export type Condition =
  | {
      readonly field: string;
      readonly op: "eq" | "ne" | "gt" | "gte" | "lt" | "lte";
      readonly value: string | number | boolean;
    }
  | { readonly field: string; readonly op: "in"; readonly value: readonly (string | number)[] }
  | { readonly field: string; readonly op: "contains"; readonly value: string }
  | { readonly field: string; readonly op: "defined"; readonly value: boolean };

export interface Query {
  /** A full key or a prefix of one; absent: the whole container (a cross-partition query, expensive on Cosmos: housekeeping only). */
  readonly pk?: readonly string[] | undefined;
  /** All must hold. Field names are those of the container's registry; others are refused. */
  readonly where?: readonly Condition[] | undefined;
  /** One always-present field; ties are broken by `id` in the same direction. Absent: by id, ascending. */
  readonly orderBy?: { readonly field: string; readonly direction: "asc" | "desc" } | undefined;
  /** Documents in one page, 1 to 1,000. */
  readonly limit: number;
  /** The continuation of the page before: opaque, bound to this very query. @throws invalid `bad_continuation` */
  readonly after?: string | undefined;
  /** Top-level fields to return besides `id`; absent: whole documents. */
  readonly select?: readonly string[] | undefined;
  /**
   * A top-level field of which many documents hold the same list or object: the page's documents may share one, which
   * is then not to be changed. Thousands of episodes of an agent offer the same tools.
   */
  readonly sharing?: string | undefined;
}

export interface Page<T> {
  readonly items: Stored<T>[];
  /** Present while there may be more; a page can be empty and still have one. */
  readonly continuation?: string | undefined;
}

export interface ChangePage<T> {
  /**
   * Latest version of each changed document; versions between and deletions are not seen. Of a damaged one its key
   * (`isDamaged`).
   */
  readonly items: Stored<T>[];
  /** Hand this back as `after`; store it only after the items are handled. */
  readonly continuation: string;
  /** No more changes at the moment. */
  readonly drained: boolean;
}

/**
 * What a change feed delivers in the place of a document whose stored text is damaged: its key alone. The feed goes on, and
 * whoever handles it knows which one is missing.
 */
interface DamagedDocument extends LedgerDocument {
  readonly damaged: true;
}
export const isDamaged = (document: unknown): document is DamagedDocument =>
  (document as Partial<DamagedDocument> | null | undefined)?.damaged === true;

/** The items of a page as the text of one JSON array, for a reader that only hands them on. */
export interface TextPage extends Omit<ChangePage<LedgerDocument>, "items"> {
  readonly count: number;
  readonly json: string;
}

export type BulkResult =
  | { readonly ok: true; readonly etag: string }
  | { readonly ok: false; readonly error: Error };

/**
 * Errors, all `LightningError`: `not_found`, `conflict` (create of an id that exists), `precondition` (etag),
 * `too_large` (item over 2 MB, batch over 100 operations or 2 MB), `invalid` (id, field, JSON), `unavailable` with
 * `retryAfterMs` (throttled, busy) and `ambiguous` (the write may have been applied).
 */
export interface Ledger {
  /** The document, or undefined. */
  read<T extends LedgerDocument>(
    c: ContainerKey,
    pk: PartitionKey,
    id: string,
  ): Promise<Stored<T> | undefined>;
  /** @throws conflict `document_exists` */
  create<T extends LedgerDocument>(c: ContainerKey, document: T): Promise<Stored<T>>;
  /** With `ifMatch` it only replaces. @throws precondition `etag_mismatch`, also when there is no document */
  upsert<T extends LedgerDocument>(c: ContainerKey, document: T, options?: WriteOptions): Promise<Stored<T>>;
  /** @throws not_found `document_missing`, precondition `etag_mismatch` */
  replace<T extends LedgerDocument>(c: ContainerKey, document: T, options?: WriteOptions): Promise<Stored<T>>;
  /**
   * Sets or removes top-level fields of a document, not its id, key or always-present fields; removing an absent one
   * is harmless. @throws not_found, precondition
   */
  patch<T extends LedgerDocument>(
    c: ContainerKey,
    pk: PartitionKey,
    id: string,
    operations: readonly PatchOperation[],
    options?: WriteOptions,
  ): Promise<Stored<T>>;
  /** @throws not_found, precondition */
  delete(c: ContainerKey, pk: PartitionKey, id: string, options?: WriteOptions): Promise<void>;
  /**
   * All or nothing, at most 100 operations of one partition key, on single-level containers only (elsewhere
   * `invalid` `batch_not_promised`). Throws the error of the operation that failed; nothing is then stored.
   */
  batch(c: ContainerKey, pk: PartitionKey, operations: readonly BatchOperation[]): Promise<void>;
  /** Creates or upserts any number of documents, each on its own; results stand in the order of the documents. */
  bulk(c: ContainerKey, op: "create" | "upsert", documents: readonly LedgerDocument[]): Promise<BulkResult[]>;
  query<T extends LedgerDocument>(c: ContainerKey, query: Query): Promise<Page<T>>;
  /** How many documents match; exact, priced like a query that reads them. */
  count(c: ContainerKey, query: Pick<Query, "pk" | "where">): Promise<number>;
  /** The change feed of a container, from the beginning when `after` is absent. */
  changes<T extends LedgerDocument>(
    c: ContainerKey,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<ChangePage<T>>;
  /**
   * What a consumer at this place in the feed has yet to handle, in samples: at least the first change of each part of
   * the feed that keeps an order of its own (a physical partition), none when there is none.
   */
  pending<T extends LedgerDocument>(c: ContainerKey, after: string | undefined): Promise<Stored<T>[]>;
  /** The place where the feed ends now: what was acknowledged stands before it, what is written later behind it. */
  feedEnd(c: ContainerKey): Promise<string>;
  /**
   * Whether a consumer at the place `after` has handled all that stands before `place`; what was changed since stands
   * behind it. By the places alone: a clock that was ahead or behind changes nothing. @throws invalid `bad_continuation`
   */
  hasPassed(c: ContainerKey, after: string | undefined, place: string): Promise<boolean>;
  /** A small round trip. @throws unavailable */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A ledger that notifies its own process of its writes; those of other processes are seen in the change feed only. */
export interface NotifyingLedger extends Ledger {
  /** Calls back after a write of this process to the container was acknowledged. Returns the way to stop it. */
  onChange(c: ContainerKey, listener: () => void): () => void;
  /** `changes` without a parse, where the store holds text. */
  changesAsText?(
    c: ContainerKey,
    options: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<TextPage>;
}

/** A document that records another one's creation (its audit trail), by the etag that this one got. */
export interface Trail {
  readonly c: ContainerKey;
  document(etag: string): LedgerDocument;
}

/** A ledger that can store a document of another container in the transaction of a create. */
export interface TrailingLedger extends Ledger {
  /**
   * @returns `isTrailed`: false when the trail was refused; the document is stored all the same
   * @throws as `create` does
   */
  createWithTrail(
    c: ContainerKey,
    document: LedgerDocument,
    trail: Trail,
  ): Promise<{ readonly etag: string; readonly isTrailed: boolean }>;
}

/** A ledger whose change feeds the Functions triggers read: how far they are stands in their leases. */
export interface TriggeredLedger extends Ledger {
  /**
   * The place up to which every lease of the triggers under this prefix is done; undefined while there are no leases,
   * or they do not cover the container.
   */
  triggerPosition(c: ContainerKey, leasePrefix: string): Promise<string | undefined>;
}

/** Every document a query matches, page by page, in constant memory. */
export async function* each<T extends LedgerDocument>(
  ledger: Ledger,
  c: ContainerKey,
  query: Omit<Query, "after" | "limit"> & { readonly limit?: number },
): AsyncGenerator<Stored<T>> {
  let after: string | undefined;
  do {
    const page: Page<T> = await ledger.query<T>(c, {
      ...query,
      limit: query.limit ?? 500,
      ...(after === undefined ? {} : { after }),
    });
    yield* page.items;
    after = page.continuation;
  } while (after !== undefined);
}

/** A document without the ledger's own fields; each member of a union for itself. */
export type Bare<T> = T extends unknown ? Omit<T, "_etag" | "_ts"> : never;

/** The document without the ledger's own fields. */
export function bare<T extends object>(stored: T): Bare<T> {
  const { _etag, _ts, ...document } = stored as T & { _etag?: unknown; _ts?: unknown };
  return document as Bare<T>;
}
