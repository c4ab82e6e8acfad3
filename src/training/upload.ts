import { createHash } from "node:crypto";
import type { Dataset } from "../datasets/contract.ts";
import type { Files } from "../files/files.ts";
import type { Clock } from "../kernel/clock.ts";
import { invalid, isKind } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Provider, ProviderFile } from "../provider/provider.ts";
import { createAbsence, isNotShown } from "./absence.ts";
import type { TrainingActivities, TrainingRun } from "./contract.ts";
import { uploadPrefix } from "./rules.ts";
import type { TrainingStore } from "./store.ts";

export interface UploadDeps {
  readonly store: TrainingStore;
  readonly files: Files;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readDataset: (run: TrainingRun) => Promise<Dataset>;
}
type Uploaded = Awaited<ReturnType<TrainingActivities["uploadTrainingFile"]>>;

/** Files in these states are of no use to a job. */
const USELESS = new Set(["error", "deleting", "deleted"]);

export function createUploader({ store, files, provider, clock, readDataset }: UploadDeps) {
  const absence = createAbsence({ store, provider, clock });

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
      if (run.aoai_job_id !== undefined) return { kind: "uploaded", file_id: "", processed: true };
      const known = split === "train" ? run.training_file_id : run.validation_file_id;
      if (known !== undefined) return { kind: "uploaded", file_id: known, processed: false };
      const side = (await readDataset(run)).files?.[split];
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
        await store.update(agent_id, id, (now) => ({
          ...now,
          ...(split === "train" ? { training_file_id: file.id } : { validation_file_id: file.id }),
        }));
        return { kind: "uploaded", file_id: file.id, processed: file.state === "processed" };
      } catch (error) {
        // A 404 to an upload or a list is the address's: thrown on, it is tried again, for minutes.
        if (isNotShown(error) && !(await absence.isGone(run, `upload of ${split}`, error.message)))
          throw error;
        return rejection(error);
      }
    },

    async readTrainingFile({
      agent_id,
      id,
      file_id,
    }: Parameters<TrainingActivities["readTrainingFile"]>[0]): Promise<
      Awaited<ReturnType<TrainingActivities["readTrainingFile"]>>
    > {
      try {
        const run = await store.get(agent_id, id);
        const file = await lookAt(file_id);
        if (file === undefined) return await outOfSight(run, file_id);
        await absence.seen(run, file_id);
        if (file.state === "processed") return { kind: "processed" };
        if (!USELESS.has(file.state)) return { kind: "processing" };
        return {
          kind: "rejected",
          code: "file_refused",
          message: `The provider refused the file: ${file.detail ?? `it is in state ${file.state}`}`.slice(
            0,
            2000,
          ),
        };
      } catch (error) {
        return rejection(error);
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
function rejection(error: unknown): { kind: "rejected"; code: string; message: string } {
  if (isKind(error, "invalid", "not_found", "too_large"))
    return { kind: "rejected", code: error.code, message: error.message.slice(0, 2000) };
  throw error;
}
