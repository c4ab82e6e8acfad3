import { createHash } from "node:crypto";
import type { Dataset } from "../datasets/contract.ts";
import type { Files } from "../files/files.ts";
import type { Clock } from "../kernel/clock.ts";
import { invalid, isKind } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { isProvidersFault } from "../provider/passing.ts";
import type { Provider, ProviderFile } from "../provider/provider.ts";
import { createAbsence, isNotShown } from "./absence.ts";
import type { TrainingActivities, TrainingRun } from "./contract.ts";
import { demandResolved } from "./resolved.ts";
import { uploadPrefix } from "./rules.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";
import { GIVEN_UP, type RunWaits, rejectedBy } from "./wait.ts";

export interface UploadDeps {
  readonly store: TrainingStore;
  readonly files: Files;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly waits: RunWaits;
  readonly logger: Logger;
  readonly readDataset: (run: TrainingRun) => Promise<Dataset>;
}
type Uploaded = Awaited<ReturnType<TrainingActivities["uploadTrainingFile"]>>;

/** What is noted as unseen while an upload or its list is answered with 404. */
const uploadOf = (split: string) => `upload of ${split}`;

/** Files in these states are of no use to a job. */
const USELESS = new Set(["error", "deleting", "deleted"]);

export function createUploader({ store, files, provider, waits, clock, readDataset }: UploadDeps) {
  const absence = createAbsence({ store, provider, clock, isOverdue: waits.isOverdue });

  /** Undefined when neither the file's own address nor the list shows it: one of both alone may trail. */
  async function lookAt(id: string): Promise<ProviderFile | undefined> {
    try {
      return await provider.readFile(id);
    } catch (error) {
      if (!isNotShown(error)) throw error;
    }
    try {
      for await (const file of provider.listFiles()) if (file.id === id) return file;
    } catch (error) {
      if (!isNotShown(error)) throw error;
    }
    return undefined;
  }

  /** A run that is to end needs no file: creating the job is where it ends. */
  const isUnneeded = (run: TrainingRun) => run.cancel_requested === true || isEndedRun(run);

  /** What the provider's trouble comes to: a pause that the record tells of, or the run's end. */
  async function outcomeOf(run: TrainingRun, error: unknown, what: string) {
    if (!isProvidersFault(error)) return rejection(error);
    // A 404 to an upload or a list is the address's: it is tried again, for minutes.
    const isWaitedOut = isNotShown(error)
      ? !(await absence.isGone(run, what, error.message))
      : waits.isWaitedOut(run, error);
    if (!isWaitedOut) return rejectedBy(error);
    const retry_after_seconds = await waits.wait(run, error.message, error.retryAfterMs);
    return { kind: "busy" as const, retry_after_seconds };
  }

  /** One the provider already has under that name: a processed one first. */
  async function findFile(name: string): Promise<ProviderFile | undefined> {
    let found: ProviderFile | undefined;
    for await (const file of provider.listFiles()) {
      if (file.filename !== name || USELESS.has(file.state)) continue;
      if (file.state === "processed") return file;
      found ??= file;
    }
    return found;
  }

  /** One more look that did not find the file; it ends the run only when the file is believed to be gone. */
  async function outOfSight(run: TrainingRun, fileId: string) {
    const message = `The provider shows no file ${fileId}, neither at its address nor in the list. It is looked for again.`;
    if (!(await absence.isGone(run, fileId, message))) return { kind: "processing" } as const;
    return {
      kind: "rejected",
      code: "upload_missing",
      message: `The provider no longer has the uploaded file ${fileId}: it was looked for over minutes, in the list of files too. No job was created.`,
    } as const;
  }

  return {
    async uploadTrainingFile({
      agent_id,
      id,
      split,
    }: Parameters<TrainingActivities["uploadTrainingFile"]>[0]): Promise<Uploaded> {
      const run = await store.get(agent_id, id);
      // A run that is taken up again may have its job already; what the job needed is its own affair.
      if (run.aoai_job_id !== undefined || isUnneeded(run))
        return { kind: "uploaded", file_id: "", processed: true };
      const dataset = await readDataset(run);
      try {
        demandResolved(dataset);
      } catch (error) {
        return rejection(error);
      }
      const known = split === "train" ? run.training_file_id : run.validation_file_id;
      if (known !== undefined) return { kind: "uploaded", file_id: known, processed: false };
      const side = dataset.files?.[split];
      if (side === undefined || side.lines === 0)
        return split === "validation"
          ? { kind: "uploaded", file_id: "", processed: true }
          : { kind: "rejected", code: "file_missing", message: "The dataset has no training file." };
      // The name says whose it is and what is in it, so that an upload whose answer was lost is found again.
      const name = `${uploadPrefix(id)}${split}-${side.sha256.slice(0, 12)}.jsonl`;
      try {
        const file =
          (await findFile(name)) ??
          (await provider.uploadFile({ name, content: checked(files.read(side.key), side.sha256) }));
        const stored = await store.update(agent_id, id, (now) => ({
          ...now,
          ...(split === "train" ? { training_file_id: file.id } : { validation_file_id: file.id }),
        }));
        await absence.seen(stored, uploadOf(split));
        if (run.waiting !== undefined) await waits.over(run);
        return { kind: "uploaded", file_id: file.id, processed: file.state === "processed" };
      } catch (error) {
        return await outcomeOf(run, error, uploadOf(split));
      }
    },

    async readTrainingFile({
      agent_id,
      id,
      file_id,
    }: Parameters<TrainingActivities["readTrainingFile"]>[0]): Promise<
      Awaited<ReturnType<TrainingActivities["readTrainingFile"]>>
    > {
      const run = await store.get(agent_id, id);
      if (isUnneeded(run)) return { kind: "not_needed" };
      try {
        const file = await lookAt(file_id);
        if (file === undefined) return await outOfSight(run, file_id);
        await absence.seen(run, file_id);
        if (file.state === "processed") {
          if (run.waiting !== undefined) await waits.over(run);
          return { kind: "processed" };
        }
        if (!USELESS.has(file.state)) {
          const reason = `The provider has not yet processed the file ${file.filename || file_id}: it is in state ${file.state}.`;
          if (waits.isTooLong(run))
            return { kind: "rejected", code: "file_not_processed", message: `${GIVEN_UP}${reason}` };
          await waits.note(run, reason);
          return { kind: "processing" };
        }
        return {
          kind: "rejected",
          code: "file_refused",
          message: `The provider refused the file: ${file.detail ?? `it is in state ${file.state}`}`.slice(
            0,
            2000,
          ),
        };
      } catch (error) {
        const outcome = await outcomeOf(run, error, file_id);
        return outcome.kind === "busy" ? { ...outcome, kind: "processing" } : outcome;
      }
    },
  };
}

/** Passes the bytes on; at the end they must be those that the dataset's manifest names, or nothing is sent. */
async function* checked(content: AsyncIterable<Uint8Array>, sha256: string): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  for await (const piece of content) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest("hex") !== sha256)
    throw invalid(
      "dataset_changed",
      "The dataset's file is not the one that was built; it was changed since.",
    );
}

/** What no retry can mend is an outcome; everything else is thrown on. */
function rejection(error: unknown): ReturnType<typeof rejectedBy> {
  if (isKind(error, "invalid", "not_found", "too_large")) return rejectedBy(error);
  throw error;
}
