import { setImmediate as breathe } from "node:timers/promises";
import { type Clock, sleep } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { type ProviderFiles, SLICE_MS } from "./files.ts";
import { type Case, casesOf, ToolsetCache } from "./model/cases.ts";
import { type Model, parseModel, serializeModel } from "./model/model.ts";
import { estimateTokens } from "./model/text.ts";
import { autoBatchSize, type Metrics, type Progress, train } from "./model/train.ts";
import type { JobRow, ProviderStore } from "./store.ts";

/** Times on the clock that a job spends outside the training itself. */
export interface Pace {
  readonly fileMs: number;
  readonly validatingMs: number;
  readonly queuedMs: number;
  /** After each epoch. */
  readonly epochMs: number;
}

/** OpenAI and Azure refuse to train on fewer. */
const FEWEST_EXAMPLES = 10;
const MOST_METRIC_EVENTS = 60;
/** Azure keeps the last three epochs as models that can be deployed. */
const CHECKPOINTS_KEPT = 3;
const TERMINAL = new Set(["succeeded", "failed", "cancelled"]);
export const isTerminal = (status: string) => TERMINAL.has(status);

/** A reason that the job's owner can mend; it becomes the job's error object. */
class JobRefusal extends Error {
  readonly code: string;
  readonly param: string;
  constructor(code: string, message: string, param: string) {
    super(message);
    this.code = code;
    this.param = param;
  }
}

export type JobRunner = ReturnType<typeof createJobRunner>;

/**
 * Carries jobs from `validating_files` to their end, in the background, in slices. A job that a crash interrupted
 * starts over: its seed makes it the same job, and events that were reported are not reported twice (idempotent).
 */
