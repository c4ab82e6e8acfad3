import { types } from "node:util";

/**
 * A JSON copy of what an agent hands over, taken in the agent's own thread: strings are shared (they cannot change),
 * only the structure is copied. What is no JSON is kept as what it says: an error with its name, message and cause, a
 * map as an object or as pairs, a set as a list, bytes by their number; functions are left out as `JSON.stringify`
 * does. A cycle, a bottomless value, a member that cannot be read and the key `__proto__`, which doors refuse, become a
 * mark. Never throws, and is cheaper than `structuredClone` (`bench/capture`).
 */
const DEEPEST_SNAPSHOT = 60;
/** Objects, list items and members: some ten MB of JSON, which the client itself takes longer to write. */
const MOST_NODES = 250_000;
const TOO_DEEP = "[TOO DEEP]";
const TOO_LARGE = "[TOO LARGE]";
const CYCLE = "[CYCLE]";
const UNREADABLE = "[UNREADABLE]";
const PROTO = "[__proto__]";
/** Members of what is handed over that hold a conversation, oldest first. */
const CONVERSATIONS: ReadonlySet<string> = new Set(["messages", "input"]);

export interface Snapshot {
  readonly value: unknown;
  /** About how much memory it holds on to, in bytes. */
  readonly bytes: number;
}

/** Beside a copy's members, unseen by whoever lists them. */
const LEFT_OUT = Symbol("messages left out");
/** How many of the oldest messages of a copied request, or of what a capture starts with, were too many to be copied. */
export const leftOutOf = (copied: unknown): number | undefined =>
  (copied as { [LEFT_OUT]?: number } | null | undefined)?.[LEFT_OUT];

interface Budget {
  nodes: number;
  bytes: number;
  leftOut: number;
  /** The objects that hold the one at hand. */
  readonly above: object[];
  /** Long texts that are counted already. */
  readonly counted: Set<string>;
}

/** Longer texts are counted as they are held: once, and most of them with one byte for a character. */
const LONG = 16 * 1024;

/** @param counted long texts that were counted before, of other values that are held together with this one */
export function snapshot(value: unknown, counted = new Set<string>()): Snapshot {
  const budget: Budget = { nodes: MOST_NODES, bytes: 0, leftOut: 0, above: [], counted };
  const copied = copy(value, budget);
  if (budget.leftOut > 0) Object.defineProperty(copied, LEFT_OUT, { value: budget.leftOut });
  return { value: copied, bytes: budget.bytes };
}

function copy(value: unknown, budget: Budget): unknown {
  budget.bytes += 8;
  if (typeof value === "string") {
    budget.bytes += value.length < LONG ? 2 * value.length : heldBy(value, budget.counted);
    return value;
  }
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean" || value === null) return value;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object") return undefined;
  if (budget.above.includes(value)) return CYCLE;
  if (budget.above.length >= DEEPEST_SNAPSHOT) return TOO_DEEP;
  if (budget.nodes-- <= 0) return TOO_LARGE;
  budget.above.push(value);
  try {
    return copyObject(value, budget);
  } catch {
    return UNREADABLE;
  } finally {
    budget.above.pop();
  }
}

function heldBy(text: string, counted: Set<string>): number {
  if (counted.has(text)) return 0;
  counted.add(text);
  return Buffer.byteLength(text);
}

function copyObject(value: object, budget: Budget): unknown {
  if (Array.isArray(value)) return copyList(value, budget, false);
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return copy(toJSON.call(value, ""), budget);
  if (types.isNativeError(value)) {
    const { name, message, cause } = value;
    const known = { name, message, ...(cause === undefined ? {} : { cause }) };
    return copyMembers(Object.assign(known, value), budget);
  }
  if (types.isSet(value)) return copyList([...value], budget, false);
  if (types.isMap(value)) {
    const pairs = [...value];
    return pairs.every(([key]) => typeof key === "string")
      ? copyMembers(Object.fromEntries(pairs), budget)
      : copyList(pairs, budget, false);
  }
  if (types.isRegExp(value)) return String(value);
  if (types.isBoxedPrimitive(value)) return copy(value.valueOf(), budget);
  return copyMembers(value, budget);
}

function copyMembers(value: object, budget: Budget): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  const isWhole = budget.above.length === 1;
  const keys = Object.keys(value);
  // A conversation comes last: what there is no room for is its beginning, and not the tools.
  const inOrder = isWhole ? keys.toSorted((a, b) => rank(a) - rank(b)) : keys;
  for (const key of inOrder) {
    if (budget.nodes-- <= 0) break;
    let given: unknown;
    try {
      given = (value as Record<string, unknown>)[key];
    } catch {
      given = UNREADABLE;
    }
    const member =
      isWhole && CONVERSATIONS.has(key) && Array.isArray(given)
        ? copyList(given, budget, true)
        : copy(given, budget);
    if (member === undefined) continue;
    budget.bytes += 2 * key.length;
    out[key === "__proto__" ? PROTO : key] = member;
  }
  return out;
}

const rank = (key: string): number => (CONVERSATIONS.has(key) ? 1 : 0);

/** From its end, since what is too much is then its beginning. */
function copyList(value: readonly unknown[], budget: Budget, isConversation: boolean): unknown[] {
  const items: unknown[] = [];
  for (let i = value.length - 1; i >= 0; i--) {
    if (budget.nodes-- <= 0) {
      if (isConversation) budget.leftOut += i + 1;
      else items.push(TOO_LARGE);
      break;
    }
    items.push(copy(value[i], budget) ?? null);
  }
  return items.toReversed();
}
