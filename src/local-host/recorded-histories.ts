import { existsSync } from "node:fs";
import { type HistoryEvent, statusName } from "./durable/history/history.ts";
import { DurableStore } from "./durable/store/store.ts";
import { homeFiles } from "./home.ts";

/** One orchestration as it went: keep it as JSON, and `replayHistory` holds tomorrow's code to it. */
export interface RecordedHistory {
  readonly orchestrator: string;
  readonly instanceId: string;
  /** As the extension's HTTP API names it: `Completed`, `Failed`, `Running` … */
  readonly status: string;
  /** JSON text of the result, plain text of a failure. */
  readonly output: string | null;
  readonly history: readonly HistoryEvent[];
}

const PAGE = 1000;

/**
 * The history of every orchestration in a durable store, the oldest first. The host (or `Simulation`) that wrote it has
 * to be stopped.
 */
export function recordedHistories(
  from: { readonly home: string } | { readonly storeFile: string },
): RecordedHistory[] {
  const file = "home" in from ? homeFiles(from.home).durableStore : from.storeFile;
  if (!existsSync(file)) throw new Error(`There is no durable store ${file}: no orchestration ran there.`);
  const store = new DurableStore(file);
  try {
    const found: RecordedHistory[] = [];
    for (let after = 0; ; ) {
      const page = store.oldest(after, PAGE);
      for (const { id, seq } of page) {
        after = seq;
        const instance = store.instance(id);
        if (instance === undefined) continue;
        found.push({
          orchestrator: instance.name,
          instanceId: id,
          status: statusName(instance.status),
          output: instance.output,
          history: store.history(id).map(({ event }) => event),
        });
      }
      if (page.length < PAGE) return found;
    }
  } finally {
    store.close();
  }
}
