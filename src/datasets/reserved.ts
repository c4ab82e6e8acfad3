import { Buffer } from "node:buffer";
import type { Files } from "../files/files.ts";
import type { CandidateTable } from "./candidates.ts";
import type { Dataset } from "./contract.ts";
import { letOthersRun } from "./pause.ts";
import type { DatasetStore } from "./store.ts";

/** A line of a group file: 16 hex digits and a line break. */
const KEY_LINE = 17;

/**
 * Sessions and inputs that stand on the test side of some earlier dataset of the agent: no later build trains on them.
 * Keyed hashes of eight bytes in an open-addressing table, some 12 to 24 bytes a key.
 */
export class ReservedKeys {
  #words: Uint32Array;
  #mask: number;
  #size = 0;

  constructor(most: number) {
    let size = 64;
    while (size < most * 1.5) size *= 2;
    this.#words = new Uint32Array(size * 2);
    this.#mask = size - 1;
  }

  get size(): number {
    return this.#size;
  }

  /** @param hex one key or several, 16 digits each */
  add(hex: string): void {
    const bytes = Buffer.from(hex, "hex");
    for (let at = 0; at + 8 <= bytes.length; at += 8)
      this.#put(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
  }

  /** Whether the example's session or input is reserved. */
  holds(table: CandidateTable, example: number): boolean {
    if (this.#size === 0) return false;
    for (const which of [0, 1]) {
      const low = table.keyWord(example, which);
      const high = table.keyWord(example, which, 1);
      if ((low | high) !== 0 && this.#isFull(this.#place(low, high))) return true;
    }
    return false;
  }

  #put(low: number, high: number): void {
    if (this.#size * 1.2 > this.#mask) this.#grow();
    const at = this.#place(low, high);
    if (this.#isFull(at)) return;
    this.#words[at * 2] = low;
    this.#words[at * 2 + 1] = high;
    this.#size++;
  }

  #isFull(at: number): boolean {
    return (this.#words[at * 2] ?? 0) !== 0 || (this.#words[at * 2 + 1] ?? 0) !== 0;
  }

  /** Where the key is, or would be. */
  #place(low: number, high: number): number {
    let at = low & this.#mask;
    while (
      this.#isFull(at) &&
      ((this.#words[at * 2] ?? 0) !== low || (this.#words[at * 2 + 1] ?? 0) !== high)
    )
      at = (at + 1) & this.#mask;
    return at;
  }

  #grow(): void {
    const old = this.#words;
    this.#words = new Uint32Array(old.length * 2);
    this.#mask = old.length - 1;
    this.#size = 0;
    for (let at = 0; at < old.length; at += 2) {
      const low = old[at] ?? 0;
      const high = old[at + 1] ?? 0;
      if ((low | high) !== 0) this.#put(low, high);
    }
  }
}

/**
 * The keys reserved by the agent's datasets that were finished before this one was asked for, so that building again
 * finds the same ones. Comparable only under the same LIGHTNING_SPLIT_KEY.
 */
export async function reservedKeys(
  deps: { readonly store: Pick<DatasetStore, "testSides">; readonly files: Files },
  dataset: Pick<Dataset, "id" | "agent_id" | "created_at">,
): Promise<ReservedKeys | undefined> {
  const sides = await deps.store.testSides(dataset.agent_id, dataset.created_at);
  const ids = new Set(sides.map((one) => one.id));
  const keys: string[] = [];
  let bytes = 0;
  for (const { same_as, key } of sides) {
    // Of equal datasets one tells it all.
    const size = same_as !== undefined && ids.has(same_as) ? undefined : await deps.files.stat(key);
    if (size === undefined) continue;
    keys.push(key);
    bytes += size.bytes;
  }
  if (keys.length === 0) return undefined;
  const reserved = new ReservedKeys(Math.ceil(bytes / KEY_LINE));
  for (const key of keys)
    for await (const block of wholeLines(deps.files.read(key))) {
      reserved.add(block.replaceAll("\n", ""));
      await letOthersRun();
    }
  return reserved;
}

async function* wholeLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of content) {
    const text = rest + Buffer.from(piece).toString("latin1");
    const end = text.lastIndexOf("\n") + 1;
    rest = text.slice(end);
    yield text.slice(0, end);
  }
}

/** Marks the groups of which any member is reserved, by their roots; a duplicate's keys count, too. */
export function reservedRoots(
  table: CandidateTable,
  group: Int32Array,
  reserved: ReservedKeys | undefined,
): Uint8Array | undefined {
  if (reserved === undefined) return undefined;
  const roots = new Uint8Array(table.length);
  for (let i = 0; i < table.length; i++) if (reserved.holds(table, i)) roots[group[i] ?? i] = 1;
  return roots;
}
