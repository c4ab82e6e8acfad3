import * as fs from "node:fs";

/**
 * Syncs SQLite's write-ahead log. SQLite would do it inside COMMIT (synchronous=FULL) and hold the thread up all the
 * while; with synchronous=NORMAL it leaves it to us, and what was committed counts once the sync that began after it
 * has ended. SQLite locks the database and its index (-shm) and never the log, so closing a descriptor of the log frees
 * no lock of this process.
 */
export class DiskSync {
  readonly #fd: number;

  /** @param file the database; its log must be there already, and stays while the database is open */
  constructor(file: string) {
    this.#fd = fs.openSync(`${file}-wal`, "r+");
    lengthen(this.#fd);
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

/** Size of the write-ahead log (WAL) at which SQLite starts a checkpoint (1,000 pages of 4 KiB with their headers), and one large commit more. */
const LOG_BYTES = 6 * 1024 * 1024;

/**
 * Fills the log up with zeros, which SQLite takes for its end: syncing what lies in a file already costs about half
 * of syncing what makes it longer, since the file system has nothing of its own to write down.
 */
function lengthen(fd: number): void {
  const { size } = fs.fstatSync(fd);
  if (size >= LOG_BYTES) return;
  fs.writeSync(fd, Buffer.alloc(LOG_BYTES - size), 0, LOG_BYTES - size, size);
  // Nothing of it is promised to anybody: it gets to the disk before the first commit does, while the host starts.
  fs.fsync(fd, () => {});
}
