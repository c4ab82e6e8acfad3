import { type Hits, isPlaceholder, looksRandom, looksSecret, replaced } from "../hits.ts";
import { isMode } from "./expressions.ts";
import { nameMeaning, type Strength } from "./names.ts";

/**
 * Tables of text (CSV, markdown, what `psql` prints): a line of names, one of which names a secret, and lines with as
 * many cells below it.
 */
const SEPARATORS = ["|", "\t", ",", ";"];
/** A line of names is short, and one of values not endless. */
const LONGEST_HEAD = 400;
const LONGEST_LINE = 10_000;
const MOST_CELLS = 60;
const RULE = /^[\s|:+-]+$/;
const NAME = /^[\s"'*`]*[A-Za-z][\w .-]{0,40}[\s"'*`]*$/;

/** What a cell holds, and what may stand around it. */
const WORD = /[^\s"'`*<{[($][^\s"'`]*/;
const AROUND = /^[\s"'`*]*$/;

interface Head {
  readonly separator: string;
  readonly cells: number;
  /** By column, for those that name a secret. */
  readonly secret: ReadonlyMap<number, Strength>;
}

export function redactTables(text: string, hits: Hits): string {
  if (!/[\n][^\n]/.test(text) || !/[|\t,;]/.test(text)) return text;
  let head: Head | undefined;
  let out = "";
  let done = 0;
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    const length = end - start;
    const line = length <= LONGEST_LINE ? text.slice(start, end) : "";
    if (head !== undefined && line.trim() !== "") {
      if (!RULE.test(line)) {
        const clean: string | undefined = redactRow(line, head, hits);
        if (clean === undefined) head = undefined;
        else if (clean !== line) {
          out += text.slice(done, start) + clean;
          done = end;
        }
      }
    } else head = undefined;
    if (head === undefined && length <= LONGEST_HEAD) head = headOf(line);
    start = end + 1;
  }
  return done === 0 ? text : out + text.slice(done);
}

function headOf(line: string): Head | undefined {
  for (const separator of SEPARATORS) {
    if (!line.includes(separator)) continue;
    const cells = line.split(separator);
    if (cells.length > MOST_CELLS) return undefined;
    const secret = new Map<number, Strength>();
    for (const [column, cell] of cells.entries()) {
      if (cell.trim() === "" && separator === "|") continue;
      if (!NAME.test(cell)) return undefined;
      const { strength } = nameMeaning(cell.trim());
      if (strength !== "plain") secret.set(column, strength);
    }
    return secret.size === 0 ? undefined : { separator, cells: cells.length, secret };
  }
  return undefined;
}

/** The row without its secrets; undefined when it is none of the table. */
function redactRow(line: string, { separator, cells, secret }: Head, hits: Hits): string | undefined {
  const parts = line.split(separator);
  if (parts.length !== cells) return undefined;
  for (const [column, strength] of secret) {
    const cell = parts[column] ?? "";
    const value = WORD.exec(cell)?.[0] ?? "";
    const rest = cell.replace(value, "");
    if (value === "" || !AROUND.test(rest) || isMode(value) || isPlaceholder(value)) continue;
    if (!(strength === "random" ? looksRandom(value) : looksSecret(value))) continue;
    parts[column] = cell.replace(value, () => replaced(hits, "secret", value));
  }
  return parts.join(separator);
}
