import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { SETTINGS } from "../src/config/settings.ts";
import { isMain } from "../src/kernel/is-main.ts";

/** Writes the README's settings table and `.env.example` from the one table of settings: `npm run docs:settings`. */

interface Row {
  readonly env: string;
  readonly default?: string;
  readonly meaning: string;
}
const rows: readonly Row[] = Object.values(SETTINGS);
const [BEGIN, END] = ["<!-- settings -->", "<!-- /settings -->"];

const cell = (text: string) => text.replaceAll("|", "\\|");
const file = (name: string) => path.resolve(import.meta.dirname, "..", name);

export function settingsTable(): string {
  return [
    "| variable | default | meaning |",
    "|---|---|---|",
    ...rows.map(
      (row) =>
        `| \`${row.env}\` | ${row.default === undefined ? "" : `\`${cell(row.default)}\``} | ${cell(row.meaning)} |`,
    ),
  ].join("\n");
}

/** The text with the table between its markers. @throws Error when it has no markers */
export function withSettingsTable(text: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The README has no ${BEGIN} … ${END}.`);
  return `${text.slice(0, begin + BEGIN.length)}\n${settingsTable()}\n${text.slice(end)}`;
}

/** Every variable with its default, as `node --env-file` reads it; those without one are left out. */
export function envExample(): string {
  const lines = rows.map(
    (row) =>
      `# ${row.meaning}\n${row.default === undefined ? `# ${row.env}=` : `${row.env}=${row.default}`}\n`,
  );
  return `# Every setting of Agent Lightning with its default. Copy what differs; written by \`npm run docs:settings\`.\n\n${lines.join("\n")}`;
}

if (isMain(import.meta.url)) {
  writeFileSync(file(".env.example"), envExample());
  writeFileSync(file("README.md"), withSettingsTable(readFileSync(file("README.md"), "utf8")));
}
