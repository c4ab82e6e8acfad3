import type { PersonalKind } from "../config/personal-kinds.ts";

/**
 * What is looked for beyond the standard rules, and what stands in place of what was found. One policy holds for one
 * value as a whole; a policy is made once and shared.
 */
export interface RedactionPolicy {
  /** Stored with what was redacted, so that it can be scanned again when the rules change. */
  readonly version: string;
  /** Numbers of persons that are looked for beside e-mail addresses, telephones, cards and IBANs. */
  readonly personal?: ReadonlySet<PersonalKind>;
  /** What stands for a found value instead of `[REDACTED:kind]`: the same for the same value. Undefined: the placeholder. */
  readonly token?: (kind: string, value: string) => string | undefined;
  /** Rules of an agent's owner, looked for before the standard ones. */
  readonly custom?: readonly CustomRule[];
}

/** A rule that is not of the pack, ready to run. */
export interface CustomRule {
  /** Counted as, and named in the placeholder: lower-case letters, digits and `_`. */
  readonly kind: string;
  /** Where it finds something: pairs of start and end (exclusive) in UTF-16 units, in order, none overlapping. */
  readonly spans: (text: string) => readonly (readonly [start: number, end: number])[];
  /** What stands for a found value instead of the placeholder. */
  readonly token?: (value: string) => string;
}

/**
 * The policy of an agent, asked anew for each value: its rules may change while the app runs. The composition makes one,
 * so that this room knows neither ledger nor engine.
 */
export type PolicyOf = (agentId: string) => RedactionPolicy | Promise<RedactionPolicy>;
