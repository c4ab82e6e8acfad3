import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { conflict, fatal, messageOf } from "../../../kernel/errors.ts";
import { closedDatabase } from "../../../kernel/private-files.ts";
import { DatabaseSync } from "./sqlite.ts";

/** "LDur" in ASCII: marks a file as this host's durable store in SQLite's header. */
const APPLICATION_ID = 0x4c447572;

/** Statement lists, each bringing a store from its index to the next version; `user_version` says where it is. */
const MIGRATIONS = [
  `
CREATE TABLE instances (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  execution_id TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  status INTEGER NOT NULL,
  input TEXT,
  output TEXT,
  custom_status TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX instances_by_status ON instances (status, seq);
CREATE TABLE history (
  instance_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  event TEXT NOT NULL,
  PRIMARY KEY (instance_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  execution_id TEXT,
  due INTEGER,
  event TEXT NOT NULL
) STRICT;
CREATE INDEX messages_by_instance ON messages (instance_id);
CREATE TABLE activities (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instance_id TEXT NOT NULL,
  execution_id TEXT NOT NULL,
  task_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  input TEXT NOT NULL
) STRICT;
CREATE INDEX activities_by_instance ON activities (instance_id);
`,
  `
CREATE TABLE entities (
  id TEXT PRIMARY KEY,
  state TEXT,
  present INTEGER NOT NULL,
  locked_by TEXT,
  waiting TEXT NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
  // History at the end of its table, whosever it is, so that a commit of many instances writes few pages; what waits
  // in one tree each, with ids that the process counts.
  `
CREATE TABLE new_history (
  seq INTEGER PRIMARY KEY,
  instance INTEGER NOT NULL,
  event TEXT NOT NULL
) STRICT;
INSERT INTO new_history (instance, event) SELECT instances.seq, event
  FROM history JOIN instances ON instances.id = history.instance_id ORDER BY instances.seq, history.seq;
DROP TABLE history;
ALTER TABLE new_history RENAME TO history;
CREATE INDEX history_by_instance ON history (instance);
CREATE TABLE new_messages (
  instance_id TEXT NOT NULL,
  id INTEGER NOT NULL,
  execution_id TEXT,
  due INTEGER,
  event TEXT NOT NULL,
  PRIMARY KEY (instance_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_messages SELECT instance_id, id, execution_id, due, event FROM messages;
DROP TABLE messages;
ALTER TABLE new_messages RENAME TO messages;
CREATE TABLE new_activities (
  instance_id TEXT NOT NULL,
  id INTEGER NOT NULL,
  execution_id TEXT NOT NULL,
  task_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  input TEXT NOT NULL,
  PRIMARY KEY (instance_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO new_activities SELECT instance_id, id, execution_id, task_id, name, input FROM activities;
DROP TABLE activities;
ALTER TABLE new_activities RENAME TO activities;
`,
] as const;

/** Pages SQLite keeps in memory: what is being worked on, not all that ever was. */
const CACHE_KIB = 16 * 1024;

/**
 * Opens the durable store, alone: SQLite's exclusive lock is the operating system's, so that it ends with the
 * process however that dies, and a stale one cannot be.
 * @throws LightningError `durable_store_in_use` while another process holds the file, `durable_store_unreadable`
 * when it is not ours, damaged, or newer than this version.
 */
export function openStoreFile(file: string): DatabaseSync {
  if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let db: DatabaseSync | undefined;
  try {
    if (file !== ":memory:") closedDatabase(file);
    db = new DatabaseSync(file);
    prepare(db, file);
  } catch (error) {
    db?.close();
    throw explained(error, file);
  }
  if (file !== ":memory:") writeFileSync(ownerFile(file), `${process.pid}\n`, { mode: 0o600 });
  return db;
}

export function closeStoreFile(db: DatabaseSync, file: string): void {
  if (file !== ":memory:") rmSync(ownerFile(file), { force: true });
  db.close();
}

/** Only for the message to a second host: the lock itself is on the store. */
const ownerFile = (file: string) => `${file}.pid`;

function prepare(db: DatabaseSync, file: string): void {
  db.exec("PRAGMA locking_mode = EXCLUSIVE");
  const number = (pragma: string) => Number(Object.values(db.prepare(pragma).get() ?? {})[0] ?? 0);
  const applicationId = number("PRAGMA application_id");
  const tables = number("SELECT count(*) FROM sqlite_schema");
  if (applicationId !== APPLICATION_ID && tables > 0)
    throw unreadable(file, "it is an SQLite file of another program");
  const version = number("PRAGMA user_version");
  if (version > MIGRATIONS.length)
    throw unreadable(file, `its format ${version} is newer than this version's ${MIGRATIONS.length}`);
  if (wantsCheck(file)) {
    const check = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {})[0];
    if (check !== "ok") throw unreadable(file, `it is damaged: ${String(check)}`);
  }
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;");
  db.exec("BEGIN EXCLUSIVE");
  for (const migration of MIGRATIONS.slice(version)) db.exec(migration);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length};`);
  db.exec("COMMIT");
  // Acknowledged means synced: from here on that is `GroupCommit`'s business, see `DiskSync`.
  db.exec(`PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB}`);
}

/** Looking through all pages takes about 2 ms a megabyte. */
const CHECKED_BYTES = 32 * 1024 * 1024;

/**
 * Every page is looked at when the last host died, and always in a small store; a large one that was closed in good
 * order is only asked for its length, which SQLite does itself, so that a start does not take longer with each
 * finished instance.
 */
function wantsCheck(file: string): boolean {
  return file !== ":memory:" && (existsSync(ownerFile(file)) || statSync(file).size <= CHECKED_BYTES);
}

const unreadable = (file: string, why: string) =>
  fatal("durable_store_unreadable", `The durable store ${file} cannot be used: ${why}.`, {
    remedy: "Move the file away to start with an empty store, or restore it from a backup.",
  });

/** SQLite's result codes: 5 busy, 6 locked, 11 corrupt, 26 not a database. */
function explained(error: unknown, file: string): unknown {
  const code = (error as { errcode?: number }).errcode;
  if (code === undefined) return error;
  const primary = code & 0xff;
  if (primary === 5 || primary === 6) {
    const owner = existsSync(ownerFile(file)) ? readFileSync(ownerFile(file), "utf8").trim() : "";
    return conflict(
      "durable_store_in_use",
      `The durable store ${file} is in use by another host${owner ? ` (process ${owner})` : ""}.`,
      { remedy: "Stop that host first, or give this one another data folder.", cause: error },
    );
  }
  if (primary === 11 || primary === 26) return unreadable(file, `it is damaged: ${messageOf(error)}`);
  return error;
}
