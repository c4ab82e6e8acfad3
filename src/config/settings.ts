import { homedir } from "node:os";
import path from "node:path";
import type { z } from "zod";
import { LightningError } from "../kernel/errors.ts";
import { DOOR_SETTINGS } from "./door-settings.ts";
import { LEDGER_SETTINGS } from "./ledger-settings.ts";
import { LOOP_SETTINGS } from "./loop-settings.ts";
import type { Setting } from "./setting.ts";

/**
 * Every setting, with its default and meaning; the key is the name in code, `env` the name in the environment. This file
 * is the only reader of `process.env`; `docs/settings.md` and `.env.example` are made from it and checked by a test.
 */
export const SETTINGS = { ...LEDGER_SETTINGS, ...LOOP_SETTINGS, ...DOOR_SETTINGS };

type Table = typeof SETTINGS;
type Parsed<K extends keyof Table> = z.output<Table[K]["schema"]>;
export type Settings = {
  readonly [K in keyof Table]: Table[K] extends { default: string } ? Parsed<K> : Parsed<K> | undefined;
};

/**
 * Reads all settings at once. An empty variable counts as absent.
 * @throws LightningError `bad_settings` that lists every fault together; values of secrets are never shown.
 */
export function readSettings(env: Record<string, string | undefined> = process.env): Settings {
  const faults: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, row] of Object.entries(SETTINGS) as [string, Setting<z.ZodType>][]) {
    const text = env[row.env] || row.default;
    if (text === undefined) {
      settings[key] = undefined;
      continue;
    }
    const parsed = row.schema.safeParse(text);
    if (parsed.success) settings[key] = parsed.data;
    else
      faults.push(
        `${row.env}${row.secret ? "" : ` (${JSON.stringify(text)})`}: ${parsed.error.issues[0]?.message ?? "not valid"}`,
      );
  }
  if (env.COSMOS_AUTH_MODE === "key" && !env.COSMOS_ACCOUNT_KEY)
    faults.push("COSMOS_ACCOUNT_KEY: needed when COSMOS_AUTH_MODE is key");
  const arm = ["AZURE_SUBSCRIPTION_ID", "AZURE_RESOURCE_GROUP", "AZURE_OPENAI_ACCOUNT"];
  // The subscription alone is set on many machines; the account's name says that this app is meant.
  if (env.AZURE_OPENAI_ACCOUNT)
    for (const one of arm.filter((each) => !env[each]))
      faults.push(`${one}: needed with AZURE_OPENAI_ACCOUNT`);
  if (env.LIGHTNING_AUTH === "entra" && !(env.WEBSITE_SITE_NAME && settings.websiteAuthEnabled === true))
    faults.push("LIGHTNING_AUTH: entra needs App Service Authentication, which Azure alone has");
  if (env.WEBSITE_SITE_NAME) {
    if (!env.COSMOS_ACCOUNT_URI)
      faults.push("COSMOS_ACCOUNT_URI: needed in Azure, where an instance's disk is no ledger");
    if (!env.LIGHTNING_FILES_URI && !env.LIGHTNING_FILES_CONNECTION_STRING)
      faults.push("LIGHTNING_FILES_URI: needed in Azure, where instances share no disk");
    if (!env.AZURE_OPENAI_ENDPOINT && !env.FOUNDRY_PROJECT_ENDPOINT)
      faults.push("AZURE_OPENAI_ENDPOINT: needed in Azure, where there is no local provider");
  }
  if (faults.length > 0)
    throw new LightningError(
      "fatal",
      "bad_settings",
      `Settings that cannot be used:\n  ${faults.join("\n  ")}`,
      {
        remedy: "Correct the environment variables; docs/settings.md lists every one with its default.",
      },
    );
  return settings as Settings;
}

/** The embedded engines' folder as an absolute path; `~` is the user's home. */
export function homeFolder(settings: Pick<Settings, "home">): string {
  return path.resolve(settings.home.replace(/^~(?=$|\/)/, homedir()));
}
