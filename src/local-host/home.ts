import { rmSync } from "node:fs";
import path from "node:path";

import { conflict, fatal, messageOf } from "../kernel/errors.ts";
import { closedDatabase, closedFolder } from "../kernel/private-files.ts";
import { DatabaseSync } from "./durable/store/sqlite.ts";
import { homeFiles, type RunningHost, readHolder } from "./find-host.ts";
import { writeFileAtomic } from "./state-file.ts";

export { findRunningHost, homeFiles, type RunningHost } from "./find-host.ts";

/**
 * Takes hold of a home folder for this process; two hosts on one folder would work on the same orchestrations. The
 * lock is SQLite's on a file of its own, so that it ends with the process, however that ends. The folder is closed to
 * other accounts, whatever it was.
 * @param tell hears what the folder's user should know of who else may enter it
 * @returns how to let go
 * @throws conflict `home_in_use`, fatal `home_unusable`
 */
export function claimHome(home: string, own: RunningHost, tell?: (text: string) => void): () => void {
  const { holder: file, lock: lockFile } = homeFiles(home);
  const lock = openLock(lockFile, home, tell);
  try {
    lock.exec("PRAGMA busy_timeout = 200; BEGIN EXCLUSIVE");
  } catch (thrown) {
    lock.close();
    const other = readHolder(file);
    const who = other === undefined ? "Another process" : `Process ${other.pid} at ${other.url}`;
    throw conflict("home_in_use", `${who} holds the data folder ${home}.`, {
      cause: thrown,
      remedy: "Stop it, or use another folder (--home).",
    });
  }
  writeFileAtomic(file, `${JSON.stringify(own)}\n`, true);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    rmSync(file, { force: true });
    lock.close();
  };
}

/** @throws fatal `home_unusable` */
function openLock(file: string, home: string, tell?: (text: string) => void): DatabaseSync {
  try {
    for (const folder of [home, path.dirname(file)]) {
      const told = closedFolder(folder);
      if (told !== undefined) tell?.(told);
    }
    closedDatabase(file);
    return new DatabaseSync(file);
  } catch (thrown) {
    throw fatal("home_unusable", `The data folder ${home} cannot be used: ${messageOf(thrown)}`, {
      cause: thrown,
      remedy: "Give a folder that this user can write (--home).",
    });
  }
}
