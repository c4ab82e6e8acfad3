import path from "node:path";
import type { Settings } from "../config/settings.ts";
import { blobFiles } from "./blob.ts";
import type { Files } from "./files.ts";
import { folderFiles } from "./folder.ts";

/** Where the settings say that dataset files are kept: a blob container, or the folder LIGHTNING_DATA_DIR. */
export function filesFromSettings(settings: Settings): Files {
  if (settings.filesUri !== undefined || settings.filesConnectionString !== undefined)
    return blobFiles(settings);
  return folderFiles(path.resolve(settings.dataDir));
}
