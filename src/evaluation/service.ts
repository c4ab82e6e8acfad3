import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { ReadyDataset, Split } from "../datasets/contract.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, invalid } from "../kernel/errors.ts";
import { hashedId } from "../kernel/ids.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { SucceededRun } from "../training/contract.ts";
import { type Evaluation, GRADING, type Power, type startEvaluationInputSchema } from "./contract.ts";
import { foresee } from "./foresight.ts";
import { tooManyMissing } from "./rules.ts";
import { createEvaluationStore } from "./store.ts";

export interface EvaluationDeps {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "baseModelDeployment" | "baseModel">;
  readonly clock: Clock;
  /** The model that serves now, for the baseline `active`; null when the base model does. */
  readonly deployments: {
    readonly readActive: (agentId: string) => Promise<{ readonly deployment_name: string } | null>;
    /** Where a run's model has to be made callable first: under which name. Absent: it is called by its own. */
    readonly models?:
      | {
          ensure(
            run: SucceededRun & { readonly model: string },
          ): Promise<{ readonly id: string; readonly deployment_name: string }>;
        }
      | undefined;
  };
}

export type StartEvaluation = z.output<typeof startEvaluationInputSchema>;
export type EvaluationService = ReturnType<typeof createEvaluationService>;

export function createEvaluationService(deps: EvaluationDeps) {
  const { settings, clock } = deps;
  const store = createEvaluationStore(deps.ledger);

  async function judgedRun(agentId: string, id: string): Promise<SucceededRun> {
    const run = await store.readRun(agentId, id);
    if (run === undefined) throw noSuchRecord("run", agentId, id);
    if (run.status !== "succeeded")
      throw conflict("run_not_succeeded", `Training run ${id} is ${run.status}; it has no model to judge.`, {
        field: "run_id",
        remedy: "Wait until the run has succeeded, or name another one.",
      });
    return run;
  }

  async function heldOut(
    agentId: string,
    id: string,
    asked?: Split,
  ): Promise<{ dataset: ReadyDataset; split: Split }> {
    const dataset = await store.readDataset(agentId, id);
    if (dataset === undefined) throw noSuchRecord("dataset", agentId, id);
    if (dataset.status !== "ready")
      throw conflict("dataset_not_ready", `Dataset ${id} is ${dataset.status}.`, {
        field: "dataset_id",
        remedy: "Wait until the dataset is ready.",
      });
    const has = (split: Split) => (dataset.files[split]?.lines ?? 0) > 0;
    const split = asked ?? (has("test") ? "test" : "validation");
    if (!has(split))
      throw invalid("no_held_out_examples", `Dataset ${id} has no examples on its ${split} side.`, {
        field: asked === undefined ? "dataset_id" : "split",
        remedy: "Name a dataset or side with examples that the candidate was not trained on.",
      });
    return { dataset, split };
  }

  async function nameOfBaseline(agentId: string, baseline: string, run?: SucceededRun): Promise<string> {
    const base = settings.baseModelDeployment ?? run?.base_model ?? settings.baseModel;
    if (baseline === "base") return base;
    if (baseline === "active") return (await deps.deployments.readActive(agentId))?.deployment_name ?? base;
    return baseline;
  }

  return {
    /** Newest first, those of one run where it is named. */
    list: (agentId: string, runId: string | undefined, limit: number, after?: string) =>
      store.list(agentId, runId, limit, after),

    /**
     * Checks a request and makes its record, once: the same candidate, baseline, examples and metric are one evaluation,
     * whatever its verdict. Only one that failed, or ended with too many answers missing, is followed by a new one.
     * @throws invalid `no_candidate`, `same_model`, `no_held_out_examples`; not_found; conflict `run_not_succeeded`,
     * `dataset_not_ready`
     */
    async prepare(input: StartEvaluation): Promise<{ evaluation: Evaluation; existed: boolean }> {
      const { agent_id, run_id, metric } = input;
      const run = run_id === undefined ? undefined : await judgedRun(agent_id, run_id);
      const candidate = input.candidate ?? run?.tuned_model_name;
      if (candidate === undefined)
        throw invalid("no_candidate", "Nothing names the model to judge.", {
          field: "run_id",
          remedy: "Give run_id, or candidate with a model's name.",
        });
      const { dataset, split } = await heldOut(agent_id, input.dataset_id, input.split);
      const baseline = await nameOfBaseline(agent_id, input.baseline, run);
      // A candidate that is named is taken at its word; a run's model needs a deployment where it has none of its own.
      const hosted =
        run === undefined || input.candidate !== undefined
          ? undefined
          : await deps.deployments.models?.ensure({ ...run, model: run.tuned_model_name });
      if (baseline === candidate || baseline === hosted?.deployment_name)
        throw invalid("same_model", `Candidate and baseline are the same model, ${candidate}.`, {
          field: "baseline",
          remedy: "Compare with `base` or with another model's name.",
        });
      const what = {
        agent_id,
        candidate,
        baseline,
        dataset_hash: dataset.content_hash ?? dataset.id,
        split,
        metric,
        grading: GRADING,
        ...(run_id === undefined ? {} : { run_id }),
      };
      const power = await foresee(store, dataset, split);
      for (let attempt = 1; ; attempt++) {
        // What serves may change its meaning, so a comparison with it is another than one with the same model by name.
        const asked = input.baseline === "active" ? { baseline_asked: input.baseline } : {};
        const { record, existed } = await store.createOnce({
          id: hashedId("eval", { ...what, ...asked, attempt }),
          type: "evaluation",
          ...what,
          baseline_asked: input.baseline,
          ...(hosted === undefined
            ? {}
            : { candidate_deployment: hosted.deployment_name, hosted_id: hosted.id }),
          dataset_id: dataset.id,
          ...(power === undefined ? {} : { power }),
          status: "pending",
          created_at: toIso(clock.now()),
        });
        if (existed && canBeRepeated(record)) continue;
        return { evaluation: bare(record), existed };
      }
    },

    /** What the held-out examples of a dataset can show; undefined where that is not known. Refuses as `prepare` does. */
    async foresee(agentId: string, datasetId: string, asked?: Split): Promise<Power | undefined> {
      const { dataset, split } = await heldOut(agentId, datasetId, asked);
      return foresee(store, dataset, split);
    },

    async get(agentId: string, id: string): Promise<Evaluation> {
      const found = await store.read(agentId, id);
      if (found === undefined) throw noSuchRecord("evaluation", agentId, id);
      return bare(found);
    },
  };
}

function canBeRepeated({ status, result }: Evaluation): boolean {
  return status === "failed" || (result !== undefined && tooManyMissing(result.pairs, result.missing));
}
