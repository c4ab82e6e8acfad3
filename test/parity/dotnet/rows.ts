import { readFileSync } from "node:fs";

/** The rows of one recording of this folder. */
export function rowsOf<Row>(name: string): Row[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8")) as Row[];
}

/** The keys of the rows for which the local host answers something else than Microsoft's library did. */
export function differing<Row>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  recorded: (row: Row) => unknown,
  here: (row: Row) => unknown,
): string[] {
  const differ = rows.filter((row) => JSON.stringify(recorded(row)) !== JSON.stringify(here(row)));
  return [...new Set(differ.map(keyOf))].toSorted();
}
