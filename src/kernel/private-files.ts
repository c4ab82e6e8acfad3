import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
} from "node:fs";

/** What others of this machine may not do with what is ours: anything. */
const OTHERS = 0o077;
const WRITABLE_BY_OTHERS = 0o022;
/** Of folders that everybody keeps things in, as /tmp. */
const SHARED = 0o1000;

/** Whether it belongs to this account; undefined where files have no such owner (Windows). */
const isOurs = (uid: number): boolean | undefined => {
  const own = process.getuid?.();
  return own === undefined ? undefined : own === uid;
};

/**
 * Makes a folder that this account alone may enter, or closes one that is there already, whatever it was before.
 * @returns what its user should be told: it is somebody else's and stays as it is, or others could write into it until now
 * @throws what `mkdir` throws
 */
export function closedFolder(folder: string): string | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(folder);
  const ours = isOurs(uid);
  if (ours === undefined) return undefined;
  if (!ours)
    return `The folder ${folder} belongs to another account (uid ${uid}), which may read and change what is kept in it.`;
  if ((mode & OTHERS) === 0) return undefined;
  if ((mode & SHARED) !== 0)
    return `The folder ${folder} is shared by all accounts of this machine; keep what is yours in one of your own.`;
  try {
    chmodSync(folder, mode & 0o700);
  } catch {
    return `The folder ${folder} is open to other accounts, and cannot be closed.`;
  }
  return (mode & WRITABLE_BY_OTHERS) === 0
    ? undefined
    : `The folder ${folder} could be written by other accounts; it is closed to them now. Look whether all in it is yours.`;
}

/**
 * Closes a file to others, making it where it is missing. What cannot be done is left to whoever opens it to say.
 *
 * A file that is there is never opened for that: a POSIX `close` drops all locks that the process has on the file,
 * whoever of it took them (fcntl(2)), and a SQLite database that is open here would be open to another process's writes.
 */
export function closedFile(file: string): void {
  // Where files have no such owner, they have no such rights either.
  if (process.getuid === undefined) return;
  attempt(() => madeClosed(file));
  closeTo(file);
}

/** The same for a SQLite database; the files that SQLite makes beside it get the rights that it has. */
export function closedDatabase(file: string): void {
  closedFile(file);
  for (const beside of ["-wal", "-shm", "-journal"]) closeTo(file + beside);
}

/** It gets its name when it is closed to others and its descriptor is gone: nobody can have it open by then. */
function madeClosed(file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return;
  const draft = `${file}.${randomUUID()}.new`;
  closeSync(openSync(draft, "wx", 0o600));
  try {
    linkSync(draft, file);
  } finally {
    unlinkSync(draft);
  }
}

function closeTo(file: string): void {
  attempt(() => {
    // A link that somebody else has put here may lead to any file of ours.
    if (isOurs(lstatSync(file).uid) !== true) return;
    const found = statSync(file);
    if (!found.isFile() || isOurs(found.uid) !== true) return;
    if ((found.mode & OTHERS) !== 0) chmodSync(file, found.mode & 0o700);
  });
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Not there, not a file, not ours: whoever opens it tells it better.
  }
}
