import { setImmediate as breathe } from "node:timers/promises";
import { type Clock, sleep } from "../kernel/clock.ts";
import { faultOf } from "./file-check.ts";
import { type ProviderFiles, SLICE_MS } from "./files.ts";
import { fieldsRead } from "./graders/template.ts";
import { methodOf } from "./job-method.ts";
import { JobRefusal } from "./job-refusal.ts";
import { estimateTokens } from "./model/text.ts";
import type { JobRow, ProviderStore } from "./store.ts";

/** OpenAI and Azure refuse to train on fewer. */
const FEWEST_EXAMPLES = 10;

/** The lines of a file, checked for the job's method. */
export interface Lines {
  readonly lines: readonly string[];
  readonly tokens: number;
}

/** Reads a job's files: waits until they are processed, then checks their lines, in slices. */
export function createExampleReader(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly clock: Clock;
}) {
  const { store, files, clock } = deps;

  const linesOf = async (job: JobRow, param: "training_file" | "validation_file", signal: AbortSignal) => {
    const { type, grader } = methodOf(job);
    const fields = grader === undefined ? [] : fieldsRead(grader);
    const lines: string[] = [];
    let tokens = 0;
    let slice = performance.now();
    for await (const line of files.linesOf(job[param] ?? "")) {
      if (line.trim() === "") continue;
      lines.push(line);
      tokens += estimateTokens(line);
      const fault = faultOf(line, type) ?? lacks(line, fields);
      if (fault !== undefined)
        throw new JobRefusal("invalid_training_file", `Line ${lines.length}: ${fault}.`, param);
      if (performance.now() - slice > SLICE_MS) {
        await breathe();
        signal.throwIfAborted();
        slice = performance.now();
      }
    }
    return { lines, tokens };
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
    /** @throws JobRefusal when there are too few to train on, or a line is none of the job's method */
    async read(job: JobRow, signal: AbortSignal): Promise<{ train: Lines; held: Lines }> {
      const train = await linesOf(job, "training_file", signal);
      const held =
        job.validation_file === null
          ? { lines: [], tokens: 0 }
          : await linesOf(job, "validation_file", signal);
      if (train.lines.length < FEWEST_EXAMPLES)
        throw new JobRefusal(
          "invalid_n_examples",
          `Training file has ${train.lines.length} example(s), but must have at least ${FEWEST_EXAMPLES} examples`,
          "training_file",
        );
      return { train, held };
    },
  };
}

/** The first field that a grader reads and the line does not have. */
function lacks(line: string, fields: readonly string[]): string | undefined {
  if (fields.length === 0) return undefined;
  const item = JSON.parse(line) as object;
  const missing = fields.find((field) => !Object.hasOwn(item, field));
  return missing === undefined ? undefined : `${missing}: the grader reads it, and it is missing`;
}
