import type { Settings } from "../../config/settings.ts";
import { noSuchRecord } from "../../doors/no-such-record.ts";
import type { FinishedEvaluation } from "../../evaluation/contract.ts";
import { conflict, invalid } from "../../kernel/errors.ts";
import { bare } from "../../ledger/ledger.ts";
import type { SucceededRun } from "../../training/contract.ts";
import type { PointerState } from "../rules.ts";
import type { DeploymentStore } from "../store.ts";

type ServingSettings = Pick<Settings, "baseModelDeployment"> &
  Partial<Pick<Settings, "tunedModelDeploymentName">>;

/** What a promotion of a run would replace. */
interface Serving {
  /** Under which names it can be a baseline; the first is what calls name. */
  readonly names: readonly [string, ...string[]];
  /** The run's own model serves: nothing that it was not compared with would be replaced. */
  readonly itself: boolean;
}

/** The evaluations that speak for a run: those that judged its model. */
export function createGateEvaluations({
  store,
  settings,
}: {
  readonly store: DeploymentStore;
  readonly settings: ServingSettings;
}) {
  async function servingAt(
    state: Pick<PointerState, "deployment_id" | "deployment_name">,
    run: SucceededRun,
  ) {
    const { deployment_id, deployment_name } = state;
    if (deployment_id === null || deployment_name === null) {
      const { tunedModelDeploymentName, baseModelDeployment } = settings;
      const base = tunedModelDeploymentName ?? baseModelDeployment ?? run.base_model;
      return { names: [base], itself: false } satisfies Serving;
    }
    const active = await store.readDeployment(run.agent_id, deployment_id);
    const known = active === undefined || active.deployment_unverified ? [] : [active.tuned_model_name];
    return {
      names: [deployment_name, ...known],
      itself: active?.training_run_id === run.id && active.deployment_unverified === undefined,
    } satisfies Serving;
  }

  const isFresh = ({ names, itself }: Serving, { baseline }: FinishedEvaluation) =>
    itself || names.includes(baseline);

  /** The one that was named, if it judged the run's model. */
  async function named(run: SucceededRun, id: string): Promise<FinishedEvaluation> {
    const evaluation = await store.readEvaluation(run.agent_id, id);
    if (evaluation === undefined) throw noSuchRecord("evaluation", run.agent_id, id);
    if (evaluation.run_id !== run.id)
      throw invalid("evaluation_of_other_run", `Evaluation ${id} did not judge training run ${run.id}.`, {
        field: "evaluation_id",
      });
    if (evaluation.status !== "finished")
      throw conflict("evaluation_not_finished", `Evaluation ${id} is ${evaluation.status}.`, {
        field: "evaluation_id",
        remedy: "Wait until the evaluation has finished.",
      });
    if (!judgedModelOf(run, evaluation))
      throw invalid(
        "evaluation_of_other_model",
        `Evaluation ${id} judged ${evaluation.candidate}, and the model of training run ${run.id} is ${run.tuned_model_name}.`,
        { field: "evaluation_id", remedy: "Evaluate the run itself: run_id without candidate." },
      );
    return bare(evaluation);
  }

  return {
    /**
     * The evaluation that speaks for the run: the one named, else the newest that compared it with what serves, else
     * the newest; and beside it the newest that compared with what serves.
     */
    async speaking(run: SucceededRun, state: PointerState, id?: string) {
      const serving = await servingAt(state, run);
      const all: FinishedEvaluation[] = [];
      for await (const one of store.evaluationsWith(run.agent_id, "run_id", run.id))
        if (one.status === "finished" && judgedModelOf(run, one)) all.push(bare(one));
      all.sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
      const fresh = all.find((one) => isFresh(serving, one));
      return { evaluation: id === undefined ? (fresh ?? all[0]) : await named(run, id), fresh };
    },

    /** Why a verdict says nothing about what would be replaced: it compared with another model than serves. */
    async staleness(
      run: SucceededRun,
      evaluation: FinishedEvaluation,
      state: Pick<PointerState, "deployment_id" | "deployment_name">,
    ): Promise<string | undefined> {
      const serving = await servingAt(state, run);
      if (isFresh(serving, evaluation)) return undefined;
      const { id, baseline, baseline_asked } = evaluation;
      const [now] = serving.names;
      return baseline_asked === "active"
        ? `The evaluation ${id} is stale: it compared with ${baseline}, and ${now} has taken its place since.`
        : `The evaluation ${id} compared with ${baseline}, and ${now} is what serves.`;
    },
  };
}

/** An evaluation counts for a run only if what answered was the run's own model. */
function judgedModelOf(
  run: SucceededRun,
  { candidate, candidate_model }: Pick<FinishedEvaluation, "candidate" | "candidate_model">,
): boolean {
  return (candidate_model ?? candidate) === run.tuned_model_name;
}

/** Shown to be worse, which is more than not shown to be better. */
export const isProvenWorse = ({ result }: FinishedEvaluation): boolean =>
  result.verdict === "fail" && result.interval[1] < 0;
