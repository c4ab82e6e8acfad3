import { homedir } from "node:os";
import path from "node:path";

/** The embedded engines' folder as an absolute path; `~` is the user's home. */
export function homeFolder(settings: { readonly home: string }): string {
  return path.resolve(settings.home.replace(/^~(?=$|\/)/, homedir()));
}
