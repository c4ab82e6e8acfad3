import { readFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { AGENT_SETTINGS } from "../../src/config/agent-settings.ts";
import { readSettings, SETTINGS } from "../../src/config/settings.ts";
import { envExample, settingsPage } from "../../tools/settings-table.ts";

const read = (name: string) => readFileSync(path.resolve(import.meta.dirname, "../..", name), "utf8");

/** When one of these fails: `npm run docs:settings`. */
describe("the settings that are written down", () => {
  it("stand in docs/settings.md as the schema has them (defect 10: documents name what does not exist)", () => {
    expect(read("docs/settings.md")).toBe(settingsPage());
  });

  it("stand there once each, whatever part they belong to", () => {
    const named = [...settingsPage().matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map((match) => match[1]);
    expect(named).toEqual(Object.values(SETTINGS).map((row) => row.env));
  });

  it("stand in .env.example as the schema has them", () => {
    expect(read(".env.example")).toBe(envExample());
  });

  it("in .env.example are the defaults: read back, they change nothing", () => {
    expect(readSettings(parseEnv(read(".env.example")))).toEqual(readSettings({}));
  });

  it("in the README of the agent's package are those that an agent's process reads, with their defaults", () => {
    const rows = [
      ...read("packages/agent-lightning/README.md").matchAll(/^\| `(\w+)` \| (?:`([^`]*)`)? ?\|/gm),
    ];
    expect(rows.map(([, env, text]) => [env, text])).toEqual(
      Object.values<{ env: string; default?: string }>(AGENT_SETTINGS).map((row) => [row.env, row.default]),
    );
  });
});
