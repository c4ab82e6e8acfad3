import { createHash } from "node:crypto";
import type { Version } from "./store.ts";

/** A physical partition: it holds the documents whose effective keys lie from `min` up to, not including, `max`. */
export interface Range {
  readonly id: string;
  readonly min: string;
  readonly max: string;
  readonly parents: readonly string[];
}
export interface Span {
  readonly min: string;
  readonly max: string;
}

/** One level's share of the effective key: below `FF`, the end of the key space. */
function hashed(value: unknown): string {
  const digest = createHash("md5").update(JSON.stringify(value)).digest();
  digest[0] = Math.min(digest[0] ?? 0, 0xfe);
  return digest.toString("hex").toUpperCase();
}
/** Levels one after another, so that a prefix of a hierarchical key is a prefix of the effective one. */
export const effectiveKey = (key: readonly unknown[]): string => key.map(hashed).join("");

export const within = ({ min, max }: Span, key: string): boolean => key >= min && key < max;

const WIDTH = 4;
const numberOf = (edge: string) => Number.parseInt(edge.slice(0, WIDTH).padEnd(WIDTH, "0"), 16);
const halfway = ({ min, max }: Span) =>
  Math.round((numberOf(min) + numberOf(max)) / 2)
    .toString(16)
    .toUpperCase()
    .padStart(WIDTH, "0");

/** The physical partitions of a container. Each change gives new ones new ids; the former are gone for good. */
export function createRanges(count: number) {
  let next = count;
  let version = 1;
  let ranges: Range[] = Array.from({ length: count }, (_, n) => ({
    id: String(n),
    min: n === 0 ? "" : edge(n),
    max: n === count - 1 ? "FF" : edge(n + 1),
    parents: [],
  }));
  function edge(n: number) {
    return Math.round((n * 256) / count)
      .toString(16)
      .toUpperCase()
      .padStart(2, "0");
  }
  const made = (min: string, max: string, parents: readonly string[]): Range => ({
    id: String(next++),
    min,
    max,
    parents,
  });

  return {
    all: () => ranges,
    etag: () => `"${version}"`,
    /** Undefined: gone, or never there. */
    find: (id: string) => ranges.find((range) => range.id === id),
    /** Cuts every partition in two, in the middle of what it holds. */
    split(versions: readonly Version[]) {
      version += 1;
      const keys = versions.map(({ effective }) => effective).toSorted();
      ranges = ranges.flatMap((range) => {
        const held = keys.filter((key) => within(range, key));
        const middle = held.at(held.length >> 1);
        const cut = middle === undefined || middle === held[0] ? halfway(range) : middle;
        return [made(range.min, cut, [range.id]), made(cut, range.max, [range.id])];
      });
    },
    /** Makes one of each two neighbours. */
    merge() {
      version += 1;
      ranges = Array.from({ length: Math.ceil(ranges.length / 2) }, (_, n) => {
        const [first, second] = ranges.slice(2 * n, 2 * n + 2) as [Range, Range | undefined];
        return second === undefined ? first : made(first.min, second.max, [first.id, second.id]);
      });
    },
  };
}
export type Ranges = ReturnType<typeof createRanges>;

/** What a query's text says about the key, in order of its levels; parameters are given by name. */
export function spanOfQuery(
  query: string,
  parameters: readonly { readonly name: string; readonly value: unknown }[],
  paths: readonly string[],
): { readonly min: string; readonly max: string; readonly isPoint: boolean } {
  const clauses = conjunctsOf(query);
  const key: unknown[] = [];
  for (const path of paths) {
    const wanted = `c["${path.slice(1)}"] = `;
    const name = clauses.find((clause) => clause.startsWith(wanted))?.slice(wanted.length);
    const found = parameters.find((parameter) => parameter.name === name);
    if (found === undefined) break;
    key.push(found.value);
  }
  const min = effectiveKey(key);
  if (key.length === paths.length) return { min, max: min, isPoint: true };
  return { min, max: `${min}FF`, isPoint: false };
}

/** The conditions of a query that stand beside one another on the top level: all of them have to hold. */
export function conjunctsOf(query: string): string[] {
  const where = /\bWHERE (.*?)(?: ORDER BY .*)?$/.exec(query)?.[1] ?? "";
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < where.length; at++) {
    if (where[at] === "(") depth += 1;
    else if (where[at] === ")") depth -= 1;
    else if (depth === 0 && where.startsWith(" AND ", at)) {
      parts.push(where.slice(from, at));
      from = at + 5;
    }
  }
  return [...parts, where.slice(from)];
}
