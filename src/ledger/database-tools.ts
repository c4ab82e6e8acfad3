import path from "node:path";
import { dataFolder, homeFolder, type Settings } from "../config/settings.ts";

/** What the command line does to the Cosmos account or the ledger's file itself, without opening the app. */
export const databaseTools = {
  provision: async (settings: Settings, asked: { maxThroughput?: number | undefined; update?: boolean }) =>
    (await import("./cosmos/provision.ts")).provisionCosmos(settings, asked),
  verify: async (settings: Settings) => (await import("./cosmos/verify.ts")).verifyContainers(settings),
  /** @throws LightningError `ledger_missing`, `backup_exists` */
  async backup(settings: Settings, file: string) {
    const home = homeFolder(settings);
    const { backUpLedger } = await import("./sqlite/backup.ts");
    const bytes = await backUpLedger(path.join(home, "ledger.sqlite"), path.resolve(file));
    const isElsewhere = settings.filesUri !== undefined || settings.filesConnectionString !== undefined;
    return { file, bytes, home, ...(isElsewhere ? {} : { dataset_files: dataFolder(settings) }) };
  },
};
