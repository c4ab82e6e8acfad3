import { thisEnvironment } from "./read-table.ts";
import { SETTINGS } from "./settings.ts";

/** Read elsewhere: by the local host, by tests and by the scripts of a deployment. */
const OTHERS = /^LIGHTNING_(HOST|TEST|OPENAI|DEPLOY|NODE|DURABLE)_/;

/** Letters that differ between a misspelt name and the one that was meant, at most. */
const MOST_DIFFERENT = 2;
/** Shorter names are like many others. */
const SHORTEST_ALIKE = 10;

/**
 * Variables of the environment that are named like settings and are none, each as a sentence: a misspelt setting would
 * be ignored without a word. Values are not shown.
 */
export function unknownSettings(
  env: Readonly<Record<string, string | undefined>> = thisEnvironment(),
): string[] {
  const known = Object.values(SETTINGS).map((row) => row.env);
  const names = new Set<string>(known);
  return Object.keys(env).flatMap((name) => {
    if (!env[name] || names.has(name) || OTHERS.test(name)) return [];
    const meant = known
      .map((one) => ({ one, differs: distance(name.toUpperCase(), one) }))
      .toSorted((a, b) => a.differs - b.differs)[0];
    const isAlike = meant !== undefined && meant.differs <= MOST_DIFFERENT;
    if (!name.toUpperCase().startsWith("LIGHTNING_") && !(isAlike && name.length >= SHORTEST_ALIKE))
      return [];
    return [
      `${name} is no setting and is ignored.${isAlike ? ` Did you mean ${meant.one}?` : ""} docs/settings.md lists them all.`,
    ];
  });
}

/** Letters to insert, delete, replace or swap with their neighbour until one text is the other. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_DIFFERENT) return MOST_DIFFERENT + 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, n) => n)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const [above = [], twoAbove = []] = [rows[i - 1], rows[i - 2]];
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? (twoAbove[j - 2] ?? 0) + 1 : change;
      row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, change, swap));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? MOST_DIFFERENT + 1;
}
