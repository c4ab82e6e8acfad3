import type { OperationName } from "../wire/table.ts";
import type { OperationInputs, OperationOutputs } from "../wire/types.ts";

type CamelWord<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelWord<Tail>>}`
  : S;

/** A record with its own properties in camelCase; what they hold stays as it is on the wire. */
export type Camel<T> = T extends unknown
  ? { [K in keyof T as K extends string ? CamelWord<K> : K]: T[K] }
  : never;

/** What an operation takes, in camelCase; `agentId` is the process's where it is absent. */
export type InputOf<N extends OperationName> = Camel<OperationInputs[N]>;
/** What an operation answers, in camelCase. */
export type ReplyOf<N extends OperationName> = Camel<OperationOutputs[N]>;

export function camelRecord<T extends object>(record: T): Camel<T> {
  return rename(record, (name) =>
    name.replaceAll(/_([a-z0-9])/g, (_mark, letter: string) => letter.toUpperCase()),
  ) as Camel<T>;
}

export function snakeRecord(record: object): Record<string, unknown> {
  return rename(record, (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

const rename = (record: object, to: (name: string) => string): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (value === undefined ? [] : [[to(name), value]])),
  );
