/** `T`, of which each member that could be undefined is absent instead. */
export type Defined<T> = T extends unknown
  ? { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
      [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
    }
  : never;

/** A copy without the members that are undefined: JSON and the ledger have no undefined. Members of members stay. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Defined<T>;
}

/** `T` without some members, each member of a union for itself. */
export type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A copy without these members. */
export function without<T extends object, K extends keyof T>(
  value: T,
  ...members: readonly K[]
): Without<T, K> {
  const gone = new Set<PropertyKey>(members);
  return Object.fromEntries(Object.entries(value).filter(([name]) => !gone.has(name))) as Without<T, K>;
}
