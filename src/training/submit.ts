import { type Clock, toIso } from "../kernel/clock.ts";
import { without } from "../kernel/defined.ts";
import { isKind, isLightningError, type LightningError, messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Stored } from "../ledger/ledger.ts";
import { isProvidersFault } from "../provider/passing.ts";
import type { Provider, ProviderJob } from "../provider/provider.ts";
import { createAbsence, isNotShown } from "./absence.ts";
import type { TrainingActivities, TrainingRun } from "./contract.ts";
import type { Follower } from "./follow.ts";
import { cancelled, running } from "./moves.ts";
import { isEndedRun } from "./status.ts";
import type { TrainingStore } from "./store.ts";
import { GIVEN_UP, type RunWaits, rejectedBy } from "./wait.ts";

export interface SubmitDeps {
  readonly store: TrainingStore;
  readonly provider: Provider;
  readonly follower: Follower;
  readonly waits: RunWaits;
  readonly clock: Clock;
  readonly logger: Logger;
}
type Submitted = Awaited<ReturnType<TrainingActivities["createTrainingJob"]>>;

/**
 * Least time between the two fruitless looks after which a job is asked for again: Azure's list may trail a create,
 * the local provider's does not.
 */
const LOOKS_APART_MS = { azure: 15_000, local: 1_000 } as const;
/** What is noted as unseen while the provider answers 404 to a create, or to the look before it. */
const CREATE = "create";
const JOB_LIST = "list of jobs";
/** An intent older than this when its request is about to leave belongs to a process that stood still: look again. */
const SEND_WITHIN_MS = 10_000;

/**
 * Brings exactly one job into being. The intent is in the ledger before the request leaves; after an outcome that is
 * not known, nothing is sent until two looks, some time apart, have found no job of this run.
 */
