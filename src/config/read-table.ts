import { LightningError, messageOf } from "../kernel/errors.ts";
import type { Setting, SettingsOf } from "./setting.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What an app setting is left at when its Key Vault reference cannot be resolved. */
const UNRESOLVED = "@Microsoft.KeyVault(";

/** The environment of this process. */
export const thisEnvironment = (): Environment => process.env;

/**
 * Reads the settings of a table at once; the only reader of `process.env`. An empty variable counts as absent.
 * @param crossCheck faults that no row can see alone
 * @throws LightningError `bad_settings` that lists every fault together; values of secrets are never shown
 */
export function readTable<const Table extends Readonly<Record<string, Setting>>>(
  table: Table,
  env: Environment = process.env,
  crossCheck: (env: Environment, settings: Readonly<Record<string, unknown>>) => readonly string[] = () => [],
): SettingsOf<Table> {
  const faults: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, row] of Object.entries<Setting>(table)) {
    const text = env[row.env] || (env.WEBSITE_SITE_NAME && row.inAzure) || row.default;
    try {
      if (text?.startsWith(UNRESOLVED) === true)
        throw new Error("is a Key Vault reference that Azure could not resolve; look at it in the portal");
      settings[key] = text === undefined ? undefined : row.parse(text);
    } catch (thrown) {
      faults.push(`${row.env}${row.secret ? "" : ` (${JSON.stringify(text)})`}: ${messageOf(thrown)}`);
    }
  }
  faults.push(...crossCheck(env, settings));
  if (faults.length > 0)
    throw new LightningError(
      "fatal",
      "bad_settings",
      `Settings that cannot be used:\n  ${faults.join("\n  ")}`,
      {
        remedy: "Correct the environment variables; docs/settings.md lists every one with its default.",
        details: { faults },
      },
    );
  return settings as SettingsOf<Table>;
}
