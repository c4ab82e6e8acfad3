import type { JobLog } from "./job-log.ts";
import { type Model, serializeModel } from "./model/model.ts";
import type { Metrics, Progress } from "./model/progress.ts";
import type { ProviderStore } from "./store.ts";

const MOST_METRIC_EVENTS = 60;
/** Azure keeps the last three epochs as models that can be deployed. */
const CHECKPOINTS_KEPT = 3;

interface Training {
  readonly id: string;
  /** The name that the tuned model will have. */
  readonly name: string;
  readonly epochs: number;
  /** Steps of all epochs. */
  readonly steps: number;
}

/** Keeps what a training reports: a row a step, events now and then, the last epochs as checkpoints. */
export function createProgress(
  { id, name, epochs, steps }: Training,
  store: ProviderStore,
  log: JobLog,
  say: (message: string, data?: unknown) => void,
) {
  const tellEvery = Math.max(1, Math.ceil(steps / MOST_METRIC_EVENTS));
  const rows: Metrics[] = [];
  let newest: Model | undefined;

  function checkpoint({ epoch, model, metrics }: Extract<Progress, { kind: "epoch" }>): void {
    const { step } = metrics;
    const last = epoch === epochs;
    const kept = last ? name : `${name}:ckpt-step-${step}`;
    if (!last) store.putModel(kept, log.seconds(), serializeModel(model));
    store.putCheckpoint({
      id: `ftckpt-${id.slice("ftjob-".length)}-${step}`,
      job_id: id,
      step_number: step,
      created_at: log.seconds(),
      fine_tuned_model_checkpoint: kept,
      metrics: { ...metrics },
    });
    say(`Checkpoint created at step ${step}`);
  }

  return {
    rows,
    /** The model of the last whole epoch. */
    newest: () => newest,
    take(this: void, progress: Progress): void {
      if (progress.kind === "step") {
        const { step, train_loss: loss, train_reward_mean: reward } = progress.metrics;
        const figure = loss === undefined ? `mean reward=${reward?.toFixed(4)}` : `loss=${loss.toFixed(4)}`;
        rows.push(progress.metrics);
        if (step % tellEvery === 0 || step === steps)
          say(`Step ${step}/${steps}: training ${figure}`, {
            ...progress.metrics,
            total_steps: steps,
          });
      } else if (progress.kind === "epoch") {
        newest = progress.model;
        if (progress.epoch > epochs - CHECKPOINTS_KEPT) checkpoint(progress);
      }
    },
  };
}
