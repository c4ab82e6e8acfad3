import { unavailable } from "../../kernel/errors.ts";
import type { Execute, WriteCommand, WriteResult } from "./write-commands.ts";
import type { WriteQueue } from "./write-queue.ts";
import type { WriteThread, WriteThreadOptions } from "./write-threads.ts";

/** So many writes in one turn mean that there is other work for this thread while they are committed. */
const BUSY = 4;
/** A thread that ended by itself is not tried again and again. */
const MOST_STARTS = 3;

export interface Writer {
  submit(bytes: number, command: WriteCommand): Promise<WriteResult>;
  /** Commits what waits and refuses what comes later. */
  close(): Promise<void>;
}

/** `busy`: on a thread from the first burst on; `always`: from the start, for tests. */
export type ThreadUse = "never" | "busy" | "always";

export type StartThread = (options: Pick<WriteThreadOptions, "onReady" | "onGone">) => WriteThread;

/**
 * Where writes are committed: on this thread, which is quickest for one after the other and all there is in memory; or,
 * from the first burst on, on a thread of their own. Writes keep their order across the change: this thread's are on
 * the disk before the other gets its first.
 */
export function createWriter(
  queue: WriteQueue,
  execute: Execute,
  use: ThreadUse,
  startThread: StartThread,
): Writer {
  let thread: WriteThread | undefined;
  let isReady = false;
  let starts = 0;
  let closed = false;

  function start(): void {
    if (use === "never" || thread !== undefined || starts >= MOST_STARTS) return;
    starts++;
    thread = startThread({
      onReady() {
        if (closed) return;
        queue.flush();
        isReady = true;
      },
      onGone() {
        isReady = false;
        thread = undefined;
      },
    });
  }

  if (use === "always") {
    start();
    isReady = true;
  }

  return {
    submit(bytes, command) {
      if (closed) return Promise.reject(unavailable("ledger_closed", "The ledger is closed."));
      // What waits here for another process's lock goes first.
      if (isReady && thread !== undefined && queue.waiting() === 0) return thread.submit(bytes, command);
      const written = queue.submit(bytes, (tx) => execute(tx, command));
      if (queue.waiting() >= BUSY || (command.op === "bulk" && command.documents.length >= BUSY)) start();
      return written;
    },
    async close() {
      closed = true;
      await queue.close();
      await thread?.close();
    },
  };
}
