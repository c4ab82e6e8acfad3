import { stripVTControlCharacters } from "node:util";
import { printableLine } from "../../kernel/printable.ts";

/** A reply's members, read with care: an older server may leave some out. */
export type Body = Readonly<Record<string, unknown>>;

export const RULER = "-".repeat(80);
export const DOUBLE_RULER = "=".repeat(80);

/** A text of a reply made safe for a terminal, on one line: stored text must not move the cursor, colour the screen or pass for a line of ours. */
export function plain(value: unknown): string {
  if (value === undefined || value === null) return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return printableLine(stripVTControlCharacters(text));
}

/** `   Name: value` lines; what is absent is left out. */
export function facts(rows: readonly (readonly [string, unknown])[], indent = "   "): string[] {
  return rows
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => `${indent}${name}: ${plain(value)}`);
}

/** The members of a list in an answer; none where a server leaves it out. */
export function list<One>(value: readonly One[] | undefined): readonly One[];
export function list(value: unknown): readonly Body[];
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
export const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Body)[name] : undefined;

/** Longest cell; longer texts end in an ellipsis. */
const WIDEST_CELL = 60;
/** A column of text is cut down to this; shorter tells nothing. */
const NARROWEST_CELL = 10;
const INDENT = "   ";
const GAP = "  ";

/**
 * Rows under headings, in columns; numbers to the right. Where the terminal is too narrow the longest texts are cut, and
 * where that is not enough each row is a block of `Heading: value` lines. Ids are never cut: they are there to be copied.
 * @param columns of the terminal; absent: as wide as it comes
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly unknown[])[],
  columns = Number.POSITIVE_INFINITY,
): string[] {
  const texts = rows.map((row) => row.map((value) => plain(value).replaceAll(/\s+/g, " ")));
  const wanted = headings.map((heading, column) =>
    Math.max(
      textWidth(heading),
      ...texts.map((row) => Math.min(textWidth(row[column] ?? ""), longest(row[column] ?? ""))),
    ),
  );
  const whole = headings.map((_heading, column) => texts.some((row) => ID.test(row[column] ?? "")));
  const widths = fitted(wanted, whole, columns);
  if (widths === undefined) return blocks(headings, texts, columns);
  const numeric = headings.map((_heading, column) => rows.every((row) => typeof row[column] === "number"));
  const line = (row: readonly string[]) =>
    `${INDENT}${row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const text = shorten(cell, Math.min(width, longest(cell)));
        const room = " ".repeat(Math.max(0, width - textWidth(text)));
        return numeric[column] && rows.length > 0 ? room + text : text + room;
      })
      .join(GAP)
      .trimEnd()}`;
  return [line(headings), line(widths.map((width) => "-".repeat(width))), ...texts.map(line)];
}

/** One word with digits in it: an id, a model's name, a time. */
const ID = /^(?=\S*\d)\S{12,200}$/;
const longest = (cell: string) => (ID.test(cell) ? Number.POSITIVE_INFINITY : WIDEST_CELL);

/** Widths that fit the line: the widest column of text gives way first; undefined: there is not enough to give. */
function fitted(
  wanted: readonly number[],
  whole: readonly boolean[],
  columns: number,
): readonly number[] | undefined {
  const widths = [...wanted];
  const used = () => widths.reduce((sum, width) => sum + width + GAP.length, INDENT.length - GAP.length);
  while (used() > columns) {
    const widest = widths.reduce(
      (best, width, column) =>
        !whole[column] && width > NARROWEST_CELL && width > (widths[best] ?? 0) ? column : best,
      -1,
    );
    if (widest < 0) return undefined;
    widths[widest] = Math.max(NARROWEST_CELL, (widths[widest] ?? 0) - Math.max(1, used() - columns));
  }
  return widths;
}

/** A row a block: the first cell on a line of its own, the others under it. */
function blocks(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string[] {
  return rows.flatMap((row) =>
    row.flatMap((cell, column) => {
      if (cell === "-" || cell === "") return [];
      const label = `${column === 0 ? INDENT : INDENT.repeat(2)}${headings[column] || "State"}: `;
      const room = Math.max(NARROWEST_CELL, columns - label.length);
      return [label + (ID.test(cell) ? cell : shorten(cell, Math.min(room, WIDEST_CELL)))];
    }),
  );
}

/** Columns that a text takes: East Asian letters and emoji take two, combining marks none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const letter of text) width += ZERO_WIDE.test(letter) ? 0 : TWO_WIDE.test(letter) ? 2 : 1;
  return width;
}
const ZERO_WIDE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
const TWO_WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]$/u;

function shorten(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = "";
  let used = 1;
  for (const letter of text) {
    used += textWidth(letter);
    if (used > width) break;
    kept += letter;
  }
  return `${kept}…`;
}

/** Nested facts of any reply, for commands without a text of their own. */
export function outline(body: unknown, indent = "   "): string[] {
  if (typeof body !== "object" || body === null) return [`${indent}${plain(body)}`];
  return Object.entries(body).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    const label = plain(name.replaceAll("_", " "));
    if (Array.isArray(value)) {
      if (value.length === 0) return [];
      if (value.every((one) => typeof one !== "object"))
        return [`${indent}${label}: ${plain(value.join(", "))}`];
      return [
        `${indent}${label}:`,
        ...value.flatMap((one) => [...outline(one, `${indent}   `), ""]).slice(0, -1),
      ];
    }
    if (typeof value === "object")
      return Object.keys(value).length === 0 ? [] : [`${indent}${label}:`, ...outline(value, `${indent}   `)];
    return [`${indent}${label}: ${plain(value)}`];
  });
}
