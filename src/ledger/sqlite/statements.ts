import type { DatabaseSync, StatementSync } from "node:sqlite";

export type Prepare = (sql: string) => StatementSync;

/** Queries come in a few dozen shapes; `in` lists of many lengths must not fill the memory. */
const MOST_STATEMENTS = 300;

/** Prepared statements by their text, the least recently used dropped. */
export function statementCache(db: DatabaseSync): Prepare {
  const cache = new Map<string, StatementSync>();
  return (sql) => {
    const found = cache.get(sql) ?? db.prepare(sql);
    cache.delete(sql);
    cache.set(sql, found);
    const oldest = cache.keys().next().value;
    if (cache.size > MOST_STATEMENTS && oldest !== undefined) cache.delete(oldest);
    return found;
  };
}