export function createSubmitter({ store, provider, follower, waits, clock, logger }: SubmitDeps) {
  const absence = createAbsence({ store, provider, clock, isOverdue: waits.isOverdue });
  const cancel = async (run: TrainingRun): Promise<Submitted> => {
    const end = await store.update(run.agent_id, run.id, (now) =>
      isEndedRun(now) ? undefined : cancelled(without(now, "looked_at"), toIso(clock.now())),
    );
    await follower.deleteFiles(end);
    return { kind: "cancelled" };
  };
  /** The request certainly made nothing: the intent is void. */
  const voidIntent = (run: TrainingRun, intentAt: string) =>
    store.update(run.agent_id, run.id, (now) =>
      now.intent_at === intentAt ? without(now, "intent_at", "looked_at") : undefined,
    );

  /** Waits, and says for what. */
  const busy = async (run: TrainingRun, error: LightningError): Promise<Submitted> => ({
    kind: "busy",
    retry_after_seconds: await waits.wait(run, error.message, error.retryAfterMs),
  });

  /** The provider answers again: what was noted of its 404s is over. */
  async function seenAgain(run: TrainingRun): Promise<void> {
    await absence.seen(run, CREATE);
    await absence.seen(await store.get(run.agent_id, run.id), JOB_LIST);
  }

  async function send(run: Stored<TrainingRun>): Promise<Submitted> {
    // Two looks have found no job, or none was ever asked for: nothing that is paid for is given up here.
    if (run.waiting !== undefined && waits.isTooLong(run))
      return {
        kind: "rejected",
        code: "job_not_created",
        message: `${GIVEN_UP}${run.waiting.reason}`,
      };
    const intentAt = toIso(clock.now());
    let intended: Stored<TrainingRun>;
    try {
      const submitting = running(without(bare(run), "looked_at"), "submitting", {
        intent_at: intentAt,
        submissions: (run.submissions ?? 0) + 1,
        ...(run.waiting === undefined ? {} : { waiting: run.waiting }),
      });
      intended = await store.replace(run, submitting);
    } catch (error) {
      // Another process was faster, perhaps with the same intent: only a look can tell.
      if (isKind(error, "precondition")) return { kind: "unclear" };
      throw error;
    }
    if (clock.now() - Date.parse(intentAt) > SEND_WITHIN_MS) return { kind: "unclear" };
    let job: ProviderJob;
    try {
      job = await provider.createJob({
        model: run.base_model,
        training_file: run.training_file_id ?? "",
        validation_file: run.validation_file_id,
        method: run.method,
        hyperparameters: given(run.hyperparameters),
        grader: run.grader,
        seed: run.seed,
        suffix: run.suffix,
        training_type: run.training_type,
        metadata: { run_id: run.id, agent_id: run.agent_id, dataset_id: run.dataset_id },
      });
    } catch (error) {
      if (isLightningError(error) && error.ambiguous) {
        logger.warn("it is not known whether a training job was created", {
          run_id: run.id,
          error: messageOf(error),
        });
        await waits.note(run, `It is being found out whether the job was created. ${error.message}`);
        return { kind: "unclear" };
      }
      await voidIntent(intended, intentAt);
      if (!isLightningError(error) || error.kind === "fatal") throw error;
      // A file that is not everywhere yet, or an address that answers 404 to all for a while.
      if (isNotShown(error) && !(await absence.isGone(run, CREATE, error.message)))
        return await busy(run, error);
      return waits.isWaitedOut(run, error) ? await busy(run, error) : rejectedBy(error);
    }
    const stored = await follower.adopt(intended, job);
    await seenAgain(stored);
    // Somebody else's job was written down first: the oldest of them stays.
    if (stored.aoai_job_id !== job.id) await follower.findJob(stored);
    return { kind: "created", job_id: stored.aoai_job_id ?? job.id };
  }

  async function create(run: Stored<TrainingRun>): Promise<Submitted> {
    const { agent_id, id } = run;
    if (run.status === "cancelled") return { kind: "cancelled" };
    if (run.aoai_job_id !== undefined) return { kind: "adopted", job_id: run.aoai_job_id };
    if (run.status === "failed") return { kind: "rejected", ...run.error };
    if (isEndedRun(run)) return { kind: "rejected", code: "run_over", message: "The run is over." };
    const found = await follower.findJob(run);
    if (found !== undefined) {
      const stored = await follower.adopt(run, found);
      await seenAgain(stored);
      return { kind: "adopted", job_id: stored.aoai_job_id ?? found.id };
    }
    if (run.intent_at !== undefined) {
      // Sent once, or about to be when the process died.
      if (run.looked_at === undefined) {
        await store.update(agent_id, id, (now) =>
          now.intent_at === run.intent_at ? { ...now, looked_at: toIso(clock.now()) } : undefined,
        );
        return { kind: "unclear" };
      }
      if (clock.now() - Date.parse(run.looked_at) < LOOKS_APART_MS[provider.kind]) return { kind: "unclear" };
    }
    if (run.cancel_requested) return await cancel(run);
    return await send(run);
  }

  return {
    async createTrainingJob({
      agent_id,
      id,
    }: Parameters<TrainingActivities["createTrainingJob"]>[0]): Promise<Submitted> {
      const run = await store.get(agent_id, id);
      try {
        return await create(run);
      } catch (error) {
        if (!isProvidersFault(error)) throw error;
        // The list of jobs: an address that answers 404 to all for a while. A job that may exist is never given up unseen.
        if (isNotShown(error)) {
          const isGone = await absence.isGone(run, JOB_LIST, error.message);
          return isGone && run.intent_at === undefined ? rejectedBy(error) : await busy(run, error);
        }
        // A job that may exist is looked for until the provider can be asked; it is never given up unseen.
        return waits.isWaitedOut(run, error) || run.intent_at !== undefined
          ? await busy(run, error)
          : rejectedBy(error);
      }
    },
  };
}

/** Only what was decided; `auto` and `default` are said by leaving them out, which every service understands alike. */
function given(hyperparameters: TrainingRun["hyperparameters"]): Record<string, number | string> {
  const decided: Record<string, number | string> = {};
  for (const [name, value] of Object.entries(hyperparameters))
    if (value !== undefined && value !== "auto" && value !== "default") decided[name] = value;
  return decided;
}
