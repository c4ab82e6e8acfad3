import { writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { operationRows } from "../src/compose/operations.ts";
import { readSettings } from "../src/config/settings.ts";
import * as datasets from "../src/datasets/contract.ts";
import * as recipe from "../src/datasets/recipe-contract.ts";
import * as datasetReplies from "../src/datasets/replies.ts";
import * as deployments from "../src/deployments/contract.ts";
import * as hosted from "../src/deployments/hosted/contract.ts";
import * as deploymentReplies from "../src/deployments/replies.ts";
import * as chat from "../src/doors/chat.ts";
import { sendsKey, takesKey } from "../src/doors/idempotency-key.ts";
import * as manifest from "../src/doors/manifest.ts";
import type { Operation } from "../src/doors/operation.ts";
import * as schemas from "../src/doors/schemas.ts";
import * as episodes from "../src/episodes/contract.ts";
import * as evaluation from "../src/evaluation/contract.ts";
import * as identity from "../src/identity/contract.ts";
import * as overview from "../src/overview/contract.ts";
import * as pipelines from "../src/pipelines/contract.ts";
import * as review from "../src/review/contract.ts";
import * as rewards from "../src/rewards/contract.ts";
import * as trainingContract from "../src/training/contract.ts";
import * as trainingReplies from "../src/training/replies.ts";
import type { SmallRow } from "../src/wire/row.ts";
import { wireTypes } from "./wire-types.ts";

/** Writes `src/wire/table.ts` and `src/wire/types.ts` from the operations table: `npm run wire`. */

const CONTRACTS = [
  chat,
  manifest,
  schemas,
  episodes,
  rewards,
  datasets,
  recipe,
  datasetReplies,
  review,
  trainingContract,
  trainingReplies,
  evaluation,
  deployments,
  hosted,
  deploymentReplies,
  pipelines,
  overview,
  identity,
];

const HEAD = "// Written by `npm run wire` from the operations table; a test holds it equal.\n";

/** Schemas with a name of their own: `runReplySchema` is `RunReply`. Plain texts and numbers are not worth one. */
function namesOfSchemas(): Map<z.ZodType, string> {
  const names = new Map<z.ZodType, string>();
  for (const [exported, value] of CONTRACTS.flatMap((contract) => Object.entries<unknown>(contract))) {
    if (!exported.endsWith("Schema") || !(value instanceof z.ZodType)) continue;
    if (!(value instanceof z.ZodObject || value instanceof z.ZodUnion || value instanceof z.ZodLazy))
      continue;
    names.set(value, exported.charAt(0).toUpperCase() + exported.slice(1, -"Schema".length));
  }
  return names;
}

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
  const { types, declarations } = wireTypes(namesOfSchemas(), [
    ...(["input", "output"] as const).flatMap((side) => rows.map((row) => ({ schema: row[side], side }))),
    // No row holds it as it is: `recordEpisodes` takes one or many.
    { schema: episodes.episodeInputSchema, side: "input" },
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
