import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { fatal } from "../../kernel/errors.ts";
import { closedDatabase } from "../../kernel/private-files.ts";
import { isBusy, isNoDatabase, toLedgerError } from "./errors.ts";
import { schemaStatements } from "./schema.ts";

/** "Agnt" in the file's header (application_id) marks our file among SQLite files. */
const APPLICATION_ID = 0x41676e74;
/** Bump for a change that new columns and indexes don't cover, with its step in `MIGRATIONS`. */
export const STORE_VERSION = 1;
/** Statements that lift a store from version n to n + 1; columns and indexes of the registry are added anyway. */
const MIGRATIONS: Readonly<Record<number, readonly string[]>> = {};

export interface StoreFile {
  readonly db: DatabaseSync;
  /** Where it is, or `:memory:`. */
  readonly file: string;
  /** Random name of this store: etags and change-feed continuations of another one are not taken for its own. */
  readonly storeId: string;
}

/**
 * Opens the ledger's file, creating it and its folder when missing. Nothing is written before the file is known to
 * be ours.
 * @throws LightningError fatal `ledger_foreign_file`, `ledger_too_new`, `ledger_damaged`; unavailable
 */
export function openStoreFile(file: string): StoreFile {
  const onDisk = file !== ":memory:";
  if (onDisk) {
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 });
    refuseForeignBytes(file);
    closedDatabase(file);
  }
  let db: DatabaseSync | undefined;
  try {
    db = connect(file);
    checkOwner(db, file);
    // A store that is there keeps the pages it was made with.
    if (onDisk) db.exec(`PRAGMA page_size = ${PAGE_BYTES}`);
    if (onDisk) untilFree(() => db?.exec("PRAGMA journal_mode = WAL"));
    configure(db);
    return { db, file, storeId: prepareStore(db) };
  } catch (thrown) {
    db?.close();
    throw toLedgerError(thrown, { file });
  }
}

/** Busy timeout: two processes may share the file, and a writer waits this long for the other's lock. */
export const BUSY_MS = 5_000;
/**
 * Pages of a new store. In one of 4 KiB an episode of 2.2 KB leaves nearly half of its page empty: with 8 KiB reading takes a
 * third less and the file is a fifth smaller. Larger ones make the log of a small commit longer (bench/ledger/README.md).
 */
const PAGE_BYTES = 8 * 1024;
/** The log is copied back when it is so long: the pages that every write changes are then copied less often. */
const LOG_BYTES = 16_000 * 1024;

/**
 * Acknowledged means synced: FULL syncs the log at each commit (docs/decisions/001-two-ledgers-one-port.md). What is
 * changed or deleted is overwritten with zeros (`secure_delete`): free pages would hold what redaction took out.
 */
function configure(db: DatabaseSync): void {
  const pages = Math.round(LOG_BYTES / pragma(db, "page_size"));
  db.exec(
    `PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = ${pages}`,
  );
}

/** One more connection to a file that is open as a store in this process. */
export function openConnection(file: string): DatabaseSync {
  const db = connect(file);
  configure(db);
  return db;
}

/** `node:sqlite` is loaded with the first file: an app whose ledger is Cosmos DB has none, and Node 22 warns of it. */
function connect(file: string | URL, { readOnly = false } = {}): DatabaseSync {
  const sqlite = process.getBuiltinModule("node:sqlite");
  return new sqlite.DatabaseSync(file, { timeout: BUSY_MS, readOnly });
}

function refuseForeignBytes(file: string): void {
  if (!existsSync(file)) return;
  const { size } = statSync(file);
  // A new file is empty; one whose log holds pages was a ledger, and has lost its own.
  if (size === 0 && existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0) throw emptied(file);
  if (size === 0) return;
  if (!isDatabase(file)) throw foreign(file);
}

/**
 * Whether the file's own header is a database's, whatever a log beside it says. SQLite looks: a descriptor of our own
 * would end, when it is closed, the locks that this process has on the file. `immutable` leaves what is beside it as it is
 * and waits for nobody (https://sqlite.org/uri.html).
 */
function isDatabase(file: string): boolean {
  const url = pathToFileURL(file);
  url.searchParams.set("immutable", "1");
  let db: DatabaseSync | undefined;
  try {
    db = connect(url, { readOnly: true });
    pragma(db, "application_id");
    return true;
  } catch (thrown) {
    // Anything else is met again when it is opened to be used.
    return !isNoDatabase(thrown);
  } finally {
    db?.close();
  }
}

const emptied = (file: string) =>
  fatal(
    "ledger_damaged",
    `${file} is empty, but its log beside it (-wal) is not; both were left as they are.`,
    {
      remedy: "Restore it from a backup (docs/local-host.md), or move both away to start an empty ledger.",
    },
  );

function foreign(file: string) {
  return fatal("ledger_foreign_file", `${file} is not a ledger of Agent Lightning; it was left as it is.`, {
    remedy: "Point LIGHTNING_HOME at another folder, or move the file away.",
  });
}

const pragma = (db: DatabaseSync, name: string) =>
  Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);

/** Its first read also makes SQLite compare the file's length with the header: a torn file ends here. */
function checkOwner(db: DatabaseSync, file: string): void {
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_master").get()?.n);
  if (pragma(db, "application_id") !== APPLICATION_ID) {
    if (tables > 0 || pragma(db, "user_version") !== 0) throw foreign(file);
    return;
  }
  const version = pragma(db, "user_version");
  if (version > STORE_VERSION)
    throw fatal(
      "ledger_too_new",
      `${file} was written by a newer Agent Lightning (store version ${version}).`,
      {
        remedy: `Use that version; this one knows store versions up to ${STORE_VERSION}.`,
      },
    );
}

/** Creates or migrates the tables in one transaction, so that two processes starting together agree. */
function prepareStore(db: DatabaseSync): string {
  db.exec("BEGIN IMMEDIATE");
  try {
    for (let version = pragma(db, "user_version"); version > 0 && version < STORE_VERSION; version++)
      for (const statement of MIGRATIONS[version] ?? []) db.exec(statement);
    db.exec(
      "CREATE TABLE IF NOT EXISTS _store (one INTEGER PRIMARY KEY CHECK (one = 1), store_id TEXT NOT NULL, lsn INTEGER NOT NULL)",
    );
    db.prepare("INSERT OR IGNORE INTO _store VALUES (1, ?, 0)").run(randomBytes(6).toString("hex"));
    const columnsOf = (table: string) =>
      new Set(
        db
          .prepare("SELECT name FROM pragma_table_xinfo(?)")
          .all(table)
          .map((row) => String(row.name)),
      );
    for (const statement of schemaStatements(columnsOf)) db.exec(statement);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    db.exec(`PRAGMA user_version = ${STORE_VERSION}`);
    const storeId = String(db.prepare("SELECT store_id FROM _store").get()?.store_id);
    db.exec("COMMIT");
    return storeId;
  } catch (thrown) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}

/** Switching to WAL does not always wait for the busy timeout when several processes open a new file at once. */
function untilFree(action: () => void): void {
  for (let attempt = 0; ; attempt++) {
    try {
      action();
      return;
    } catch (thrown) {
      if (!isBusy(thrown) || attempt >= 100) throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
}
