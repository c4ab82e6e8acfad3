import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { HistoryEvent } from "../../src/local-host/durable/history/history.ts";

export const HISTORIES = path.join(import.meta.dirname, "histories");

/** One execution as it was, in a file named scenario, orchestrator and version. */
export interface RecordedHistory {
  readonly scenario: string;
  readonly version: number;
  readonly status: string;
  readonly output: string | null;
  readonly history: readonly HistoryEvent[];
}

export function recordedHistories(): (RecordedHistory & { file: string; orchestrator: string })[] {
  return readdirSync(HISTORIES)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => {
      const recorded = JSON.parse(readFileSync(path.join(HISTORIES, file), "utf8")) as RecordedHistory;
      const begin = recorded.history.find((event) => event.EventType === 0);
      const orchestrator = begin !== undefined && "Name" in begin ? begin.Name : "";
      return { ...recorded, file, orchestrator };
    });
}
