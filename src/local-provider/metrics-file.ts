import type { Metrics } from "./model/train.ts";

const COLUMNS = [
  "step",
  "train_loss",
  "train_mean_token_accuracy",
  "valid_loss",
  "valid_mean_token_accuracy",
] as const;

const cell = (value: number | undefined) =>
  value === undefined ? "" : String(Math.round(value * 1e5) / 1e5);

/** A job's results file: a row a step, as OpenAI names the columns. */
export function toCsv(rows: readonly Metrics[]): string {
  return [COLUMNS.join(","), ...rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(","))].join(
    "\n",
  );
}
