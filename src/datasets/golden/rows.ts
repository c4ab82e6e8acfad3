import { CsvError, parse } from "csv-parse/sync";
import { DEEPEST_JSON, placeDeeperThan, placeText } from "../../kernel/depth.ts";
import { messageOf } from "../../kernel/errors.ts";
import {
  inexactNumber,
  NOT_EXACT,
  NOT_EXACT_REMEDY,
  REPEATED_KEY,
  repeatedKey,
} from "../../kernel/exact-json.ts";
import { MOST_VALUES_TOGETHER, partsMoreValues } from "../../kernel/width.ts";
import { LINE_RULES, type LineFault, TOO_DEEP } from "../validate/line-rules.ts";

/** What is wrong with a row: as a line, as another tool's export, or as a row of a table. */
export type RowFault = Omit<LineFault, "rule"> & {
  readonly rule:
    | LineFault["rule"]
    | "unread_key"
    | "shape_unreadable"
    | "table_unreadable"
    | "table_in_parts";
};

/** One example of a file, as the text of a JSON value. */
interface Row {
  /** Its line; in a JSON array its place, 1 for the first. */
  readonly line: number;
  readonly text: string;
}
interface Rows {
  readonly rows: readonly Row[];
  /** What makes the file as a whole unreadable. */
  readonly fault?: RowFault & { readonly line: number };
}

/** The rows of a file: JSON lines, one JSON array, or a table (CSV with a header) as exports and review tools write it. */
export function rowsOf(content: string, firstLine: number, isPart = false): Rows {
  const start = content.trimStart();
  if (isPart && firstLine === 1 && (start.startsWith("[") || (!start.startsWith("{") && headerOf(start))))
    return inParts(start.startsWith("[") ? "JSON array" : "table");
  if (firstLine === 1 && start.startsWith("[")) {
    const rows = arrayRows(content);
    if (rows !== undefined) return rows;
  }
  const columns = firstLine === 1 && !/^[{[]/.test(start) ? headerOf(start) : undefined;
  if (columns !== undefined) return tableRows(content, columns);
  const lines = content.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return { rows: lines.map((text, index) => ({ line: index + firstLine, text })) };
}

/** What follows the first part of a table or an array says nothing by itself: its header or its bracket is elsewhere. */
const inParts = (what: string): Rows => ({
  rows: [],
  fault: {
    line: 1,
    rule: "table_in_parts",
    message: `The file is a ${what} and too large for one request (8 MiB); only files of JSON lines are taken in parts.`,
    remedy:
      "Write one JSON object per line (of an array: `jq -c '.[]'`), or split it into files of less than 8 MiB, each with its header or brackets.",
  },
});

const tooWide: Rows = {
  rows: [],
  fault: {
    line: 1,
    rule: "too_many_values",
    message: `The array holds more than ${MOST_VALUES_TOGETHER} values, at every depth together.`,
    remedy: "Write one JSON object per line (`jq -c '.[]'`), or split it into several files.",
  },
};

function arrayRows(content: string): Rows | undefined {
  if (partsMoreValues(content, MOST_VALUES_TOGETHER)) return tooWide;
  let items: unknown;
  try {
    items = JSON.parse(content);
  } catch {
    return undefined;
  }
  if (!Array.isArray(items)) return undefined;
  // Its rows could not be written as lines.
  const [deep, ...below] = placeDeeperThan(DEEPEST_JSON + 1, items) ?? [];
  if (deep !== undefined) {
    const fault = {
      rule: "nested_too_deeply",
      message: TOO_DEEP,
      remedy: LINE_RULES.nested_too_deeply,
    } as const;
    return { rows: [], fault: { line: Number(deep) + 1, field: placeText(below), ...fault } };
  }
  const inexact = inexactNumber(content);
  const repeated = inexact === undefined ? repeatedKey(content, items) : undefined;
  const rows = items.map((item, index) => ({ line: index + 1, text: JSON.stringify(item) }));
  const at = inexact?.field ?? repeated;
  if (at === undefined) return { rows };
  const [place = "0", ...rest] = at.split(".");
  const what =
    inexact === undefined
      ? { rule: "repeated_key" as const, message: REPEATED_KEY, remedy: LINE_RULES.repeated_key }
      : { rule: "number_not_exact" as const, message: NOT_EXACT, remedy: NOT_EXACT_REMEDY };
  return { rows: [], fault: { line: Number(place) + 1, field: rest.join("."), ...what } };
}

/** Names that one column at least of a table with examples has. */
const COLUMNS =
  /^(?:messages|conversations?|instruction|prompt|question|query|inputs?|chosen|attributes\..+)$/;

interface Header {
  readonly names: readonly string[];
  readonly delimiter: string;
}

function headerOf(content: string): Header | undefined {
  const first = content.split(/\r?\n/, 1)[0] ?? "";
  for (const delimiter of [",", ";", "\t"]) {
    const names = first.split(delimiter).map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
    if (names.length > 1 && names.some((name) => COLUMNS.test(name))) return { names, delimiter };
  }
  return undefined;
}

const unreadable = (line: number, message: string) => ({
  rows: [],
  fault: {
    line,
    rule: "table_unreadable" as const,
    message,
    remedy: "Save the table as CSV anew, or send JSON lines.",
  },
});

function tableRows(content: string, { names, delimiter }: Header): Rows {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return unreadable(1, `The table has two columns named \`${twice.slice(0, 60)}\`.`);
  try {
    const records = parse(content, {
      columns: true,
      delimiter,
      info: true,
      skip_empty_lines: true,
    }) as unknown as {
      readonly record: Record<string, string>;
      readonly info: { readonly lines: number };
    }[];
    return { rows: records.map(({ record, info }) => ({ line: info.lines, text: JSON.stringify(record) })) };
  } catch (thrown) {
    const line = thrown instanceof CsvError ? ((thrown as CsvError & { lines?: number }).lines ?? 1) : 1;
    // The parser's own words may quote the cell.
    return unreadable(
      line,
      `The table cannot be read as CSV (${thrown instanceof CsvError ? thrown.code : messageOf(thrown)}).`,
    );
  }
}
