import { invalid } from "../../kernel/errors.ts";
import { redact } from "../../redaction/redact.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import { contentHash } from "../line/normalise.ts";
import type { Format } from "../recipe-contract.ts";
import { SESSION_FIELD } from "../shards/file-keys.ts";
import { add } from "../shards/shard-file.ts";
import { type CheckedFormat, checkFormatLine, parseLine } from "../validate/line.ts";
import { isFields, type LineFault } from "../validate/line-rules.ts";
import { fromExport, fromPreferenceExport } from "./import.ts";

interface GoldenFault extends LineFault {
  /** 1 for the first line of the file. */
  readonly line: number;
}

export interface GoldenFile {
  /** Clean lines, ready to be stored; a blank one is "", so that all keep their numbers. */
  readonly lines: readonly string[];
  /** How many of them are examples. */
  readonly kept: number;
  /** How many lines were read, blank ones included. */
  readonly read: number;
  /** What was put right or is worth a look, counted. */
  readonly warnings: Readonly<Record<string, number>>;
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

const LONGEST_SESSION = 200;
const cleanSession = (session: string, options: GoldenOptions): string =>
  options.redact ? redact(session).value : session;

const FAULTS_SHOWN = 20;
const LINES_PER_PAUSE = 64;

/**
 * Checks a golden file as a whole: one invalid line refuses it. What does no harm once it is put right (byte-order
 * mark, blank lines) or is dealt with later (equal lines) is a warning.
 * @throws LightningError invalid `golden_invalid` with line, rule and remedy of the first 20 faults and their number
 */
export async function readGolden(content: string, options: GoldenOptions): Promise<GoldenFile> {
  const warnings: Record<string, number> = {};
  const faults: GoldenFault[] = [];
  const invalidLines = new Set<number>();
  const lines: string[] = [];
  const seen = new Set<string>();
  let total = 0;
  let kept = 0;
  const { firstLine = 1 } = options;

  const marked = content.startsWith("\uFEFF");
  if (marked) add(warnings, "byte_order_mark");
  const rows = (marked ? content.slice(1) : content).split(/\r?\n/);
  if (rows.at(-1) === "") rows.pop();
  for (const [index, row] of rows.entries()) {
    if (index % LINES_PER_PAUSE === LINES_PER_PAUSE - 1) await letOthersRun();
    if (row.trim() === "") {
      add(warnings, "blank_line");
      lines.push("");
      continue;
    }
    const { row: line, session } = apart(row);
    const checked = cleaned(line, options, warnings);
    if (checked.ok) {
      kept++;
      const hash = contentHash(checked.line);
      if (seen.has(hash)) add(warnings, "duplicate_line");
      seen.add(hash);
      const ofSession = session === undefined ? {} : { [SESSION_FIELD]: cleanSession(session, options) };
      lines.push(JSON.stringify({ ...checked.line, ...ofSession }));
      continue;
    }
    invalidLines.add(index + firstLine);
    total += checked.faults.length;
    for (const fault of checked.faults)
      if (faults.length < FAULTS_SHOWN) faults.push({ line: index + firstLine, ...fault });
  }
  if (total > 0) throw refusal(faults, total, invalidLines.size);
  if (kept === 0 && options.mayBeEmpty !== true) throw noExample();
  return { lines, kept, read: rows.length, warnings };
}

export const noExample = () =>
  invalid("golden_invalid", "The golden file holds no example.", {
    field: "content",
    remedy: 'Write one {"messages": [...]} object per line.',
    details: { total: 0, invalid_lines: 0, faults: [] },
  });

/**
 * A line may say which session it is of: it stays beside the line until the build, is no part of what is learnt, and
 * ties lines to one group as the sessions of episodes do.
 */
function apart(row: string): { readonly row: string; readonly session?: string } {
  if (!row.includes(`"${SESSION_FIELD}"`)) return { row };
  const parsed = parseLine(row);
  if (!parsed.ok || !isFields(parsed.value)) return { row };
  const { [SESSION_FIELD]: session, ...line } = parsed.value;
  return typeof session === "string" && session !== "" && session.length <= LONGEST_SESSION
    ? { row: JSON.stringify(line), session }
    : { row };
}

/** A valid line without secrets. Redaction keeps the shape; should it ever not, the line is refused, not stored. */
function cleaned(row: string, options: GoldenOptions, warnings: Record<string, number>): CheckedFormat {
  const checked = imported(row, options.format ?? "sft", warnings);
  if (!checked.ok || !options.redact) return checked;
  const { value, counts } = redact(checked.line);
  if (Object.keys(counts).length === 0) return checked;
  for (const [kind, times] of Object.entries(counts)) add(warnings, `redacted:${kind}`, times);
  return checkFormatLine(JSON.stringify(value), options.format ?? "sft");
}

function imported(row: string, format: Format, warnings: Record<string, number>): CheckedFormat {
  const checked = checkFormatLine(row, format);
  if (checked.ok || format === "rft") return checked;
  const parsed = parseLine(row);
  if (format === "dpo") {
    const pair = parsed.ok ? fromPreferenceExport(parsed.value) : undefined;
    const again = pair === undefined ? checked : checkFormatLine(JSON.stringify(pair), format);
    if (again.ok) add(warnings, "imported:chosen_rejected");
    return again;
  }
  const found = parsed.ok ? fromExport(parsed.value) : undefined;
  if (found === undefined) return checked;
  const again = checkFormatLine(JSON.stringify(found.example), format);
  if (again.ok) add(warnings, `imported:${found.shape}`);
  return again;
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
