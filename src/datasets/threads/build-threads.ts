import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Settings } from "../../config/settings.ts";
import type { DatasetActivities } from "../contract.ts";
import { encodingOf } from "../tokens/tokens.ts";
import { loadVocabulary, type Vocabulary } from "../tokens/vocabulary.ts";

/** Steps that hold a core for long. They run beside the thread that answers requests. */
const HEAVY = ["planDatasetShards", "buildDatasetShard", "assembleDataset"] as const;
type Heavy = (typeof HEAVY)[number];

export interface ThreadTask {
  readonly id: number;
  readonly name: Heavy;
  readonly input: unknown;
  /** Read once for all threads, in memory that they share. */
  readonly vocabulary: Vocabulary | undefined;
}
export type ThreadAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly stack: string | undefined };

interface Waiting extends ThreadTask {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}
interface Thread {
  readonly worker: Worker;
  task: Waiting | undefined;
}

/** Each thread holds a heap of some 60 MB: more threads would only pay in memory. */
const MOST_THREADS = 4;
/** Idle timeout of a thread in the pool: it ends, and its memory with it. */
const IDLE_MS = 3000;

/** The entry stands beside this file, in whatever form this file is loaded. */
const entry = new URL(`./build-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

export type BuildThreads = ReturnType<typeof createBuildThreads>;

/** A few threads that are started when a build needs them. */
export function createBuildThreads(
  settings: Settings,
  options: { readonly most?: number; readonly idleMs?: number } = {},
) {
  const most = options.most ?? Math.max(1, Math.min(MOST_THREADS, availableParallelism()));
  const { encoding } = encodingOf(settings.baseModel);
  const threads = new Set<Thread>();
  const queue: Waiting[] = [];
  let nextId = 1;
  let idle: NodeJS.Timeout | undefined;
  let isClosed = false;

  function start(): Thread {
    // Small young generations: a thread makes garbage by the page, and two with V8's default would hold 100 MB.
    const worker = new Worker(entry, {
      workerData: { settings },
      resourceLimits: { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 1024 },
    });
    const thread: Thread = { worker, task: undefined };
    threads.add(thread);
    worker.on("message", (answer: ThreadAnswer) => {
      const { task } = thread;
      if (task?.id !== answer.id) return;
      thread.task = undefined;
      worker.unref();
      if (answer.ok) task.resolve(answer.value);
      else task.reject(Object.assign(new Error(answer.message), { stack: answer.stack ?? answer.message }));
      next();
    });
    const gone = (reason: string) => {
      if (!threads.delete(thread)) return;
      thread.task?.reject(new Error(`A thread of the build ended: ${reason}`));
      next();
    };
    worker.on("error", (error) => gone(error.message));
    worker.on("exit", (code) => gone(`exit code ${code}`));
    return thread;
  }

  function next(): void {
    clearTimeout(idle);
    if (isClosed) return;
    while (queue.length > 0) {
      const free = [...threads].find((thread) => thread.task === undefined);
      if (free === undefined && threads.size >= most) return;
      const thread = free ?? start();
      const task = queue.shift() as Waiting;
      thread.task = task;
      thread.worker.ref();
      const { id, name, input, vocabulary } = task;
      // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
      thread.worker.postMessage({ id, name, input, vocabulary } satisfies ThreadTask);
    }
    idle = setTimeout(() => void release(0), options.idleMs ?? IDLE_MS);
    idle.unref();
  }

  /** Ends idle threads of the pool, except `keep` of them. */
  async function release(keep: number): Promise<void> {
    const free = [...threads].filter((thread) => thread.task === undefined).slice(keep);
    for (const thread of free) threads.delete(thread);
    await Promise.all(free.map((thread) => thread.worker.terminate()));
  }

  async function run<T>(name: Heavy, input: unknown): Promise<T> {
    if (isClosed) throw new Error("The threads of the builds are closed.");
    // The merge holds tables over the whole dataset: the other threads' memory is better spent on them.
    if (name === "assembleDataset") await release(0);
    // Every plan is followed by shards: reading takes as long as planning, and need not come after it.
    if (name === "planDatasetShards") loadVocabulary(encoding).catch(() => undefined);
    const vocabulary = name === "buildDatasetShard" ? await loadVocabulary(encoding) : undefined;
    return await new Promise<T>((resolve, reject) => {
      queue.push({
        id: nextId++,
        name,
        input,
        vocabulary,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      next();
    });
  }

  return {
    run,

    /** Ends all threads at once, as a lack of memory would: their steps fail, later ones get new threads. */
    async kill(): Promise<void> {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },

    async close(): Promise<void> {
      isClosed = true;
      clearTimeout(idle);
      for (const task of queue.splice(0)) task.reject(new Error("The threads of the builds are closed."));
      const all = [...threads];
      threads.clear();
      for (const thread of all) thread.task?.reject(new Error("The threads of the builds are closed."));
      await Promise.all(all.map((thread) => thread.worker.terminate()));
    },
  };
}

/** The same steps, with the heavy ones on threads. */
export function onThreads(activities: DatasetActivities, threads: BuildThreads): DatasetActivities {
  return {
    ...activities,
    planDatasetShards: (input) => threads.run("planDatasetShards", input),
    buildDatasetShard: (input) => threads.run("buildDatasetShard", input),
    assembleDataset: (input) => threads.run("assembleDataset", input),
  };
}
