import { homedir } from "node:os";
import path from "node:path";

/** The folder of dataset files as an absolute path: it belongs to the home, unless it is set. */
export const dataFolder = (settings: {
  readonly home: string;
  readonly dataDir?: string | undefined;
}): string =>
  settings.dataDir === undefined
    ? path.join(homeFolder(settings), "datasets")
    : homeFolder({ home: settings.dataDir });

/** The embedded engines' folder as an absolute path; `~` is the user's home. */
export function homeFolder(settings: { readonly home: string }): string {
  return path.resolve(settings.home.replace(/^~(?=$|\/)/, homedir()));
}
