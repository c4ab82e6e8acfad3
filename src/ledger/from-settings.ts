import path from "node:path";
import { homeFolder, type Settings } from "../config/settings.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/logger.ts";
import { closedFolder } from "../kernel/private-files.ts";
import { openCosmosLedger } from "./cosmos/open.ts";
import type { Ledger } from "./ledger.ts";
import { openSqliteLedger } from "./sqlite/open.ts";

/**
 * The ledger that the settings name: Cosmos DB, or the embedded one in LIGHTNING_HOME.
 * @param options `writesOnThread: "busy"`: the embedded one commits bursts of writes on a thread of its own
 */
export function ledgerFromSettings(
  settings: Settings,
  clock: Clock,
  logger: Logger,
  options: { readonly writesOnThread?: "never" | "busy" } = {},
): Ledger {
  if (settings.cosmosAccountUri !== undefined) return openCosmosLedger({ settings, clock, logger });
  const home = homeFolder(settings);
  const told = closedFolder(home);
  if (told !== undefined) logger.warn(told);
  return openSqliteLedger({ file: path.join(home, "ledger.sqlite"), clock, logger, ...options });
}
