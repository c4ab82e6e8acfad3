import { redact } from "../episodes/redact.ts";
import { invalid } from "../kernel/errors.ts";
import { exampleLine } from "./example.ts";
import type { LineFault } from "./line-rules.ts";
import { contentHash } from "./normalise.ts";
import { letOthersRun } from "./pause.ts";
import { add } from "./shard-file.ts";
import { checkLine } from "./validate.ts";

export interface GoldenFault extends LineFault {
  /** 1 for the first line of the file. */
  readonly line: number;
}

export interface GoldenFile {
  /** Clean lines, ready to be stored. */
  readonly lines: readonly string[];
  /** What was put right or is worth a look, counted. */
  readonly warnings: Readonly<Record<string, number>>;
}

const FAULTS_SHOWN = 20;
const LINES_PER_PAUSE = 64;

/**
 * Checks a golden file as a whole: one invalid line refuses it. What does no harm once it is put right (byte-order
 * mark, blank lines) or is dealt with later (equal lines) is a warning.
 * @throws LightningError invalid `golden_invalid` with line, rule and remedy of the first 20 faults and their number
 */
export async function readGolden(
  content: string,
  options: { readonly redact: boolean },
): Promise<GoldenFile> {
  const warnings: Record<string, number> = {};
  const faults: GoldenFault[] = [];
  const invalidLines = new Set<number>();
  const lines: string[] = [];
  const seen = new Set<string>();
  let total = 0;

  const marked = content.startsWith("\uFEFF");
  if (marked) add(warnings, "byte_order_mark");
  const rows = (marked ? content.slice(1) : content).split(/\r?\n/);
  if (rows.at(-1) === "") rows.pop();
  for (const [index, row] of rows.entries()) {
    if (index % LINES_PER_PAUSE === LINES_PER_PAUSE - 1) await letOthersRun();
    if (row.trim() === "") {
      add(warnings, "blank_line");
      continue;
    }
    const checked = cleaned(row, options, warnings);
    if (checked.ok) {
      const hash = contentHash(checked.example);
      if (seen.has(hash)) add(warnings, "duplicate_line");
      seen.add(hash);
      lines.push(exampleLine(checked.example));
      continue;
    }
    invalidLines.add(index + 1);
    total += checked.faults.length;
    for (const fault of checked.faults)
      if (faults.length < FAULTS_SHOWN) faults.push({ line: index + 1, ...fault });
  }
  if (total > 0) throw refusal(faults, total, invalidLines.size);
  if (lines.length === 0)
    throw invalid("golden_invalid", "The golden file holds no example.", {
      field: "content",
      remedy: 'Write one {"messages": [...]} object per line.',
      details: { total: 0, invalid_lines: 0, faults: [] },
    });
  return { lines, warnings };
}

/** A valid line without secrets. Redaction keeps the shape; should it ever not, the line is refused, not stored. */
function cleaned(row: string, options: { readonly redact: boolean }, warnings: Record<string, number>) {
  const checked = checkLine(row);
  if (!checked.ok || !options.redact) return checked;
  const { value, counts } = redact(checked.example);
  if (Object.keys(counts).length === 0) return checked;
  for (const [kind, times] of Object.entries(counts)) add(warnings, `redacted:${kind}`, times);
  return checkLine(exampleLine(value));
}

function refusal(faults: readonly GoldenFault[], total: number, invalidLines: number) {
  const first = faults[0];
  return invalid(
    "golden_invalid",
    `Line ${first?.line}: ${first?.message} (${first?.rule}). ${invalidLines} of the lines ${invalidLines === 1 ? "is" : "are"} invalid, with ${total} fault${total === 1 ? "" : "s"} in all; nothing was stored.`,
    {
      field: `content.${first?.line}`,
      remedy: first?.remedy,
      details: { total, invalid_lines: invalidLines, faults },
    },
  );
}
