import { writeFileSync } from "node:fs";
import path from "node:path";
import { NOUNS } from "../src/compose/nouns.ts";
import { operationRows } from "../src/compose/operations.ts";
import { readSettings } from "../src/config/settings.ts";
import { sendsKey, takesKey } from "../src/doors/idempotency-key.ts";
import type { Operation } from "../src/doors/operation.ts";
import { episodeInputSchema } from "../src/episodes/contract.ts";
import type { SmallRow } from "../src/wire/row.ts";
import { wireTypes } from "./wire-types.ts";

/** Writes `src/wire/table.ts` and `src/wire/types.ts` from the operations table: `npm run wire`. */

const HEAD = "// Written by `npm run wire` from the operations table; a test holds it equal.\n";

export function smallRow(operation: Operation): SmallRow {
  const { rest, effect, aliases, input } = operation;
  return {
    rest,
    effect,
    ...(aliases === undefined ? {} : { aliases }),
    ofAgent: "agent_id" in input.shape,
    ...(takesKey(operation) ? { key: sendsKey(operation) ? "always" : "taken" } : {}),
  };
}

export const smallTable = (rows: readonly Operation[]): Record<string, SmallRow> =>
  Object.fromEntries(rows.map((row) => [row.name, smallRow(row)]));

export function tableFile(rows: readonly Operation[]): string {
  const lines = Object.entries(smallTable(rows)).map(([name, row]) => `  ${name}: ${JSON.stringify(row)},\n`);
  return [
    HEAD,
    'import type { SmallRow } from "./row.ts";\n\n',
    "/** Every operation, with what a client of the REST doors has to know of it. */\n",
    `export const OPERATIONS = {\n${lines.join("")}} as const satisfies Readonly<Record<string, SmallRow>>;\n\n`,
    "export type OperationName = keyof typeof OPERATIONS;\n",
  ].join("");
}

export function typesFile(rows: readonly Operation[]): string {
  const { types, declarations } = wireTypes(NOUNS, [
    ...(["input", "output"] as const).flatMap((side) => rows.map((row) => ({ schema: row[side], side }))),
    // No row holds it as it is: `recordEpisodes` takes one or many.
    { schema: episodeInputSchema, side: "input" },
  ]);
  const members = (from: number) =>
    rows
      .map(({ name, summary }, i) => `  /** ${summary} */\n  ${name}: ${types[from + i] ?? "never"};\n`)
      .join("");
  return [
    HEAD,
    "/** The operations' nouns as they are on the wire. */\n\n",
    declarations.join("\n"),
    "\n/** What each operation takes; what the settings give where it is absent is optional. */\n",
    `export interface OperationInputs {\n${members(0)}}\n\n`,
    "/** What each operation answers. */\n",
    `export interface OperationOutputs {\n${members(rows.length)}}\n`,
  ].join("");
}

/** Of any machine: what settings give stands in no type. */
export const tableRows = (): Operation[] => operationRows(readSettings({}));

if (process.argv[1] === import.meta.filename) {
  const rows = tableRows();
  const file = (name: string) => path.resolve(import.meta.dirname, "../src/wire", name);
  writeFileSync(file("table.ts"), tableFile(rows));
  writeFileSync(file("types.ts"), typesFile(rows));
}
