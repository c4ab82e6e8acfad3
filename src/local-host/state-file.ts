import * as fs from "node:fs";
import path from "node:path";

/**
 * Writes a whole file or nothing: into a neighbour first, synced, then renamed over.
 * @param mode permission bits of a new file
 */
export function writeFileAtomic(file: string, text: string, mode = 0o600): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  const handle = fs.openSync(draft, "w", mode);
  try {
    fs.writeSync(handle, text);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(draft, file);
}

/** A small persistent map: where timers and change feeds keep how far they are. */
export interface StateFile {
  get(key: string): unknown;
  /** Stored when it returns. */
  set(key: string, value: unknown): void;
}

/** Opens a state file; one that cannot be read is refused, since starting from nothing would repeat work silently. */
export function openStateFile(file: string): StateFile {
  const state: Record<string, unknown> = fs.existsSync(file)
    ? (JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, unknown>)
    : {};
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      writeFileAtomic(file, `${JSON.stringify(state, null, 2)}\n`);
    },
  };
}
