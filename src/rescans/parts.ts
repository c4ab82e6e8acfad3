import { Buffer } from "node:buffer";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { Episode } from "../episodes/contract.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import type { Files } from "../files/files.ts";
import { fatal } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { redactBytes } from "../parts/redact-bytes.ts";
import { createPartStore, PART_FOLDERS } from "../parts/store.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { applied, type Counts } from "./apply.ts";
import { changeOfParts } from "./texts.ts";

interface PartDeps {
  readonly ledger: Ledger;
  readonly files: Files;
}
interface PartPlace {
  readonly agentId: string;
  readonly rescan: string;
  readonly policy: RedactionPolicy;
}

/** What one page takes at most: one part is held at a time, and the next page begins behind what was written down. */
const PARTS_A_PAGE = 50;
const BYTES_A_PAGE = 16 * 1024 * 1024;
const EPISODES_AT_ONCE = 20;

export async function countParts(files: Files, agentId: string): Promise<number> {
  const store = createPartStore(files);
  let count = 0;
  for (const folder of PART_FOLDERS) count += (await store.list(agentId, folder)).length;
  return count;
}

/**
 * The parts behind one, in the order of their hashes, as far as a page goes.
 * @returns `after`: the last one; undefined: there are no more
 */
export async function pageOfParts(
  files: Files,
  agentId: string,
  after = "",
): Promise<{ readonly parts: readonly string[]; readonly after: string | undefined }> {
  const store = createPartStore(files);
  const parts: string[] = [];
  let bytes = 0;
  for (const folder of PART_FOLDERS) {
    if (folder < after.slice(0, folder.length)) continue;
    for (const part of await store.list(agentId, folder)) {
      if (part <= after) continue;
      bytes += (await store.size(agentId, part)) ?? 0;
      parts.push(part);
      if (parts.length >= PARTS_A_PAGE || bytes >= BYTES_A_PAGE) return { parts, after: part };
    }
  }
  return { parts, after: undefined };
}

/**
 * Holds one part to the rules: what they leave of its text becomes a part of its own, the episodes that name the earlier
 * one name that, and the earlier one is removed. It is removed last: after a crash it is found again. One that no episode
 * names is removed alone: whoever sent it ahead of an episode is told that it is unknown, and sends it by today's rules.
 * @returns what was found; undefined: nothing
 * @throws fatal `part_damaged`
 */
export async function rescanPart(
  { ledger, files }: PartDeps,
  part: string,
  { agentId, policy, rescan }: PartPlace,
): Promise<Counts | undefined> {
  const store = createPartStore(files);
  const content = await store.read(agentId, part);
  if (content === undefined) {
    if (!(await store.has(agentId, part))) return undefined;
    throw fatal("part_damaged", "The file is not what its name says, and was not looked through.");
  }
  await letOthersRun();
  const before = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const { bytes, counts } = redactBytes(before, policy);
  if (Object.keys(counts).length === 0) return undefined;
  const next = { sha256: sha256(bytes), bytes: bytes.byteLength };
  const text = bytes.toString("utf8");

  /** Every episode that names the earlier part by now; answers how many. */
  async function pointElsewhere(): Promise<number> {
    const episodes = createEpisodeStore(ledger);
    let changed = 0;
    let after: string | undefined;
    do {
      const page = await episodes.page({ agentId, part }, EPISODES_AT_ONCE, after);
      if (page.items.length > 0) await store.put(agentId, next.sha256, bytes);
      for (const episode of page.items) {
        const found = await applied<Episode>(ledger, "episodes", [agentId, episode.id], episode, (one) =>
          changeOfParts(one, part, { ...next, text, counts }, rescan),
        );
        if (found !== undefined) changed++;
      }
      after = page.continuation;
    } while (after !== undefined);
    return changed;
  }

  // An episode that was checked before the file went may be written after it.
  do {
    while ((await pointElsewhere()) > 0);
    await store.remove(agentId, part);
  } while ((await pointElsewhere()) > 0);
  return counts;
}