export function createJobRunner(deps: {
  readonly store: ProviderStore;
  readonly files: ProviderFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly pace: Pace;
}) {
  const { store, files, clock, pace } = deps;
  const stopping = new AbortController();
  const running = new Map<string, { done: Promise<void>; abort: AbortController }>();
  const seconds = () => Math.floor(clock.now() / 1000);

  const patch = (id: string, change: Partial<JobRow>): JobRow => {
    const job = { ...(store.readJob(id) as JobRow), ...change };
    store.putJob(job);
    return job;
  };
  const tell = (id: string, seq: number, message: string, level = "info", data?: unknown) =>
    store.putEvent({
      id: `ftevent-${id.slice("ftjob-".length)}-${seq}`,
      job_id: id,
      seq,
      created_at: seconds(),
      level,
      type: data === undefined ? "message" : "metrics",
      message,
      data: data ?? null,
    });

  /** Waits; while the job is paused, as long as it takes. */
  const pause = async (id: string, ms: number, signal: AbortSignal) => {
    if (ms > 0) await sleep(clock, ms, signal);
    while (store.readJob(id)?.status === "paused") await sleep(clock, 200, signal);
    signal.throwIfAborted();
  };

  const casesIn = async (fileId: string, toolsets: ToolsetCache, signal: AbortSignal) => {
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

  const run = async (id: string, signal: AbortSignal) => {
    let seq = 0;
    const say = (message: string) => tell(id, seq++, message);
    /** A job that was cancelled while something was read stays cancelled. */
    const move = (change: Partial<JobRow>): JobRow => {
      signal.throwIfAborted();
      return patch(id, change);
    };
    let job = store.readJob(id) as JobRow;
    // After a crash a job that ran does not go back to the queue.
    const ran = job.status === "running" || job.status === "paused";
    say(`Created fine-tuning job: ${id}`);
    say(`Validating training file: ${job.training_file}`);
    await pause(id, ran ? 0 : pace.validatingMs, signal);
    await processed(job.training_file, "training_file", signal);
    if (job.validation_file !== null) await processed(job.validation_file, "validation_file", signal);
    const toolsets = new ToolsetCache();
    const examples = await casesIn(job.training_file, toolsets, signal);
    const held =
      job.validation_file === null ? undefined : await casesIn(job.validation_file, toolsets, signal);
    if (examples.lines < FEWEST_EXAMPLES)
      throw new JobRefusal(
        "invalid_n_examples",
        `Training file has ${examples.lines} example(s), but must have at least ${FEWEST_EXAMPLES} examples`,
        "training_file",
      );
    if (!ran) job = move({ status: "queued" });
    say("Files validated, moving job to queued state");
    await pause(id, ran ? 0 : pace.queuedMs, signal);

    const chosen = { ...job.hyperparameters };
    const number = (name: string, auto: number) => {
      const value = chosen[name];
      return typeof value === "number" ? value : auto;
    };
    const hyperparameters = {
      n_epochs: number("n_epochs", 3),
      batch_size: number("batch_size", autoBatchSize(examples.cases.length)),
      learning_rate_multiplier: number("learning_rate_multiplier", 1),
    };
    job = move({ status: "running", hyperparameters });
    say("Fine-tuning job started");
    say(
      "This is the local provider: loss and accuracy are over decisions (which tool, which known answer, or free text), not over tokens",
    );
    const started = store.readModel(job.model);
    const steps = Math.ceil(examples.cases.length / hyperparameters.batch_size) * hyperparameters.n_epochs;
    const tellEvery = Math.max(1, Math.ceil(steps / MOST_METRIC_EVENTS));
    const rows: Metrics[] = [];
    const name = modelName(job);
    let newest: Model | undefined;
    const take = (progress: Progress) => {
      if (progress.kind === "step") {
        const { step, train_loss: loss } = progress.metrics;
        rows.push(progress.metrics);
        if (step % tellEvery === 0 || step === steps)
          tell(id, seq++, `Step ${step}/${steps}: training loss=${loss.toFixed(4)}`, "info", {
            ...progress.metrics,
            total_steps: steps,
          });
      } else if (progress.kind === "epoch") {
        newest = progress.model;
        if (progress.epoch > hyperparameters.n_epochs - CHECKPOINTS_KEPT) {
          const { step } = progress.metrics;
          const last = progress.epoch === hyperparameters.n_epochs;
          const checkpoint = last ? name : `${name}:ckpt-step-${step}`;
          if (!last) store.putModel(checkpoint, seconds(), serializeModel(progress.model));
          store.putCheckpoint({
            id: `ftckpt-${id.slice("ftjob-".length)}-${step}`,
            job_id: id,
            step_number: step,
            created_at: seconds(),
            fine_tuned_model_checkpoint: checkpoint,
            metrics: { ...progress.metrics },
          });
          tell(id, seq++, `Checkpoint created at step ${step}`);
        }
      }
    };
    const steady = train(examples.cases, held?.cases ?? [], {
      epochs: hyperparameters.n_epochs,
      batchSize: hyperparameters.batch_size,
      learningRateMultiplier: hyperparameters.learning_rate_multiplier,
      seed: job.seed,
      start: started === undefined ? undefined : parseModel(started),
    });
    for (let ended = false; !ended; ) {
      const slice: Progress[] = [];
      const until = performance.now() + SLICE_MS;
      while (performance.now() < until) {
        const next = steady.next();
        if (next.done) {
          ended = true;
          break;
        }
        if (next.value.kind === "tick") continue;
        slice.push(next.value);
        if (next.value.kind === "epoch") break;
      }
      if (slice.length > 0) store.together(() => slice.forEach(take));
      await breathe();
      await pause(id, slice.at(-1)?.kind === "epoch" ? pace.epochMs : 0, signal);
    }
    const results = await files.keep(toCsv(rows), "results.csv");
    signal.throwIfAborted();
    store.together(() => {
      if (newest !== undefined) store.putModel(name, seconds(), serializeModel(newest));
      say(`New fine-tuned model created: ${name}`);
      say("The job has successfully completed");
      patch(id, {
        status: "succeeded",
        fine_tuned_model: name,
        result_files: [results.id],
        trained_tokens: examples.tokens * hyperparameters.n_epochs,
        finished_at: seconds(),
      });
    });
  };

  const start = (id: string) => {
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, stopping.signal]);
    const done = run(id, signal)
      .catch((error: unknown) => {
        if (signal.aborted) return;
        const refusal = error instanceof JobRefusal ? error : undefined;
        const message = messageOf(error);
        if (refusal === undefined) deps.logger.error("a local training job broke", { id, error: message });
        store.together(() => {
          tell(id, store.nextEvent(id), `The job failed: ${message}`, "error");
          patch(id, {
            status: "failed",
            finished_at: seconds(),
            error: { code: refusal?.code ?? "server_error", message, param: refusal?.param ?? null },
          });
        });
      })
      .finally(() => running.delete(id));
    running.set(id, { done, abort });
  };

  return {
    start,
    /** Takes up the jobs that an earlier process left unfinished. */
    resume() {
      for (const job of store.listJobs()) if (!isTerminal(job.status)) start(job.id);
    },
    cancel(id: string): JobRow {
      running.get(id)?.abort.abort(new Error("cancelled"));
      return store.together(() => {
        tell(id, store.nextEvent(id), "The job was cancelled");
        return patch(id, { status: "cancelled", finished_at: seconds() });
      });
    },
    /** Pauses or resumes; the event's number lies past every number that the job itself will use, so that none of its events is lost. */
    setStatus(id: string, status: "paused" | "running", message: string): JobRow {
      return store.together(() => {
        tell(id, Math.max(1_000_000, store.nextEvent(id)), message);
        return patch(id, { status });
      });
    },
    async close() {
      stopping.abort(new Error("closing"));
      await Promise.all([...running.values()].map((job) => job.done));
    },
  };
}

/** `<base>.local-ft-<32 hex>[-suffix]`: Azure's form, but `local` cannot be taken for Azure's. */
function modelName(job: JobRow): string {
  const base = job.model.split(".local-ft-")[0];
  const suffix = job.suffix === null ? "" : `-${job.suffix}`;
  return `${base}.local-ft-${job.id.slice("ftjob-".length)}${suffix}`;
}

const COLUMNS = [
  "step",
  "train_loss",
  "train_mean_token_accuracy",
  "valid_loss",
  "valid_mean_token_accuracy",
] as const;

const cell = (value: number | undefined) =>
  value === undefined ? "" : String(Math.round(value * 1e5) / 1e5);

function toCsv(rows: readonly Metrics[]): string {
  return [COLUMNS.join(","), ...rows.map((row) => COLUMNS.map((column) => cell(row[column])).join(","))].join(
    "\n",
  );
}
