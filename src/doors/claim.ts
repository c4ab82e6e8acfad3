/**
 * The first step of every orchestration: one instance owns a record. `elsewhere`: another instance has it, wait on the
 * record by timer; `finished`: nothing is left to do.
 */
export type Claim =
  | { readonly kind: "claimed" }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "finished" };

/** Names a record and the orchestration that works on it; the input of most activities. */
export interface RecordRef {
  readonly agent_id: string;
  readonly id: string;
}
export interface ClaimInput extends RecordRef {
  readonly instance_id: string;
}
export interface FailInput extends RecordRef {
  readonly code: string;
  readonly message: string;
  /** What the reader of the record can do about it. */
  readonly remedy?: string | undefined;
}
