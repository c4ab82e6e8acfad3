import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { Dataset, ReadyDataset, Split } from "../datasets/contract.ts";
import type { BeforeMaking } from "../doors/keyed-request.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Files } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, invalid } from "../kernel/errors.ts";
import { hashedId } from "../kernel/ids.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import type { SucceededRun } from "../training/contract.ts";
import { type Evaluation, GRADING, type Power, type startEvaluationInputSchema } from "./contract.ts";
import { foresee } from "./foresee.ts";
import { foreseePower, heldOutNote } from "./foresight.ts";
import { readPairs } from "./pairs.ts";
import { tooManyMissing } from "./rules.ts";
import { createEvaluationStore } from "./store.ts";
import { type NearLines, type Seen, seenIn, trainedOn } from "./trained-on.ts";

export interface EvaluationDeps {
  readonly ledger: Ledger;
  readonly files: Files;
  readonly provider: Pick<Provider, "chat">;
  readonly settings: Pick<Settings, "baseModelDeployment" | "baseModel"> &
    Partial<Pick<Settings, "tunedModelDeploymentName">>;
  readonly clock: Clock;
  /** What evaluation asks of datasets. */
  readonly datasets: { readonly nearLines: NearLines };
  /** The model that serves now, for the baseline `active`; null when the base model does. */
  readonly deployments: {
    readonly readActive: (agentId: string) => Promise<{ readonly deployment_name: string } | null>;
    /** Where a run's model has to be made callable first: under which name. Absent: it is called by its own. */
    readonly models?:
      | {
          ensure(
            run: SucceededRun & { readonly model: string },
          ): Promise<{ readonly id: string; readonly deployment_name: string }>;
          /** Which model a deployment of the account calls. */
          modelBehind(name: string): Promise<string | undefined>;
        }
      | undefined;
  };
}

/** What is known of an evaluation before the training that it is to judge. */
export interface ForeseeEvaluation {
  readonly agent_id: string;
  readonly dataset_id: string;
  readonly split?: Split | undefined;
  readonly baseline: string;
  /** What is to be trained on, and from which model; absent while it is not built. */
  readonly trained_dataset_id?: string | undefined;
  readonly base_model?: string | undefined;
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

