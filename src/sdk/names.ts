type CamelWord<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelWord<Tail>>}`
  : S;

/** A record with its own properties in camelCase; what they hold stays as it is on the wire. */
export type Camel<T> = { [K in keyof T as K extends string ? CamelWord<K> : K]: T[K] };

/** An operation's input in camelCase, with `agentId` optional. */
export type CamelInput<T> = Camel<Omit<T, "agent_id">> & { agentId?: string | undefined };

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
