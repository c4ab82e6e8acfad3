import type { Metrics } from "./model/progress.ts";

const cell = (value: number | undefined) =>
  value === undefined ? "" : String(Math.round(value * 1e5) / 1e5);

/** A job's results file: a row a step, as OpenAI names the columns; those that no step has are left out. */
export function toCsv(rows: readonly Metrics[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [columns.join(","), ...rows.map((row) => columns.map((column) => cell(row[column])).join(","))].join(
    "\n",
  );
}