  /** A candidate that is named by the model of one of the agent's runs is that run's. */
  async function runOfCandidate(agentId: string, candidate?: string): Promise<string | undefined> {
    const run = candidate === undefined ? undefined : await store.runOfModel(candidate);
    return run?.agent_id === agentId && run.status === "succeeded" ? run.id : undefined;
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

  async function nameOfBaseline(
    agentId: string,
    baseline: string,
    run?: Pick<SucceededRun, "base_model">,
  ): Promise<string> {
    const base = settings.baseModelDeployment ?? run?.base_model ?? settings.baseModel;
    if (baseline === "base") return base;
    if (baseline === "active")
      return (
        (await deps.deployments.readActive(agentId))?.deployment_name ??
        settings.tunedModelDeploymentName ??
        base
      );
    return baseline;
  }

  /**
   * An evaluation of a run judges that run's model: a name beside the run is a deployment that was seen to call it.
   * @throws invalid `candidate_of_other_model`
   */
  async function demandRunsModel(run: SucceededRun, name: string): Promise<void> {
    const model = await deps.deployments.models?.modelBehind(name);
    if (model === run.tuned_model_name) return;
    throw invalid(
      "candidate_of_other_model",
      `It cannot be shown that ${name} is the model of training run ${run.id}, ${run.tuned_model_name}.`,
      {
        field: "candidate",
        remedy: "Leave candidate out to judge the run's own model, or run_id to judge the model by its name.",
        details: { run_model: run.tuned_model_name, model: model ?? null },
      },
    );
  }

  return {
    /** Newest first, those of one run where it is named. */
    list: (agentId: string, runId: string | undefined, limit: number, after?: string) =>
      store.list(agentId, runId, limit, after),

    /**
     * Checks a request and makes its record, once: the same candidate, baseline, examples and metric are one evaluation,
     * whatever its verdict. Only one that failed, or ended with too many answers missing, is followed by a new one.
     * @throws invalid `no_candidate`, `candidate_of_other_model`, `same_model`, `no_held_out_examples`; not_found; conflict `run_not_succeeded`,
     * `dataset_not_ready`
     */
    async prepare(
      input: StartEvaluation,
      before?: BeforeMaking,
    ): Promise<{ evaluation: Evaluation; existed: boolean }> {
      const { agent_id, metric } = input;
      const run_id = input.run_id ?? (await runOfCandidate(agent_id, input.candidate));
      const run = run_id === undefined ? undefined : await judgedRun(agent_id, run_id);
      const candidate = input.candidate ?? run?.tuned_model_name;
      if (candidate === undefined)
        throw invalid("no_candidate", "Nothing names the model to judge.", {
          field: "run_id",
          remedy: "Give run_id, or candidate with a model's name.",
        });
      const named = run !== undefined && candidate !== run.tuned_model_name;
      if (named) await demandRunsModel(run, candidate);
      const { dataset, split } = await heldOut(agent_id, input.dataset_id, input.split);
      const baseline = await nameOfBaseline(agent_id, input.baseline, run);
      // A candidate that is named is called by that name; a run's model needs a deployment where it has none of its own.
      const hosted =
        run === undefined || named
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
      const seen = named ? { candidate_model: run.tuned_model_name } : {};
      const power = await foreseePower(store, agent_id, dataset.group_counts?.[split]);
      for (let attempt = 1; ; attempt++) {
        // What serves may change its meaning, so a comparison with it is another than one with the same model by name.
        const asked = input.baseline === "active" ? { baseline_asked: input.baseline } : {};
        const id = hashedId("eval", { ...what, ...seen, ...asked, attempt });
        await before?.(id);
        const { record, existed } = await store.createOnce({
          id,
          type: "evaluation",
          ...what,
          ...seen,
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

    /** Whether a run has a verdict that asking again would not change. */
    async wasJudged(agentId: string, runId: string): Promise<boolean> {
      const { items } = await store.list(agentId, runId, 100);
      return items.some((one) => one.status === "finished" && !canBeRepeated(one));
    },

    /**
     * Looks, before a training is paid for, whether an evaluation of its model could end in a verdict, and what it can show.
     * @throws not_found `dataset_not_found`; conflict `dataset_not_ready`, `baseline_uncallable`; invalid
     * `no_held_out_examples`, `contaminated`, `too_few_pairs`
     */
    async foresee(input: ForeseeEvaluation): Promise<Power | undefined> {
      const { agent_id, base_model = settings.baseModel, trained_dataset_id } = input;
      const { dataset: held, split } = await heldOut(agent_id, input.dataset_id, input.split);
      const trained =
        trained_dataset_id === undefined ? undefined : await store.readDataset(agent_id, trained_dataset_id);
      const seen = async (): Promise<Seen> => {
        if (trained === undefined) return { shared: 0, near: new Set(), complete: true };
        const run = { agent_id, dataset_id: trained.id, base_model };
        const { datasets } = await trainedOn(store, run);
        return seenIn({ files: deps.files, nearLines: deps.datasets.nearLines }, held, split, datasets);
      };
      const model = await nameOfBaseline(agent_id, input.baseline, { base_model });
      const groups = await foresee(
        deps,
        { held, split, trained, baseline: { asked: input.baseline, model } },
        seen,
      );
      return foreseePower(store, agent_id, groups);
    },

    /** What a dataset's own held-out side can show, told before its training is paid for. */
    heldOutNote: (dataset: Pick<Dataset, "agent_id" | "group_counts">): Promise<string | undefined> =>
      heldOutNote(store, dataset.agent_id, dataset),

    /**
     * All pairs of a finished evaluation, page by page.
     * @throws not_found; conflict `evaluation_not_finished`; invalid `bad_continuation`
     */
    async pairs(agentId: string, id: string, asked: Parameters<typeof readPairs>[2]) {
      const found = await store.read(agentId, id);
      if (found === undefined) throw noSuchRecord("evaluation", agentId, id);
      return { evaluation: bare(found), page: await readPairs(deps.files, bare(found), asked) };
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
