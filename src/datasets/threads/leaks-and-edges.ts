import { Worker } from "node:worker_threads";
import type { Settings } from "../../config/settings.ts";
import type { LeaksAndEdges, LeaksAndEdgesInput } from "../merge/leaks-and-edges.ts";

export interface LeaksAndEdgesTask {
  readonly settings: Settings;
  readonly input: LeaksAndEdgesInput;
}
export type LeaksAndEdgesAnswer =
  | { readonly ok: true; readonly noted: LeaksAndEdges }
  | { readonly ok: false; readonly message: string; readonly stack: string | undefined };

/** The entry stands beside this file, in whatever form this file is loaded. */
const entry = new URL(
  `./leaks-and-edges-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

/**
 * Leakage report and lineage edges on a thread of their own. The thread ends with its work, and with the thread that started it.
 * @param settings where its ledger and files are
 */
export const writeLeaksAndEdgesOnThread =
  (settings: Settings) =>
  (input: LeaksAndEdgesInput): Promise<LeaksAndEdges> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(entry, {
        workerData: { settings, input } satisfies LeaksAndEdgesTask,
        resourceLimits: { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 1024 },
      });
      let answer: LeaksAndEdgesAnswer | undefined;
      worker.once("message", (given: LeaksAndEdgesAnswer) => {
        answer = given;
      });
      worker.once("error", reject);
      worker.once("exit", (code) => {
        if (answer?.ok === true) resolve(answer.noted);
        else if (answer === undefined)
          reject(new Error(`The thread that notes a build ended: exit code ${code}`));
        else reject(Object.assign(new Error(answer.message), { stack: answer.stack ?? answer.message }));
      });
    });
