import { AGENT_SETTINGS } from "./agent-settings.ts";
import { DOOR_SETTINGS } from "./door-settings.ts";
import { LEDGER_SETTINGS } from "./ledger-settings.ts";
import { LOOP_SETTINGS } from "./loop-settings.ts";
import { readTable } from "./read-table.ts";
import type { SettingsOf } from "./setting.ts";

export { dataFolder, homeFolder } from "./home-folder.ts";

/**
 * Every setting, with its default and meaning; the key is the name in code, `env` the name in the environment.
 * `docs/settings.md` and `.env.example` are made from it and checked by a test.
 */
export const SETTINGS = { ...AGENT_SETTINGS, ...LEDGER_SETTINGS, ...LOOP_SETTINGS, ...DOOR_SETTINGS };

export type Settings = SettingsOf<typeof SETTINGS>;

/**
 * Reads all settings at once. An empty variable counts as absent.
 * @throws LightningError `bad_settings` that lists every fault together; values of secrets are never shown.
 */
export const readSettings = (env?: Record<string, string | undefined>): Settings =>
  readTable(SETTINGS, env, crossCheck);

function crossCheck(
  env: Readonly<Record<string, string | undefined>>,
  settings: Readonly<Record<string, unknown>>,
): string[] {
  const faults: string[] = [];
  if (env.COSMOS_AUTH_MODE === "key" && !env.COSMOS_ACCOUNT_KEY)
    faults.push("COSMOS_ACCOUNT_KEY: needed when COSMOS_AUTH_MODE is key");
  faults.push(...lifeFaults(settings));
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
  return faults;
}

/** An episode's aggregate is what its rewards come to: without them the next reward would make another of it. */
function lifeFaults({ episodesTtlDays, rewardsTtlDays }: Readonly<Record<string, unknown>>): string[] {
  if (typeof rewardsTtlDays !== "number") return [];
  if (typeof episodesTtlDays === "number" && rewardsTtlDays >= episodesTtlDays) return [];
  const episodes = typeof episodesTtlDays === "number" ? `${episodesTtlDays} days` : "for ever";
  return [
    `LIGHTNING_REWARDS_TTL_DAYS: rewards must not be deleted before their episodes, which stay ${episodes}; set LIGHTNING_EPISODES_TTL_DAYS to ${rewardsTtlDays} or less, or leave it out`,
  ];
}
