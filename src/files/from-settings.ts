import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { dataFolder, homeFolder, type Settings } from "../config/settings.ts";
import { blobFiles } from "./blob.ts";
import type { Files } from "./files.ts";
import { folderFiles } from "./folder.ts";

/** Where earlier releases kept dataset files, under the folder the process was started in, whatever its home. */
const BEFORE = "data/finetune";

/**
 * Where the settings say that dataset files are kept: a blob container, or the folder LIGHTNING_DATA_DIR, which by default
 * lies in the home.
 */
export function filesFromSettings(settings: Settings): Files {
  if (settings.filesUri !== undefined || settings.filesConnectionString !== undefined)
    return blobFiles(settings);
  return folderFiles(dataFolder(settings));
}

/**
 * The folder in which an earlier release left this home's dataset files, where it looks so: the home has a ledger and no
 * folder of datasets, and the place of earlier releases holds something. Nothing in it is touched: it may be another
 * home's. To be asked before the ledger is opened, which makes it.
 */
export function leftByEarlierRelease(
  settings: Pick<Settings, "home" | "dataDir" | "filesUri" | "filesConnectionString" | "cosmosAccountUri">,
): string | undefined {
  const { dataDir, filesUri, filesConnectionString, cosmosAccountUri } = settings;
  if (dataDir !== undefined || filesUri !== undefined || filesConnectionString !== undefined)
    return undefined;
  // A ledger in Cosmos DB is taken for an old one.
  const hasLedger =
    cosmosAccountUri !== undefined || existsSync(path.join(homeFolder(settings), "ledger.sqlite"));
  if (!hasLedger || existsSync(dataFolder(settings))) return undefined;
  const folder = path.resolve(BEFORE);
  return hasEntries(folder) ? folder : undefined;
}

function hasEntries(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
