import { type Clock, toIso } from "../kernel/clock.ts";
import { without } from "../kernel/defined.ts";
import { isKind, isLightningError, type LightningError } from "../kernel/errors.ts";
import type { Provider } from "../provider/provider.ts";
import type { TrainingRun } from "./contract.ts";
import { isBelievedGone, LONGEST_JOB_MS, unseenAgain } from "./rules.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";

/** How a run ends whose job is not to be seen. */
export interface AbsentEnd {
  readonly error: { readonly code: string; readonly message: string };
  readonly in: "job" | "tracking";
}

/** The provider's own 404; a record or file of ours that is missing has another code. */
export const isNotShown = (error: unknown): error is LightningError =>
  isLightningError(error) && error.code === "provider_missing";

/**
 * What the provider answers 404 to. A list or a replica trails, a gateway or a changed endpoint answers 404 to
 * everything: nothing is believed to be gone before several looks over minutes, each of them at a list too.
 */
export function createAbsence(deps: {
  readonly store: TrainingStore;
  readonly provider: Provider;
  readonly clock: Clock;
  readonly isOverdue: (run: TrainingRun) => boolean;
}) {
  const { store, provider, clock } = deps;

  /** Writes a look down that did not find `what`, and why the run stands still; true: it is believed to be gone. */
  async function isGone(run: TrainingRun, what: string, message: string): Promise<boolean> {
    const at = toIso(clock.now());
    const noted = await store.update(run.agent_id, run.id, (now) =>
      isEndedRun(now)
        ? undefined
        : {
            ...now,
            unseen: unseenAgain(now, what, at),
            look_failed: { at, message: message.slice(0, 500) },
            ...(deps.isOverdue(now) ? { overdue: true } : {}),
          },
    );
    return isBelievedGone(noted, what, clock.now());
  }

  /** Forgets the looks that did not find it. */
  async function seen(run: TrainingRun, what: string): Promise<void> {
    if (run.unseen?.[what] === undefined) return;
    await store.update(run.agent_id, run.id, (now) => {
      if (now.unseen?.[what] === undefined || isEndedRun(now)) return undefined;
      return withoutUnseen(without(now, "look_failed"), what);
    });
  }

  /** Whether the provider knows a file of the run: another id than the job's, told by another list. */
  async function knowsItsFiles(run: TrainingRun): Promise<boolean> {
    const ids = [run.training_file_id, run.validation_file_id].filter((id) => id !== undefined);
    for (const id of ids)
      try {
        await provider.readFile(id);
        return true;
      } catch (error) {
        if (!isKind(error, "not_found")) throw error;
      }
    for await (const file of provider.listFiles()) if (ids.includes(file.id)) return true;
    return false;
  }

  /**
   * How the run ends whose job has been out of sight for long enough; undefined: not yet. Where none of its ids is known,
   * this is another account or address than the one that was sent to, and the job may be going there: then only its
   * owner's word, or more time than a job can take, ends the run.
   */
  async function endOf(run: TrainingRun, jobId: string): Promise<AbsentEnd | undefined> {
    if (!isBelievedGone(run, jobId, clock.now())) return undefined;
    if (await knowsItsFiles(run))
      return {
        error: {
          code: "job_missing",
          message: `The provider has no job ${jobId} any more: neither at its address nor in the list, over minutes, while the run's files are there.`,
        },
        in: "job",
      };
    const isOld = clock.now() - Date.parse(run.started_at ?? run.created_at) > LONGEST_JOB_MS;
    if (!isOld && run.cancel_requested !== true) return undefined;
    return { error: { code: "ids_unknown", message: idsUnknown(jobId) }, in: isOld ? "job" : "tracking" };
  }

  return { isGone, seen, knowsItsFiles, endOf };
}

/** What is said of a run none of whose ids is known where it is looked for. */
export const idsUnknown = (jobId: string): string =>
  `The provider knows neither the job ${jobId} nor the run's files: this is probably not the account or address that they were sent to. Check AZURE_OPENAI_ENDPOINT; if all of them were deleted there, cancel the run.`;

/** The run without what was noted of looks for `what`. */
export function withoutUnseen<T extends Pick<TrainingRun, "unseen">>(run: T, what: string) {
  const { [what]: _found, ...others } = run.unseen ?? {};
  const rest = without(run, "unseen");
  return Object.keys(others).length === 0 ? rest : { ...rest, unseen: others };
}
