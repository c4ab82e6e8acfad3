import { DatabaseSync } from "node:sqlite";
import { closedDatabase } from "../kernel/private-files.ts";
import type { Hyperparameters, JobMethod } from "./job-method.ts";

/** What the local provider keeps; acknowledged means synced (WAL with synchronous=FULL). Times are Unix seconds. */
export interface FileRow {
  id: string;
  filename: string;
  purpose: string;
  bytes: number;
  status: string;
  status_details: string | null;
  created_at: number;
}

export interface JobRow {
  id: string;
  status: string;
  model: string;
  training_file: string;
  validation_file: string | null;
  /** Absent in rows of earlier versions, which were all supervised. */
  method?: JobMethod;
  /** The request's, resolved once training starts. */
  hyperparameters: Hyperparameters;
  seed: number;
  suffix: string | null;
  metadata: Record<string, string>;
  created_at: number;
  finished_at: number | null;
  fine_tuned_model: string | null;
  result_files: string[];
  trained_tokens: number | null;
  error: { code: string; message: string; param: string | null } | null;
}

export interface EventRow {
  id: string;
  job_id: string;
  seq: number;
  created_at: number;
  level: string;
  type: "message" | "metrics";
  message: string;
  data: unknown;
}

export interface CheckpointRow {
  id: string;
  job_id: string;
  step_number: number;
  created_at: number;
  fine_tuned_model_checkpoint: string;
  metrics: Record<string, number>;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS files (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS jobs (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, doc TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS events (job_id TEXT NOT NULL, seq INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (job_id, seq)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS checkpoints (job_id TEXT NOT NULL, step INTEGER NOT NULL, doc TEXT NOT NULL, PRIMARY KEY (job_id, step)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS bases (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS models (name TEXT PRIMARY KEY, created_at INTEGER NOT NULL, body TEXT NOT NULL);
`;

const docs = <T>(rows: unknown[]): T[] => rows.map((row) => JSON.parse((row as { doc: string }).doc) as T);
const one = (row: unknown): unknown => (row === undefined ? undefined : docs([row])[0]);

export type ProviderStore = ReturnType<typeof openStore>;

export function openStore(file: string) {
  closedDatabase(file);
  const db = new DatabaseSync(file);
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=5000;");
  db.exec(SCHEMA);
  const statements = {
    readFile: db.prepare("SELECT doc FROM files WHERE id = ?"),
    listFiles: db.prepare("SELECT doc FROM files ORDER BY seq DESC"),
    putFile: db.prepare(
      "INSERT INTO files (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
    ),
    deleteFile: db.prepare("DELETE FROM files WHERE id = ?"),
    readJob: db.prepare("SELECT doc FROM jobs WHERE id = ?"),
    listJobs: db.prepare("SELECT doc FROM jobs ORDER BY seq DESC"),
    putJob: db.prepare(
      "INSERT INTO jobs (id, doc) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET doc = excluded.doc",
    ),
    // A job that starts over after a crash makes the same events again; the first ones stay.
    putEvent: db.prepare("INSERT OR IGNORE INTO events (job_id, seq, doc) VALUES (?, ?, ?)"),
    listEvents: db.prepare("SELECT doc FROM events WHERE job_id = ? ORDER BY seq DESC"),
    nextEvent: db.prepare("SELECT COALESCE(MAX(seq) + 1, 0) AS n FROM events WHERE job_id = ?"),
    putCheckpoint: db.prepare("INSERT OR REPLACE INTO checkpoints (job_id, step, doc) VALUES (?, ?, ?)"),
    listCheckpoints: db.prepare("SELECT doc FROM checkpoints WHERE job_id = ? ORDER BY step DESC"),
    putModel: db.prepare("INSERT OR REPLACE INTO models (name, created_at, body) VALUES (?, ?, ?)"),
    readModel: db.prepare("SELECT body FROM models WHERE name = ?"),
    deleteModel: db.prepare("DELETE FROM models WHERE name = ?"),
    offerBase: db.prepare("INSERT OR IGNORE INTO bases (name, created_at) VALUES (?, ?)"),
    listBases: db.prepare("SELECT name, created_at FROM bases ORDER BY created_at DESC, name"),
    listModels: db.prepare("SELECT name, created_at FROM models ORDER BY created_at DESC, name"),
  };
  return {
    readFile: (id: string) => one(statements.readFile.get(id)) as FileRow | undefined,
    listFiles: () => docs<FileRow>(statements.listFiles.all()),
    putFile: (row: FileRow) => void statements.putFile.run(row.id, JSON.stringify(row)),
    deleteFile: (id: string) => void statements.deleteFile.run(id),
    readJob: (id: string) => one(statements.readJob.get(id)) as JobRow | undefined,
    listJobs: () => docs<JobRow>(statements.listJobs.all()),
    putJob: (row: JobRow) => void statements.putJob.run(row.id, JSON.stringify(row)),
    putEvent: (row: EventRow) => void statements.putEvent.run(row.job_id, row.seq, JSON.stringify(row)),
    listEvents: (jobId: string) => docs<EventRow>(statements.listEvents.all(jobId)),
    nextEvent: (jobId: string) => (statements.nextEvent.get(jobId) as { n: number }).n,
    putCheckpoint: (row: CheckpointRow) =>
      void statements.putCheckpoint.run(row.job_id, row.step_number, JSON.stringify(row)),
    listCheckpoints: (jobId: string) => docs<CheckpointRow>(statements.listCheckpoints.all(jobId)),
    putModel: (name: string, createdAt: number, body: string) =>
      void statements.putModel.run(name, createdAt, body),
    readModel: (name: string) => (statements.readModel.get(name) as { body: string } | undefined)?.body,
    /** False when there was none. */
    deleteModel: (name: string) => statements.deleteModel.run(name).changes > 0,
    /** A base name; the first time that it is offered is kept. */
    offerBase: (name: string, createdAt: number) => void statements.offerBase.run(name, createdAt),
    listBases: () => statements.listBases.all() as { name: string; created_at: number }[],
    listModels: () => statements.listModels.all() as { name: string; created_at: number }[],
    /** All of `work`'s writes or none, one sync for them together. */
    together<Result>(work: () => Result): Result {
      db.exec("BEGIN IMMEDIATE");
      try {
        const result = work();
        db.exec("COMMIT");
        return result;
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => db.close(),
  };
}
