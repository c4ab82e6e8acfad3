import type { CaptureSettings } from "../episodes/clean.ts";
import type { Episode } from "../episodes/contract.ts";
import { contentOf, redactAnew } from "../episodes/rules.ts";
import { beginningOf } from "../episodes/truncate.ts";
import { defined } from "../kernel/defined.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import type { PatchOperation } from "../ledger/ledger.ts";
import { bytesPointer, type PartFacts, pointerIn, textPointer } from "../parts/pointer.ts";
import { mapTexts } from "../parts/resolve.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";
import type { Reward } from "../rewards/contract.ts";
import type { WaitingReward } from "../rewards/waiting-contract.ts";
import type { Change, Counts } from "./apply.ts";

/** `rescan` is noted on what is changed, so that feeds and counts tell it from what is new. */
export function changeOfEpisode(
  episode: Episode,
  policy: RedactionPolicy,
  settings: CaptureSettings,
  rescan: string,
): Change | undefined {
  if (episode.redaction.version === policy.version) return undefined;
  const anew = redactAnew(episode, policy, settings);
  if (Object.keys(anew.counts).length === 0) return undefined;
  const operations = differences(episode, anew.episode).filter(({ field }) => field !== "redaction");
  const redaction = { ...anew.episode.redaction, rescan };
  // Last, as a patch takes few operations at once: what is half changed is not yet of the new version.
  return {
    operations: [...operations, { op: "set", field: "redaction", value: redaction }],
    counts: anew.counts,
  };
}

/** An episode with another part in the place of one that it names; behind the beginning of a text stands the new one's. */
export function changeOfParts(
  episode: Episode,
  part: string,
  next: PartFacts & { readonly text: string; readonly counts: Counts },
  rescan: string,
): Change | undefined {
  if (episode.parts?.includes(part) !== true) return undefined;
  const { sha256, bytes, text, counts } = next;
  const content = contentOf(episode);
  const pointing = mapTexts(content, (one) => {
    const pointer = pointerIn(one);
    if (pointer?.sha256 !== part) return one;
    const { before, type } = pointer;
    return type === undefined
      ? textPointer(beginningOf(text, before.length), { sha256, bytes })
      : before + bytesPointer({ sha256, bytes, type });
  }) as object;
  const parts = [...new Set(episode.parts.map((one) => (one === part ? sha256 : one)))];
  const sum = { ...episode.redaction.counts };
  for (const [kind, count] of Object.entries(counts)) sum[kind] = (sum[kind] ?? 0) + count;
  const redaction = { ...episode.redaction, counts: sum, rescan };
  return {
    // `parts` last: what is half changed names the earlier part still, and is found by it.
    operations: [
      ...differences(content, pointing).filter(({ field }) => field !== "parts"),
      ...sets({ redaction, parts }),
    ],
    counts,
  };
}

export function changeOfReward(reward: Reward, policy: RedactionPolicy, rescan: string): Change | undefined {
  const { value, counts } = redact(defined({ comments: reward.comments, metadata: reward.metadata }), policy);
  if (Object.keys(counts).length === 0) return undefined;
  return {
    operations: [...sets(value), { op: "set", field: "rescan", value: rescan }],
    counts,
  };
}

export function changeOfWaiting({ judgement }: WaitingReward, policy: RedactionPolicy): Change | undefined {
  if (judgement === undefined) return undefined;
  const { comments, metadata } = judgement;
  const { value, counts } = redact(defined({ comments, metadata }), policy);
  if (Object.keys(counts).length === 0) return undefined;
  const said = { ...judgement, ...value };
  return { operations: sets({ judgement: said, bytes: Buffer.byteLength(JSON.stringify(said)) }), counts };
}

const sets = (fields: object): PatchOperation[] =>
  Object.entries(fields).map(([field, value]) => ({ op: "set", field, value: value as unknown }));

function differences(before: object, after: object): PatchOperation[] {
  const from = before as Record<string, unknown>;
  const to = after as Record<string, unknown>;
  const operations: PatchOperation[] = [];
  for (const field of new Set([...Object.keys(from), ...Object.keys(to)])) {
    if (to[field] === undefined) {
      if (from[field] !== undefined) operations.push({ op: "remove", field });
    } else if (canonicalJson(from[field] ?? null) !== canonicalJson(to[field]))
      operations.push({ op: "set", field, value: to[field] });
  }
  return operations;
}
