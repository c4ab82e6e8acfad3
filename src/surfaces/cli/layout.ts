import { stripVTControlCharacters } from "node:util";

/** A reply's members, read with care: an older server may leave some out. */
export type Body = Readonly<Record<string, unknown>>;

export const RULER = "-".repeat(80);
export const DOUBLE_RULER = "=".repeat(80);

/** A text of a reply made safe for a terminal: stored text must not move the cursor or colour the screen. */
export function plain(value: unknown): string {
  if (value === undefined || value === null) return "-";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return stripVTControlCharacters(text).replaceAll(/(?![\n\t])\p{Cc}/gu, " ");
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

/** Rows under headings, in columns; numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly unknown[])[]): string[] {
  const cells = rows.map((row) => row.map((value) => shorten(plain(value).replaceAll(/\s+/g, " "))));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => (row[column] ?? "").length)),
  );
  const numeric = headings.map((_heading, column) => rows.every((row) => typeof row[column] === "number"));
  const line = (row: readonly string[]) =>
    `   ${row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numeric[column] && rows.length > 0 ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd()}`;
  return [line(headings), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)];
}

const shorten = (text: string) => (text.length > WIDEST_CELL ? `${text.slice(0, WIDEST_CELL - 1)}…` : text);

/** Nested facts of any reply, for commands without a text of their own. */
export function outline(body: unknown, indent = "   "): string[] {
  if (typeof body !== "object" || body === null) return [`${indent}${plain(body)}`];
  return Object.entries(body).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    const label = name.replaceAll("_", " ");
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
