import { setImmediate as breathe } from "node:timers/promises";
import { type Clock, sleep } from "../kernel/clock.ts";
import { type ProviderFiles, SLICE_MS } from "./files.ts";
import { createExampleReader } from "./job-examples.ts";
import type { JobLog } from "./job-log.ts";
import { methodOf } from "./job-method.ts";
import { createProgress } from "./job-progress.ts";
import { JobRefusal } from "./job-refusal.ts";
import { jobTraining } from "./job-training.ts";
import { toCsv } from "./metrics-file.ts";
import { parseModel, serializeModel } from "./model/model.ts";
import type { Progress } from "./model/progress.ts";
import type { JobRow, ProviderStore } from "./store.ts";

/** Times on the clock that a job spends outside the training itself. */
export interface Pace {
  readonly fileMs: number;
  readonly validatingMs: number;
  readonly queuedMs: number;
  /** After each epoch. */
  readonly epochMs: number;
}

interface RunDeps {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly log: JobLog;
}

/** Carries one job to its end. @throws JobRefusal; whatever the signal's reason is when it is aborted */
export function createJobRun(deps: RunDeps) {
  const { store, files, clock, pace, log } = deps;
  const examples = createExampleReader(deps);

  /** Waits; while the job is paused, as long as it takes. */
  const pause = async (id: string, ms: number, signal: AbortSignal) => {
    if (ms > 0) await sleep(clock, ms, signal);
    while (store.readJob(id)?.status === "paused") await sleep(clock, 200, signal);
    signal.throwIfAborted();
  };

  /** Runs a piece of training in slices. @param take is told what is reported, together what is of one slice */
  async function inSlices<Result>(
    id: string,
    steps: Generator<Progress, Result>,
    take: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Result> {
    for (;;) {
      const slice: Progress[] = [];
      const until = performance.now() + SLICE_MS;
      let next = steps.next();
      while (!next.done) {
        if (next.value.kind !== "tick") slice.push(next.value);
        if (next.value.kind === "epoch" || performance.now() > until) break;
        next = steps.next();
      }
      if (slice.length > 0) store.together(() => slice.forEach(take));
      if (next.done) return next.value;
      await breathe();
      await pause(id, slice.at(-1)?.kind === "epoch" ? pace.epochMs : 0, signal);
    }
  }

  return async (id: string, signal: AbortSignal): Promise<void> => {
    let seq = 0;
    const say = (message: string, data?: unknown) => log.tell(id, seq++, message, "info", data);
    /** A job that was cancelled while something was read stays cancelled. */
    const move = (change: Partial<JobRow>): JobRow => {
      signal.throwIfAborted();
      return log.patch(id, change);
    };
    let job = store.readJob(id) as JobRow;
    // After a crash a job that ran does not go back to the queue.
    const ran = job.status === "running" || job.status === "paused";
    say(`Created fine-tuning job: ${id}`);
    say(`Validating training file: ${job.training_file}`);
    await pause(id, ran ? 0 : pace.validatingMs, signal);
    await examples.processed(job, signal);
    const lines = await examples.read(job, signal);
    if (!ran) job = move({ status: "queued" });
    say("Files validated, moving job to queued state");
    await pause(id, ran ? 0 : pace.queuedMs, signal);

    const started = store.readModel(job.model);
    if (started === undefined && isTuned(job.model))
      throw new JobRefusal("model_not_found", `The model ${job.model} was deleted.`, "model");
    const plan = jobTraining(job, lines, started === undefined ? undefined : parseModel(started));
    const { hyperparameters, epochs, steps, run } = await inSlices(id, plan, () => {}, signal);
    job = move({ status: "running", hyperparameters });
    say("Fine-tuning job started");
    say(MEASURED[methodOf(job).type]);
    const name = modelName(job);
    const progress = createProgress({ id, name, epochs, steps }, store, log, say);
    await inSlices(id, run, (one) => progress.take(one), signal);
    const results = await files.keep(toCsv(progress.rows), "results.csv");
    signal.throwIfAborted();
    store.together(() => {
      const newest = progress.newest();
      if (newest !== undefined) store.putModel(name, log.seconds(), serializeModel(newest));
      say(`New fine-tuned model created: ${name}`);
      say("The job has successfully completed");
      log.patch(id, {
        status: "succeeded",
        fine_tuned_model: name,
        result_files: [results.id],
        trained_tokens: lines.train.tokens * epochs,
        finished_at: log.seconds(),
      });
    });
  };
}

/** What a job's figures are measured on here, for its events. */
const MEASURED = {
  supervised:
    "This is the local provider: loss and accuracy are over decisions (which tool, which known answer, or free text), not over tokens",
  dpo: "This is the local provider: the loss is that of preferences over whole decisions; accuracy is the share of pairs whose preferred answer gained on the rejected one",
  reinforcement:
    "This is the local provider: several answers to each prompt are tried and marked by the job's grader; reward is their mean mark, 0 where the grader fails",
};

/** Whether a name is a tuned model's of this provider. */
const isTuned = (model: string) => model.includes(".local-ft-");

/** `<base>.local-ft-<32 hex>[-suffix]`: Azure's form, but `local` cannot be taken for Azure's. */
function modelName(job: JobRow): string {
  const base = job.model.split(".local-ft-")[0];
  const suffix = job.suffix === null ? "" : `-${job.suffix}`;
  return `${base}.local-ft-${job.id.slice("ftjob-".length)}${suffix}`;
}
