import type { RecordRef } from "./claim.ts";

/**
 * One orchestration: the name it is registered under, the type of its input and of its result, and the id of its
 * instance. Each stage's contract declares its own; `loop/orchestrations.ts` has all of them.
 */
export interface Orchestration<Name extends string, Input, Result> {
  /** camelCase verb phrase, as the operation that starts it: `buildDataset`. */
  readonly name: Name;
  /** Starting the same input again finds the same instance, which makes a start idempotent. */
  readonly instanceId: (input: Input) => string;
  /** Never set: it only carries the type of the result. */
  readonly result?: Result;
}

export type ResultOf<One> = One extends Orchestration<string, never, infer Result> ? Result : never;

/** The instance id of an orchestration that works on one record: the record's own. */
export const recordInstance = ({ id }: RecordRef): string => id;
