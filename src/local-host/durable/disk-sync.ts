import * as fs from "node:fs";

/**
 * Syncs SQLite's write-ahead log. SQLite would do it inside COMMIT (synchronous=FULL) and hold the thread up all the
 * while; with synchronous=NORMAL it leaves it to us, and what was committed counts once the sync that began after it
 * has ended.
 */
export class DiskSync {
  readonly #fd: number;

  /** @param file the database; its log must be there already, and stays while the database is open */
  constructor(file: string) {
    this.#fd = fs.openSync(`${file}-wal`, "r+");
  }

  now(): void {
    fs.fdatasyncSync(this.#fd);
  }

  /** Syncs on another thread. */
  later(done: (error: Error | null) => void): void {
    fs.fdatasync(this.#fd, done);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}
