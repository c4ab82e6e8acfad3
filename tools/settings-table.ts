import { writeFileSync } from "node:fs";
import path from "node:path";
import { AGENT_SETTINGS } from "../src/config/agent-settings.ts";
import { DOOR_SETTINGS } from "../src/config/door-settings.ts";
import { LEDGER_SETTINGS } from "../src/config/ledger-settings.ts";
import { LOOP_SETTINGS } from "../src/config/loop-settings.ts";
import { SETTINGS } from "../src/config/settings.ts";
import { isMain } from "../src/kernel/is-main.ts";

/** Writes `docs/settings.md` and `.env.example` from the one table of settings: `npm run docs:settings`. */

interface Row {
  readonly env: string;
  readonly default?: string;
  readonly meaning: string;
  readonly secret?: boolean;
}
const PARTS: readonly (readonly [string, Readonly<Record<string, Row>>])[] = [
  ["Agent: what an agent's process reads, too", AGENT_SETTINGS],
  ["Ledger: where episodes and what comes of them are kept", LEDGER_SETTINGS],
  ["Loop: from capture to retraining", LOOP_SETTINGS],
  ["Doors: who comes in, and what the app reports", DOOR_SETTINGS],
];

const HEAD = `# Settings

Written by \`npm run docs:settings\` from the table in \`src/config/\`; a test refuses a page that differs.

Every setting is an environment variable. All are read once at start and every fault is reported together
([\`bad_settings\`](errors.md)). An empty variable counts as absent. A secret's value never stands in an error or a log.
In Azure they are app settings ([deploy.md](deploy.md)); on a laptop \`.env.example\` has the same list to copy from, for
\`node --env-file\` or the \`Values\` of \`local.settings.json\`.`;

const cell = (text: string) => text.replaceAll("|", "\\|");
const code = (text: string | undefined) => (text === undefined ? "" : `\`${cell(text)}\``);

function table(rows: readonly Row[]): string {
  return [
    "| variable | default | meaning |",
    "|---|---|---|",
    ...rows.map(
      (row) =>
        `| \`${row.env}\` | ${code(row.default)} | ${cell(row.meaning)}${row.secret === true ? " (secret)" : ""} |`,
    ),
  ].join("\n");
}

/** The whole of `docs/settings.md`: a table for each part of the settings. */
export function settingsPage(): string {
  const parts = PARTS.map(([title, rows]) => `## ${title}\n\n${table(Object.values(rows))}`);
  return `${[HEAD, ...parts].join("\n\n")}\n`;
}

/** Every variable with its default, as `node --env-file` reads it; those without one are left out. */
export function envExample(): string {
  const rows: readonly Row[] = Object.values(SETTINGS);
  const lines = rows.map(
    (row) =>
      `# ${row.meaning}\n${row.default === undefined ? `# ${row.env}=` : `${row.env}=${row.default}`}\n`,
  );
  return `# Every setting of Agent Lightning with its default; written by \`npm run docs:settings\`.\n# No program reads this file, or a file .env: set what differs in the environment of the process.\n\n${lines.join("\n")}`;
}

if (isMain(import.meta.url)) {
  const file = (name: string) => path.resolve(import.meta.dirname, "..", name);
  writeFileSync(file("docs/settings.md"), settingsPage());
  writeFileSync(file(".env.example"), envExample());
}
