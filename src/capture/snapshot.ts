/**
 * A JSON copy of what an agent hands over, taken in the agent's own thread: strings are shared (they cannot change),
 * only the structure is copied. Anything that is not JSON becomes what `JSON.stringify` would make of it, cycles and
 * bottomless values become a mark, and so does the key `__proto__`, which doors refuse. Cheaper than `structuredClone` and never throws for what a class instance holds
 * (`bench/capture`).
 */
const DEEPEST_SNAPSHOT = 60;
const MOST_NODES = 20_000;
const TOO_DEEP = "[TOO DEEP]";
const TOO_LARGE = "[TOO LARGE]";
const PROTO = "[__proto__]";

export interface Snapshot {
  readonly value: unknown;
  /** About how much memory it holds on to, in bytes. */
  readonly bytes: number;
}

export function snapshot(value: unknown): Snapshot {
  const budget = { nodes: MOST_NODES, bytes: 0 };
  const copied = copy(value, 0, budget);
  return { value: copied, bytes: budget.bytes };
}

function copy(value: unknown, depth: number, budget: { nodes: number; bytes: number }): unknown {
  budget.bytes += 8;
  if (typeof value === "string") {
    budget.bytes += 2 * value.length;
    return value;
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object") return undefined;
  if (depth >= DEEPEST_SNAPSHOT) return TOO_DEEP;
  if (budget.nodes-- <= 0) return TOO_LARGE;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) {
      if (budget.nodes-- <= 0) {
        items.push(TOO_LARGE);
        break;
      }
      items.push(copy(item, depth + 1, budget) ?? null);
    }
    return items;
  }
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return copy(toJSON.call(value, ""), depth + 1, budget);
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (budget.nodes-- <= 0) break;
    const member = copy((value as Record<string, unknown>)[key], depth + 1, budget);
    if (member === undefined) continue;
    budget.bytes += 2 * key.length;
    out[key === "__proto__" ? PROTO : key] = member;
  }
  return out;
}
