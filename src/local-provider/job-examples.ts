import { setImmediate as breathe } from "node:timers/promises";
import { type Clock, sleep } from "../kernel/clock.ts";
import { type ProviderFiles, SLICE_MS } from "./files.ts";
import { JobRefusal } from "./job-refusal.ts";
import { type Case, casesOf, ToolsetCache } from "./model/cases.ts";
import { estimateTokens } from "./model/text.ts";
import type { JobRow, ProviderStore } from "./store.ts";

/** OpenAI and Azure refuse to train on fewer. */
const FEWEST_EXAMPLES = 10;

/** What a file gives to learn from. */
export interface Examples {
  readonly cases: readonly Case[];
  readonly lines: number;
  readonly tokens: number;
}

/** Reads a job's files: waits until they are processed, then makes cases of their lines, in slices. */
export function createExampleReader(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly clock: Clock;
}) {
  const { store, files, clock } = deps;

  const casesIn = async (fileId: string, toolsets: ToolsetCache, signal: AbortSignal): Promise<Examples> => {
    const cases: Case[] = [];
    let lines = 0;
    let tokens = 0;
    let slice = performance.now();
    for await (const line of files.linesOf(fileId)) {
      if (line.trim() === "") continue;
      lines++;
      tokens += estimateTokens(line);
      for (const one of casesOf(line, toolsets)) cases.push(one);
      if (performance.now() - slice > SLICE_MS) {
        await breathe();
        signal.throwIfAborted();
        slice = performance.now();
      }
    }
    return { cases, lines, tokens };
  };

  const processed = async (fileId: string, param: string, signal: AbortSignal) => {
    for (;;) {
      const row = store.readFile(fileId);
      if (row === undefined) throw new JobRefusal("file_not_found", `The file ${fileId} is gone.`, param);
      if (row.status === "error")
        throw new JobRefusal("invalid_file_format", row.status_details ?? "The file is not valid.", param);
      if (row.status === "processed") return;
      await sleep(clock, 20, signal);
    }
  };

  return {
    /** @throws JobRefusal when a file is gone or not valid */
    async processed(job: JobRow, signal: AbortSignal): Promise<void> {
      await processed(job.training_file, "training_file", signal);
      if (job.validation_file !== null) await processed(job.validation_file, "validation_file", signal);
    },
    /** @throws JobRefusal when there are too few to train on */
    async read(job: JobRow, signal: AbortSignal): Promise<{ train: Examples; held: Examples | undefined }> {
      const toolsets = new ToolsetCache();
      const train = await casesIn(job.training_file, toolsets, signal);
      const held =
        job.validation_file === null ? undefined : await casesIn(job.validation_file, toolsets, signal);
      if (train.lines < FEWEST_EXAMPLES)
        throw new JobRefusal(
          "invalid_n_examples",
          `Training file has ${train.lines} example(s), but must have at least ${FEWEST_EXAMPLES} examples`,
          "training_file",
        );
      return { train, held };
    },
  };
}
