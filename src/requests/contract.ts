import type { LedgerDocument } from "../ledger/ledger.ts";

/** How long a key is remembered, unless its row keeps it for ever. */
export const KEPT_DAYS = 7;
/** A holder that says nothing for so long is taken for dead, and its request is taken up by whoever asks again. */
export const LEASE_MS = 30_000;
/** How long a request waits for the answer of the one that another process is carrying out. */
export const PATIENCE_MS = 5_000;

/** What the doors answer, as it is kept. A long body lies in parts beside the record. */
export interface KeptReply {
  readonly status?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  /** Documents that hold the body's JSON text. */
  readonly parts?: number | undefined;
}

/** A request under an idempotency key: who carries it out, and what was answered. The key itself is not stored. */
export interface RequestRecord extends LedgerDocument {
  readonly type: "request";
  readonly agent_id: string;
  readonly operation: string;
  /** The signed-in person, to whom the key belongs then. */
  readonly by?: string | undefined;
  /**
   * Of the canonical JSON of the input, with the schema's defaults. Where redaction is on it is an HMAC-SHA256 of the
   * input before redaction; earlier versions kept the plain hash of what came out of it.
   */
  readonly input_sha256: string;
  /** Names this request and no other: ids of what it makes are derived from it. */
  readonly request_id: string;
  /** `open`: no final answer yet. It is carried out while the lease lasts, and free for another try after it. */
  readonly status: "open" | "done";
  readonly holder: string;
  readonly leased_until: string;
  readonly tries: number;
  /** Facts that a try left for later ones. */
  readonly noted: Readonly<Record<string, unknown>>;
  readonly reply?: KeptReply | undefined;
  readonly created_at: string;
  readonly ttl: number;
}
