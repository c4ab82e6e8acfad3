import * as fs from "node:fs";
import path from "node:path";
import { fatal, messageOf } from "../kernel/errors.ts";
import { closedFile } from "../kernel/private-files.ts";

/**
 * Writes a whole file or nothing: into a neighbour first, synced, then renamed over.
 * @param passing true for what is worth nothing after a loss of power, and needs no sync
 */
export function writeFileAtomic(file: string, text: string, passing = false): void {
  fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.tmp`;
  const handle = fs.openSync(draft, "w", 0o600);
  try {
    fs.writeSync(handle, text);
    if (!passing) fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(draft, file);
}

/**
 * A small JSON file that the host wrote earlier; undefined when there is none.
 * @throws fatal `host_file_unreadable`
 */
export function readOwnFile(file: string, remedy: string): unknown {
  if (!fs.existsSync(file)) return undefined;
  closedFile(file);
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (thrown) {
    throw fatal("host_file_unreadable", `The host's file ${file} cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
      remedy,
    });
  }
}

/** How long a noted value may wait for the disk, in ms of real time. */
const NOTED_WITHIN_MS = 500;

/** A small persistent map: where timers and change feeds keep how far they are. */
export interface StateFile {
  get(key: string): unknown;
  /** Stored when it returns. */
  set(key: string, value: unknown): void;
  /** Stored soon: for what may fall back a little in a crash, such as a position from which work is repeated. */
  note(key: string, value: unknown): void;
  /** Stores what was noted, now. */
  flush(): void;
}

/** Opens a state file; one that cannot be read is refused, since starting from nothing would repeat work silently. */
export function openStateFile(file: string): StateFile {
  const remedy = "Restore it, or move it away: timers and change feeds then begin anew.";
  const state = (readOwnFile(file, remedy) ?? {}) as Record<string, unknown>;
  let soon: NodeJS.Timeout | undefined;
  const write = () => {
    clearTimeout(soon);
    soon = undefined;
    writeFileAtomic(file, `${JSON.stringify(state, null, 2)}\n`);
  };
  const writeSoon = () => {
    try {
      write();
    } catch {
      // A full disk: the position stays behind meanwhile, which only repeats work after a crash.
      soon = setTimeout(writeSoon, 2 * NOTED_WITHIN_MS);
    }
  };
  return {
    get: (key) => state[key],
    set(key, value) {
      state[key] = value;
      write();
    },
    note(key, value) {
      state[key] = value;
      soon ??= setTimeout(writeSoon, NOTED_WITHIN_MS);
    },
    flush() {
      if (soon !== undefined) write();
    },
  };
}
