import { statSync } from "node:fs";
import path from "node:path";
import { dataFolder, type Settings } from "../config/settings.ts";
import { blobFiles } from "./blob.ts";
import type { Files } from "./files.ts";
import { folderFiles } from "./folder.ts";
import { withEarlier } from "./with-earlier.ts";

/** Where earlier releases kept dataset files, under the folder the process was started in, whatever its home. */
const BEFORE = "data/finetune";

/**
 * Where the settings say that dataset files are kept: a blob container, or the folder LIGHTNING_DATA_DIR, which by default
 * lies in the home. What an earlier release wrote is found, too.
 */
export function filesFromSettings(settings: Settings): Files {
  if (settings.filesUri !== undefined || settings.filesConnectionString !== undefined)
    return blobFiles(settings);
  const own = folderFiles(dataFolder(settings));
  const earlier = earlierFolder(settings);
  return earlier === undefined ? own : withEarlier(own, folderFiles(earlier));
}

/** The folder of an earlier release that is read beside the home's; undefined where there is none, or one is set. */
export function earlierFolder(
  settings: Pick<Settings, "dataDir" | "filesUri" | "filesConnectionString">,
): string | undefined {
  const { dataDir, filesUri, filesConnectionString } = settings;
  if (dataDir !== undefined || filesUri !== undefined || filesConnectionString !== undefined)
    return undefined;
  const folder = path.resolve(BEFORE);
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? folder : undefined;
}
