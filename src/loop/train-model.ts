import type { OrchestrationContext } from "durable-functions";
import type { RecordRef } from "../doors/claim.ts";
import type { TrainingInput, TrainingResult } from "../training/contract.ts";
import { isEndedRun } from "../training/status.ts";
import {
  fanOut,
  faultText,
  lastWord,
  pause,
  type Steps,
  step,
  versionOf,
  waitUntil,
  wakeable,
} from "./steps.ts";

/** A replay reads the whole history: a new generation after this many polls keeps it short. */
const POLLS_A_GENERATION = 50;

/** What keeps a look from being taken for a quarter of an hour, a ledger that is away say, may be gone by then. */
const LOOK_LATER_MS = 5 * 60_000;

/** A provider may take hours to process a file. */
const LONGEST_FILE_PAUSE_MS = 30_000;

const SPLITS = ["train", "validation"] as const;
type Split = (typeof SPLITS)[number];

/** A durable pause; true: `cancel` was raised meanwhile, and the ledger says whether it is meant. */
type Rest = (ms: number) => Steps<boolean>;

function restOf(context: OrchestrationContext): Rest {
  if (versionOf(context) >= 2) return wakeable(context, "cancel");
  // Version 1 slept through the event, up to five minutes of paid time.
  return function* (ms) {
    yield* pause(context, ms);
    return false;
  };
}

/** Files up, job created once, polled by durable timers that `cancel` cuts short, result recorded. */
export function* trainModel(context: OrchestrationContext): Steps<TrainingResult | undefined> {
  const { agent_id, id, polling } = context.df.getInput() as TrainingInput;
  const run = { agent_id, id };
  const rest = restOf(context);
  if (!polling) {
    try {
      const claim = yield* step(context, "claimRun", { ...run, instance_id: context.df.instanceId });
      if (claim.kind === "missing") return { status: "failed", error: claim.message };
      if (claim.kind !== "claimed") return yield* waitForRun(context, run);
      if (!(yield* submit(context, run, rest))) return yield* waitForRun(context, run);
    } catch (fault) {
      yield* lastWord(context, "failRun", { ...run, code: "training_fault", message: faultText(fault) });
      context.df.setCustomStatus({ state: "failed" });
      return { status: "failed" };
    }
  }
  try {
    return yield* follow(context, run, rest);
  } catch (fault) {
    // The job is paid for and goes on whether or not we can look: a run is never failed for that.
    context.df.setCustomStatus({ state: "not_followed", fault: faultText(fault).slice(0, 300) });
    yield* rest(LOOK_LATER_MS);
    context.df.continueAsNew({ ...run, polling: true } satisfies TrainingInput);
    return undefined;
  }
}

/** Looks at the job until it is over; undefined: a new generation goes on. */
function* follow(
  context: OrchestrationContext,
  run: RecordRef,
  rest: Rest,
): Steps<TrainingResult | undefined> {
  for (let polls = 0; ; polls++) {
    if (polls >= POLLS_A_GENERATION) {
      // An event that nobody waited for is lost here; the next generation's first look reads the ledger anyway.
      context.df.continueAsNew({ ...run, polling: true } satisfies TrainingInput);
      return undefined;
    }
    const job = yield* step(context, "pollTrainingJob", run);
    context.df.setCustomStatus({ state: job.state });
    if (job.terminal) {
      const result = yield* step(context, "recordTrainingResult", run);
      context.df.setCustomStatus({ state: result.status, tuned_model: result.tuned_model ?? null });
      // A job that was seen to be over and then was not is looked at again.
      if (isEndedRun(result)) return result;
    }
    yield* rest(job.poll_again_seconds * 1000);
  }
}

/** Uploads both files side by side and brings exactly one job into being; false: the run has ended. */
function* submit(context: OrchestrationContext, run: RecordRef, rest: Rest): Steps<boolean> {
  context.df.setCustomStatus({ state: "uploading" });
  const waiting: string[] = [];
  for (let left: readonly Split[] = SPLITS; left.length > 0; ) {
    const uploads = yield* fanOut(
      context,
      "uploadTrainingFile",
      left.map((split) => ({ ...run, split })),
      { width: 2 },
    );
    const again: Split[] = [];
    let retryAfter = 0;
    for (const [index, upload] of uploads.entries()) {
      if (upload.kind === "rejected") return yield* reject(context, run, upload);
      if (upload.kind === "busy") {
        again.push(left[index] as Split);
        retryAfter = Math.max(retryAfter, upload.retry_after_seconds);
      } else if (!upload.processed && upload.file_id !== "") waiting.push(upload.file_id);
    }
    left = again;
    // The step itself sees a run that was cancelled meanwhile and asks for no file.
    if (left.length > 0) yield* rest(retryAfter * 1000);
  }
  for (let pace = 1000, wait = pace, open = waiting; open.length > 0; ) {
    // A cancelled run needs no files: creating the job is where it ends. The step sees it too, when the event is lost.
    if ((yield* rest(wait)) && (yield* step(context, "readRunStatus", run)).cancel_requested) break;
    const looks = yield* fanOut(
      context,
      "readTrainingFile",
      open.map((file_id) => ({ ...run, file_id })),
      { width: 2 },
    );
    pace = Math.min(pace * 2, LONGEST_FILE_PAUSE_MS);
    wait = pace;
    for (const look of looks) {
      if (look.kind === "rejected") return yield* reject(context, run, look);
      if (look.kind === "processing") wait = Math.max(wait, (look.retry_after_seconds ?? 0) * 1000);
    }
    open = open.filter((_, index) => looks[index]?.kind === "processing");
  }

  context.df.setCustomStatus({ state: "submitting" });
  for (let attempt = 1; ; attempt++) {
    const created = yield* step(context, "createTrainingJob", { ...run, attempt });
    if (created.kind === "created" || created.kind === "adopted") return true;
    if (created.kind === "cancelled") return false;
    if (created.kind === "rejected") return yield* reject(context, run, created);
    // An unclear outcome is never answered by a second create at once: the job may only not be listed yet.
    yield* rest(
      created.kind === "busy"
        ? created.retry_after_seconds * 1000
        : Math.min(10_000 * attempt, LOOK_LATER_MS),
    );
  }
}

/** Writes down why the run cannot have a job. */
function* reject(
  context: OrchestrationContext,
  run: RecordRef,
  { code, message, remedy }: { code: string; message: string; remedy?: string | undefined },
): Steps<false> {
  yield* lastWord(context, "failRun", {
    ...run,
    code,
    message,
    ...(remedy === undefined ? {} : { remedy }),
  });
  return false;
}

function* waitForRun(context: OrchestrationContext, run: RecordRef): Steps<TrainingResult> {
  const end = yield* waitUntil(context, () => step(context, "readRunStatus", run), isEndedRun);
  context.df.setCustomStatus({ state: end.status });
  return { status: end.status };
}
