import { toIso } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { sha256 } from "../kernel/hashing.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Provider, ProviderEvent, ProviderJob } from "../provider/provider.ts";
import type { TrainingRun } from "./contract.ts";
import { parseCurve, summarise, withCheckpoints } from "./curve.ts";

const EVENTS_KEPT = 100;
const EVENTS_READ = 500;
const MESSAGE_LENGTH = 500;
type Events = NonNullable<TrainingRun["events"]>;

/** What a job leaves besides its model: events, learning curve, checkpoints. All of it is an extra, never a reason to fail. */
export function createJobExtras({
  provider,
  logger,
}: {
  readonly provider: Provider;
  readonly logger: Logger;
}) {
  /** The learning curve; a results file that cannot be read costs the curve, not the model. */
  async function readCurve(run: TrainingRun, job: ProviderJob, checkpoints: TrainingRun["checkpoints"]) {
    for (const fileId of job.result_files) {
      try {
        const pieces: Uint8Array[] = [];
        for await (const piece of provider.fileContent(fileId)) pieces.push(piece);
        const bytes = Buffer.concat(pieces);
        const curve = withCheckpoints(parseCurve(bytes.toString("utf8")), checkpoints);
        if (curve.length > 0)
          return { curve, metrics: { ...summarise(curve), results_sha256: sha256(bytes) } };
      } catch (error) {
        logger.warn("a results file could not be read", {
          run_id: run.id,
          file_id: fileId,
          error: messageOf(error),
        });
      }
    }
    return {};
  }

  async function readCheckpoints(
    run: TrainingRun,
    job: ProviderJob,
  ): Promise<Pick<TrainingRun, "checkpoints">> {
    const checkpoints: NonNullable<TrainingRun["checkpoints"]> = [];
    try {
      for await (const { id, step, model, metrics } of provider.listCheckpoints(job.id))
        checkpoints.push({ id, step, model, metrics: { ...metrics } });
    } catch (error) {
      logger.warn("the checkpoints of a job could not be read", { run_id: run.id, error: messageOf(error) });
    }
    return checkpoints.length === 0 ? {} : { checkpoints };
  }

  return {
    /** Events the record does not have yet, oldest first. */
    async newEvents(run: TrainingRun, jobId: string): Promise<Events> {
      const known = new Set(run.events?.map((event) => event.id));
      const found: ProviderEvent[] = [];
      try {
        for await (const event of provider.listEvents(jobId)) {
          if (known.has(event.id) || found.length >= EVENTS_READ) break;
          found.push(event);
        }
      } catch (error) {
        logger.warn("the events of a job could not be read", { run_id: run.id, error: messageOf(error) });
      }
      return found
        .map(({ id, level, message, created_at }) => ({
          id,
          level,
          message: message.slice(0, MESSAGE_LENGTH),
          created_at: toIso(created_at),
        }))
        .toReversed();
    },

    /** Curve with its metrics and checkpoints of a job that succeeded. */
    async resultsOf(run: TrainingRun, job: ProviderJob) {
      const found = await readCheckpoints(run, job);
      return { ...(await readCurve(run, job, found.checkpoints)), ...found };
    },
  };
}

/** The events a record has after these; the newest hundred are kept. */
export function withEvents(run: TrainingRun, fresh: Events): { events?: Events } {
  const known = new Set(run.events?.map((event) => event.id));
  const all = [...(run.events ?? []), ...fresh.filter((event) => !known.has(event.id))];
  return all.length === 0 ? {} : { events: all.slice(-EVENTS_KEPT) };
}

/** Why a job failed by its events, where the job itself does not say: Azure leaves `error` empty and tells it there. */
export const reasonIn = (events: Events): string | undefined =>
  events.findLast(({ level, message }) => level === "error" && message !== "")?.message;
