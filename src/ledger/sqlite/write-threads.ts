// From node:timers and not the global, so that fake timers of a test can't stop a commit.
import { setImmediate } from "node:timers";
import { Worker } from "node:worker_threads";
import { unavailable } from "../../kernel/errors.ts";
import type { ContainerKey } from "../containers.ts";
import { type FlatError, fromFlat } from "./errors.ts";
import type { WriteCommand, WriteResult } from "./write-commands.ts";

export interface ThreadStart {
  readonly file: string;
  readonly storeId: string;
}
export interface ThreadWork {
  /** Milliseconds since the epoch, by the ledger's clock. */
  readonly now: number;
  readonly commands: readonly {
    readonly id: number;
    readonly bytes: number;
    readonly command: WriteCommand;
  }[];
}
export interface ThreadResult {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: FlatError | undefined;
}
/** What became of one group; the first message, of none, says that the thread is ready. */
export interface ThreadMessage {
  readonly results: readonly ThreadResult[];
  readonly touched: readonly ContainerKey[];
}

interface Waiting {
  readonly resolve: (value: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

/** The entry stands beside this file, in whatever form this file is loaded. */
const entry = new URL(`./write-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

export interface WriteThread {
  submit(bytes: number, command: WriteCommand): Promise<WriteResult>;
  /** Writes what it was given, then ends. */
  close(): Promise<void>;
  /** Ends at once, as a lack of memory would. */
  kill(): void;
}

export interface WriteThreadOptions extends ThreadStart {
  readonly now: () => number;
  readonly onReady: () => void;
  readonly onCommit: (touched: ReadonlySet<ContainerKey>) => void;
  /** It ended by itself; what it had in hand was refused as ambiguous. */
  readonly onGone: (reason: string) => void;
}

/** So many commands are handed over even while the thread is at work. */
const FULL_OUTBOX = 256;

/**
 * A thread that writes a ledger's file. What comes while it is at work is handed over together, when it has answered:
 * it could not begin with it anyway, and waking it costs what carrying out a command does.
 */
export function startWriteThread(options: WriteThreadOptions): WriteThread {
  const { file, storeId } = options;
  const worker = new Worker(entry, {
    workerData: { file, storeId } satisfies ThreadStart,
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const waiting = new Map<number, Waiting>();
  let outbox: ThreadWork["commands"][number][] = [];
  let isTurnOpen = false;
  let nextId = 0;
  let isReady = false;
  let isClosing = false;
  let isGone = false;
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.unref();

  worker.on("message", ({ results, touched }: ThreadMessage) => {
    if (!isReady) {
      isReady = true;
      options.onReady();
    }
    for (const { id, value, error } of results) {
      const task = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) task?.resolve(value as WriteResult);
      else task?.reject(fromFlat(error));
    }
    if (outbox.length > 0 && waiting.size === outbox.length) hand();
    // Nobody waits for it: it keeps no process alive.
    if (waiting.size === 0) worker.unref();
    if (touched.length > 0) options.onCommit(new Set(touched));
  });
  const gone = (reason: string) => {
    if (isGone) return;
    isGone = true;
    const error = unavailable("ledger_io_error", `The thread that writes the ledger ended: ${reason}.`, {
      ambiguous: true,
      retryAfterMs: 1_000,
    });
    for (const task of waiting.values()) task.reject(error);
    waiting.clear();
    if (!isClosing) options.onGone(reason);
  };
  worker.on("error", (error) => gone(error.message));
  worker.on("exit", (code) => gone(`exit code ${code}`));

  function hand(): void {
    isTurnOpen = false;
    const commands = outbox;
    outbox = [];
    if (commands.length > 0 && !isGone)
      // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
      worker.postMessage({ now: options.now(), commands } satisfies ThreadWork);
  }

  return {
    submit(bytes, command) {
      return new Promise((resolve, reject) => {
        const id = nextId++;
        if (waiting.size === 0) worker.ref();
        const isIdle = waiting.size === outbox.length;
        waiting.set(id, { resolve, reject });
        outbox.push({ id, bytes, command });
        if (isTurnOpen || (!isIdle && outbox.length < FULL_OUTBOX)) return;
        isTurnOpen = true;
        setImmediate(hand);
      });
    },
    async close() {
      isClosing = true;
      hand();
      worker.ref();
      // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
      worker.postMessage("close");
      await ended;
    },
    kill: () => void worker.terminate(),
  };
}
