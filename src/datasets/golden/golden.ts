import type { EndingState, NotWhole } from "../../episodes/endings.ts";
import { invalid } from "../../kernel/errors.ts";
import type { RedactionPolicy } from "../../redaction/policy.ts";
import { redact } from "../../redaction/redact.ts";
import { letOthersRun } from "../common/let-others-run.ts";
import { endingOfRow } from "../exports/ending.ts";
import { importRow, shapeOf } from "../exports/import.ts";
import { contentHash } from "../line/normalise.ts";
import type { Format } from "../recipe-contract.ts";
import { SESSION_FIELD } from "../shards/file-keys.ts";
import { add } from "../shards/shard-file.ts";
import { type CheckedFormat, checkFormat, checkFormatLine, parseLine } from "../validate/line.ts";
import { FaultList, isFields } from "../validate/line-rules.ts";
import { lineWarnings } from "../validate/line-warnings.ts";
import { Notes } from "./notes.ts";
import { type RowFault, rowsOf } from "./rows.ts";

type GoldenFault = RowFault & {
  /** 1 for the first line of the file. */
  readonly line: number;
};

export interface GoldenFile {
  /** Clean lines, ready to be stored; a blank one is "", so that all keep their numbers. */
  readonly lines: readonly string[];
  /** How many of them are examples. */
  readonly kept: number;
  /** How many lines were read, blank ones included. */
  readonly read: number;
  /** What was put right or is worth a look, counted. */
  readonly warnings: Readonly<Record<string, number>>;
  /** For each warning the first lines that it is about. */
  readonly warningLines: Record<string, number[]>;
  /** Rows of other tools that say that their answer is not whole, left out, by how it ended. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface GoldenOptions {
  /** The number of the content's first line in its file; 1 unless it is a part. */
  readonly firstLine?: number | undefined;
  /** A part may be of blank lines alone. */
  readonly mayBeEmpty?: boolean | undefined;
  /** What the lines are redacted by; absent: they are kept as they are. */
  readonly policy?: RedactionPolicy | undefined;
  /** Absent: supervised lines, or another tool's export that becomes them. */
  readonly format?: Format | undefined;
  /** Answers that are not whole and are taken all the same. */
  readonly includeEndings?: readonly NotWhole[] | undefined;
}

const LONGEST_SESSION = 200;
const cleanSession = (session: string, options: GoldenOptions): string =>
  options.policy === undefined ? session : redact(session, options.policy).value;

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
  const dropped: Record<string, number> = {};
  let total = 0;
  let kept = 0;
  const { firstLine = 1, format = "sft" } = options;
  const refuse = (line: number, found: readonly RowFault[]) => {
    invalidLines.add(line);
    total += found.length;
    for (const fault of found) if (faults.length < FAULTS_SHOWN) faults.push({ line, ...fault });
  };

  const marked = content.startsWith("\uFEFF");
  if (marked) notes.add("byte_order_mark", firstLine);
  const { rows, fault } = rowsOf(marked ? content.slice(1) : content, firstLine, options.mayBeEmpty);
  if (fault !== undefined) refuse(fault.line, [fault]);
  for (const [index, { line, text }] of rows.entries()) {
    if (index % LINES_PER_PAUSE === LINES_PER_PAUSE - 1) await letOthersRun();
    // Stored at its own number where it can be, so that whoever names a line names the one of the file.
    while (lines.length < line - firstLine) lines.push("");
    if (text.trim() === "") {
      notes.add("blank_line", line);
      lines.push("");
      continue;
    }
    const { row, session } = apart(text, format);
    const checked = cleaned(row, line, options, notes);
    if (!checked.ok) {
      refuse(line, checked.faults);
      continue;
    }
    const { ending } = checked;
    if (
      ending !== undefined &&
      !(options.includeEndings as readonly EndingState[] | undefined)?.includes(ending)
    ) {
      add(dropped, ending);
      lines.push("");
      continue;
    }
    for (const warning of lineWarnings(checked.line, format)) notes.add(warning, line);
    const hash = contentHash(checked.line);
    if (seen.has(hash)) notes.add("duplicate_line", line);
    seen.add(hash);
    kept++;
    const ofSession = session === undefined ? {} : { [SESSION_FIELD]: cleanSession(session, options) };
    lines.push(JSON.stringify({ ...checked.line, ...ofSession }));
  }
  if (total > 0) throw refusal(faults, total, invalidLines.size);
  if (kept === 0 && options.mayBeEmpty !== true) throw noExample(dropped);
  return { lines, kept, read: rows.length, warnings: notes.warnings, warningLines: notes.lines, dropped };
}

/** @param dropped what was left out of it, by reason */
export function noExample(dropped: Readonly<Record<string, number>>) {
  const reasons = Object.entries(dropped).map(([reason, times]) => `${reason} ${times}`);
  const isLeftOut = reasons.length > 0;
  return invalid(
    "golden_invalid",
    `The golden file holds no example${isLeftOut ? ` with a whole answer (${reasons.join(", ")})` : ""}.`,
    {
      field: "content",
      remedy: isLeftOut
        ? "Give whole answers, or name these endings in include_endings."
        : 'Write one {"messages": [...]} object per line.',
      details: { total: 0, invalid_lines: 0, faults: [], dropped },
    },
  );
}

/**
 * A line may say which session it is of: it stays beside the line until the build, is no part of what is learnt, and
 * ties lines to one group as the sessions of episodes do.
 */
function apart(row: string, format: Format): { readonly row: string; readonly session?: string } {
  // A line for reinforcement has fields of any name, which a grader may read.
  if (format === "rft" || !row.includes(`"${SESSION_FIELD}"`)) return { row };
  const parsed = parseLine(row);
  if (!parsed.ok || !isFields(parsed.value)) return { row };
  // LangSmith calls a project so.
  if (shapeOf(parsed.value, format) === "langsmith") return { row };
  const { [SESSION_FIELD]: session, ...line } = parsed.value;
  return typeof session === "string" && session !== "" && session.length <= LONGEST_SESSION
    ? { row: JSON.stringify(line), session }
    : { row };
}

type Cleaned =
  | (Extract<CheckedFormat, { ok: true }> & { readonly ending?: EndingState | undefined })
  | { readonly ok: false; readonly faults: readonly RowFault[] };

/** A valid line without secrets. Redaction keeps the shape; should it ever not, the line is refused, not stored. */
function cleaned(text: string, line: number, options: GoldenOptions, notes: Notes): Cleaned {
  const checked = imported(text, line, options.format ?? "sft", notes);
  if (!checked.ok || options.policy === undefined) return checked;
  const { value, counts } = redact(checked.line, options.policy);
  if (Object.keys(counts).length === 0) return checked;
  notes.addRedacted(checked.line, counts, line, options.policy);
  const again = checkFormatLine(JSON.stringify(value), options.format ?? "sft");
  return again.ok ? { ...again, ending: checked.ending } : again;
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
  // A line for reinforcement has no answer to learn.
  return format === "rft" ? again : { ...again, ending: endingOfRow(parsed.value) };
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
