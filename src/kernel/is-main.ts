import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Whether this module is the script that the process was started with: `isMain(import.meta.url)`. What
 * `import.meta.main` says, which Node 22 does not know.
 */
export function isMain(url: string, script = process.argv[1]): boolean {
  if (script === undefined) return false;
  try {
    return realpathSync(script) === fileURLToPath(url);
  } catch {
    return false;
  }
}
