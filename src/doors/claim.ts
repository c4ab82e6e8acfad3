import { messageOf } from "../kernel/errors.ts";
import { noSuchRecord, type RecordKind } from "./no-such-record.ts";

/**
 * The first step of every orchestration: one instance owns a record. `elsewhere`: another instance has it, wait on the
 * record by timer; `finished`: nothing is left to do; `missing`: there is no such record, and none will come.
 */
export type Claim =
  | { readonly kind: "claimed" }
  | { readonly kind: "elsewhere" }
  | { readonly kind: "finished" }
  | { readonly kind: "missing"; readonly message: string };

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

/** The claim of a record that is not there, with the text of a door's 404. */
export function missing(kind: RecordKind, { agent_id, id }: RecordRef): Claim & { readonly kind: "missing" } {
  const fault = noSuchRecord(kind, agent_id, id);
  return { kind: "missing", message: `${fault.code}: ${messageOf(fault)}` };
}
