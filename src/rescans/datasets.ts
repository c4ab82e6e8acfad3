import { setImmediate as letOthersRun } from "node:timers/promises";
import { type ReadyDataset, SPLITS } from "../datasets/contract.ts";
import { type Files, lines } from "../files/files.ts";
import type { RedactionPolicy } from "../redaction/policy.ts";
import { redact } from "../redaction/redact.ts";

/** Lines between turns of the loop. */
const LINES_AT_ONCE = 32;

/**
 * How many lines of a dataset's files hold what is found today. The files stay as they are: what was trained on them can
 * still be explained, and a dataset is never another one under its name.
 */
export async function unresolvedLines(
  files: Files,
  dataset: ReadyDataset,
  policy: RedactionPolicy,
): Promise<{ readonly lines: number; readonly counts: Record<string, number> }> {
  const found = { lines: 0, counts: {} as Record<string, number> };
  let read = 0;
  for (const split of SPLITS) {
    const file = dataset.files[split];
    if (file === undefined) continue;
    for await (const text of lines(files.read(file.key))) {
      if (++read % LINES_AT_ONCE === 0) await letOthersRun();
      if (text.trim() === "") continue;
      const { counts } = redact(JSON.parse(text) as unknown, policy);
      const kinds = Object.entries(counts);
      if (kinds.length > 0) found.lines++;
      for (const [kind, count] of kinds) found.counts[kind] = (found.counts[kind] ?? 0) + count;
    }
  }
  return found;
}
