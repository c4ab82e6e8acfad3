import { Buffer } from "node:buffer";
import type { Files } from "../../files/files.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import type { Dataset } from "../contract.ts";
import { type Candidates, type Entries, KEYS, type Key } from "../shards/candidates.ts";
import type { DatasetStore } from "../store.ts";
import { KeyTable } from "./key-table.ts";

/** A line of a group file: 16 hex digits and a line break. */
const KEY_LINE = 17;

/**
 * Sessions and inputs that stand on the test side of some earlier dataset of the agent: no later build trains on them.
 * Keyed hashes of eight bytes, some 16 to 30 bytes a key.
 */
export class ReservedKeys {
  readonly #table: KeyTable;

  constructor(most: number) {
    this.#table = new KeyTable(KEYS.input.words, most);
  }

  get size(): number {
    return this.#table.size;
  }

  /** @param hex one key or several, 16 digits each */
  add(hex: string): void {
    const bytes = Buffer.from(hex, "hex");
    const words = new Uint32Array(Math.floor(bytes.length / 4));
    for (let k = 0; k < words.length; k++) words[k] = bytes.readUInt32LE(k * 4);
    for (let at = 0; at + 2 <= words.length; at += 2) this.#table.put(words, at, 1);
  }

  /** Whether the example's session or input is reserved. */
  holds(page: Entries, entry: number): boolean {
    const has = (key: Key) => this.#table.get(page.words, page.wordOf(entry, key)) !== -1;
    return this.size > 0 && (has(KEYS.input) || (page.hasSession(entry) && has(KEYS.session)));
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
export async function reservedRoots(
  candidates: Candidates,
  group: Int32Array,
  reserved: ReservedKeys | undefined,
): Promise<Uint8Array | undefined> {
  if (reserved === undefined) return undefined;
  const roots = new Uint8Array(candidates.length);
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++)
      if (reserved.holds(page, k)) roots[group[page.from + k] ?? page.from + k] = 1;
  return roots;
}
