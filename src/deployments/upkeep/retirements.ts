import { type Catalog, type ModelFacts, type Told, UNKNOWN, type Unknown } from "../../catalog/catalog.ts";
import type { Settings } from "../../config/settings.ts";
import { DATASETS } from "../../datasets/contract.ts";
import { bare, type Ledger } from "../../ledger/ledger.ts";
import { recordsOf } from "../../ledger/records.ts";
import { RUNS, type SucceededRun } from "../../training/contract.ts";
import type { DeploymentService } from "../service.ts";

type Days = number | Unknown;
interface Source {
  readonly source: string;
  readonly as_of: string;
}
export interface Retirements {
  readonly agent_id: string;
  readonly bases: readonly (Omit<ModelFacts, "methods" | "training_types" | "deployment_skus" | "format"> & {
    readonly days_until_training_ends: Days;
    readonly days_until_answers_end: Days;
    readonly configured: boolean;
    readonly sources: readonly Source[];
  })[];
  readonly runs: readonly {
    readonly run_id: string;
    readonly base_model: string;
    readonly tuned_model: string;
    readonly retires: Told;
    readonly days_left: Days;
  }[];
  readonly deployments: readonly {
    readonly deployment_id: string;
    readonly run_id: string;
    readonly deployment_name: string;
    readonly base_model: string;
    readonly retires: Told;
    readonly days_left: Days;
    readonly is_active: boolean;
  }[];
  /** What to train instead of what serves now: `request` is the body of POST /pipelines, which does all of it. */
  readonly plan: readonly {
    readonly replaces: string;
    readonly base_model: string;
    readonly training_retires: Told;
    readonly estimated_usd: number | Unknown;
    readonly estimated_from: string;
    readonly gate: string;
    readonly request: {
      readonly agent_id: string;
      readonly name: string;
      readonly dataset_id: string;
      readonly training: { readonly base_model: string; readonly grader?: SucceededRun["grader"] };
      readonly evaluation: { readonly baseline: "active" };
    };
  }[];
}

const MOST_ALTERNATIVES = 3;

/** The calendar of one agent: which of its bases, runs and deployments end when, and what to do about it. */
export function createRetirements(deps: {
  readonly ledger: Ledger;
  readonly catalog: Catalog;
  readonly service: DeploymentService;
  readonly settings: Pick<Settings, "baseModel" | "trainingType">;
}) {
  const { ledger, catalog, service, settings } = deps;
  const days = (date: Told): Days => (date === UNKNOWN ? UNKNOWN : catalog.daysUntil(date));

  async function succeededRuns(agentId: string): Promise<SucceededRun[]> {
    const runs: SucceededRun[] = [];
    const where = [{ field: "status", op: "eq", value: "succeeded" } as const];
    for await (const run of recordsOf(ledger, RUNS).each({ pk: [agentId], where }))
      if (run.status === "succeeded") runs.push(bare(run));
    return runs.toSorted((a, b) => (a.created_at < b.created_at ? 1 : -1));
  }

  /** The tokens of training on the same examples again, and whose count it is: the dataset's, where a picture stands for a fixed number. */
  async function tokensOf(run: SucceededRun): Promise<{ tokens: number | undefined; from: string }> {
    const dataset = await recordsOf(ledger, DATASETS).read(run.agent_id, run.dataset_id);
    const counted = dataset?.token_counts?.sides.train?.tokens;
    const { n_epochs: epochs } = run.hyperparameters;
    if (counted !== undefined && typeof epochs === "number")
      return {
        tokens: counted * epochs,
        from: `${counted} tokens of ${run.dataset_id}, times ${epochs} epochs, as the dataset counts them`,
      };
    const { trained_tokens: trained } = run;
    return {
      tokens: trained,
      from:
        trained === undefined
          ? `nothing: the tokens of run ${run.id} are not known`
          : `the ${trained} tokens of run ${run.id}, as the provider that trained it counted them`,
    };
  }

  function costOf(run: SucceededRun, tokens: number | undefined, base: string): number | Unknown {
    // Reinforcement is paid by the hour.
    if (run.method === "reinforcement") return UNKNOWN;
    const price = catalog.trainingPrice(base, run.training_type);
    if (price === UNKNOWN || tokens === undefined) return UNKNOWN;
    return Math.round((tokens / 1e6) * price * 100) / 100;
  }

  return async (agentId: string): Promise<Retirements> => {
    const runs = await succeededRuns(agentId);
    const pointer = await service.pointerOf(agentId);
    const served = new Map(runs.map((run) => [run.id, run]));
    const names = [...new Set([settings.baseModel, ...runs.map((run) => run.base_model)])];
    const facts = new Map(
      await Promise.all(names.map(async (name) => [name, await catalog.facts(name)] as const)),
    );
    const end = (base: string) => facts.get(base)?.deployment_retires ?? UNKNOWN;
    const deployments: Retirements["deployments"][number][] = [];
    let after: string | undefined;
    do {
      const page = await service.list(agentId, 200, after);
      for (const one of page.items) {
        if (one.promoted_at === undefined) continue;
        const base = served.get(one.training_run_id)?.base_model ?? UNKNOWN;
        deployments.push({
          deployment_id: one.id,
          run_id: one.training_run_id,
          deployment_name: one.deployment_name,
          base_model: base,
          retires: end(base),
          days_left: days(end(base)),
          is_active: one.id === pointer.deployment_id,
        });
      }
      after = page.continuation;
    } while (after !== undefined);

    const active = deployments.find((one) => one.is_active);
    const run = active === undefined ? runs[0] : (served.get(active.run_id) ?? runs[0]);
    const alternatives =
      run === undefined
        ? []
        : (await catalog.alternatives(run.base_model, run.method)).slice(0, MOST_ALTERNATIVES);
    const known = run === undefined ? undefined : await tokensOf(run);
    return {
      agent_id: agentId,
      bases: [...new Map([...facts.values()].map((one) => [one.model, one])).values()].map(
        ({
          methods: _methods,
          training_types: _types,
          deployment_skus: _skus,
          format: _format,
          ...shown
        }) => ({
          ...shown,
          days_until_training_ends: days(shown.training_retires),
          days_until_answers_end: days(shown.base_retires),
          configured: shown.model === facts.get(settings.baseModel)?.model,
        }),
      ),
      runs: runs.map((one) => ({
        run_id: one.id,
        base_model: one.base_model,
        tuned_model: one.tuned_model_name,
        retires: end(one.base_model),
        days_left: days(end(one.base_model)),
      })),
      deployments,
      plan:
        run === undefined
          ? []
          : alternatives.map((one) => ({
              replaces: run.base_model,
              base_model: one.model,
              training_retires: one.training_retires,
              estimated_usd: costOf(run, known?.tokens, one.model),
              estimated_from: known?.from ?? "nothing",
              gate: "promoted when an evaluation against what serves now says pass; else the run is left to you",
              request: {
                agent_id: agentId,
                name: `replace ${run.base_model}`,
                dataset_id: run.dataset_id,
                training: {
                  base_model: one.model,
                  ...(run.grader === undefined ? {} : { grader: run.grader }),
                },
                evaluation: { baseline: "active" },
              },
            })),
    };
  };
}
