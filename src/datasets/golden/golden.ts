import { invalid } from "../../kernel/errors.ts";
import { redact } from "../../redaction/redact.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import { importRow } from "../exports/import.ts";
import { contentHash } from "../line/normalise.ts";
import type { Format } from "../recipe-contract.ts";
import { type CheckedFormat, checkFormat, checkFormatLine, parseLine } from "../validate/line.ts";
import { FaultList } from "../validate/line-rules.ts";
import { lineWarnings } from "../validate/line-warnings.ts";
import { Notes } from "./notes.ts";
import { type RowFault, rowsOf } from "./rows.ts";

type GoldenFault = RowFault & {
  /** 1 for the first line of the file. */
  readonly line: number;
};

export interface GoldenFile {
  /** Clean lines, ready to be stored. */
  readonly lines: readonly string[];
  /** How many lines were read, blank ones included. */
  readonly read: number;
  /** What was put right or is worth a look, counted. */
  readonly warnings: Readonly<Record<string, number>>;
  /** For each warning the first lines that it is about. */
  readonly warningLines: Record<string, number[]>;
}

export interface GoldenOptions {
  /** The number of the content's first line in its file; 1 unless it is a part. */
  readonly firstLine?: number | undefined;
  /** A part may be of blank lines alone. */
  readonly mayBeEmpty?: boolean | undefined;
  readonly redact: boolean;
  /** Absent: supervised lines, or another tool's export that becomes them. */
  readonly format?: Format | undefined;
}

const FAULTS_SHOWN = 20;
const LINES_PER_PAUSE = 64;

/**
 * Checks a golden file as a whole: one invalid line refuses it. What does no harm once it is put right (byte-order
 * mark, blank lines) or is dealt with later (equal lines) is a warning.
 * @throws LightningError invalid `golden_invalid` with line, rule and remedy of the first 20 faults and their number
 */
export async function readGolden(content: string, options: GoldenOptions): Promise<GoldenFile> {
  const notes = new Notes();
  const faults: GoldenFault[] = [];
  const invalidLines = new Set<number>();
  const lines: string[] = [];
  const seen = new Set<string>();
  let total = 0;
  const { firstLine = 1, format = "sft" } = options;
  const refuse = (line: number, found: readonly RowFault[]) => {
    invalidLines.add(line);
    total += found.length;
    for (const fault of found) if (faults.length < FAULTS_SHOWN) faults.push({ line, ...fault });
  };

  const marked = content.startsWith("\uFEFF");
  if (marked) notes.add("byte_order_mark", firstLine);
  const { rows, fault } = rowsOf(marked ? content.slice(1) : content, firstLine);
  if (fault !== undefined) refuse(fault.line, [fault]);
  for (const [index, { line, text }] of rows.entries()) {
    if (index % LINES_PER_PAUSE === LINES_PER_PAUSE - 1) await letOthersRun();
    if (text.trim() === "") {
      notes.add("blank_line", line);
      continue;
    }
    const checked = cleaned(text, line, options, notes);
    if (!checked.ok) {
      refuse(line, checked.faults);
      continue;
    }
    for (const warning of lineWarnings(checked.line, format)) notes.add(warning, line);
    const hash = contentHash(checked.line);
    if (seen.has(hash)) notes.add("duplicate_line", line);
    seen.add(hash);
    lines.push(JSON.stringify(checked.line));
  }
  if (total > 0) throw refusal(faults, total, invalidLines.size);
  if (lines.length === 0 && options.mayBeEmpty !== true) throw noExample();
  return { lines, read: rows.length, warnings: notes.warnings, warningLines: notes.lines };
}

export const noExample = () =>
  invalid("golden_invalid", "The golden file holds no example.", {
    field: "content",
    remedy: 'Write one {"messages": [...]} object per line.',
    details: { total: 0, invalid_lines: 0, faults: [] },
  });

type Cleaned =
  | Extract<CheckedFormat, { ok: true }>
  | { readonly ok: false; readonly faults: readonly RowFault[] };

/** A valid line without secrets. Redaction keeps the shape; should it ever not, the line is refused, not stored. */
function cleaned(text: string, line: number, options: GoldenOptions, notes: Notes): Cleaned {
  const checked = imported(text, line, options.format ?? "sft", notes);
  if (!checked.ok || !options.redact) return checked;
  const { value, counts } = redact(checked.line);
  if (Object.keys(counts).length === 0) return checked;
  notes.addRedacted(checked.line, counts, line);
  return checkFormatLine(JSON.stringify(value), options.format ?? "sft");
}

function imported(text: string, line: number, format: Format, notes: Notes): Cleaned {
  const parsed = parseLine(text);
  if (!parsed.ok) return parsed;
  const checked = checkFormat(parsed.value, format);
  if (checked.ok) return checked;
  const row = importRow(parsed.value, format);
  if (row === undefined) return checked;
  // What is wrong with a line of the format itself the validator says better.
  if (!row.ok) return row.shape === "chat" ? chatFaults(row.faults, checked.faults) : row;
  const again = checkFormat(row.value, format);
  if (!again.ok) return again;
  notes.add(`imported:${row.shape}`, line);
  for (const key of row.dropped) notes.add(`left_out_key:${key.slice(0, 60)}`, line);
  return again;
}

function chatFaults(unread: readonly RowFault[], faults: readonly RowFault[]): Cleaned {
  if (unread[0]?.rule !== "unread_key") return { ok: false, faults };
  const list = new FaultList();
  for (const { field = "" } of unread)
    list.add("unknown_key", `\`${field.slice(0, 80)}\` is not a key of the format.`, field);
  return { ok: false, faults: list.faults };
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
