import type { z } from "zod";
import type { Catalog } from "../catalog/catalog.ts";
import type { Settings } from "../config/settings.ts";
import type { Dataset, ReadyDataset, TrainingCheck } from "../datasets/contract.ts";
import type { BeforeMaking } from "../doors/keyed-request.ts";
import { type Files, lines } from "../files/files.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, invalid } from "../kernel/errors.ts";
import { canonicalJson, sha256 } from "../kernel/hashing.ts";
import { bare } from "../ledger/ledger.ts";
import type { Provider } from "../provider/provider.ts";
import { boundOfCost, checkBase, type EstimateCost, holdToBudget } from "./check-request.ts";
import type { startTrainingInputSchema, TrainingCost, TrainingRun } from "./contract.ts";
import { type CountPictures, type CountTokens, reckon } from "./estimate.ts";
import type { PriceTables } from "./estimate-contract.ts";
import { fieldsRead } from "./graders.ts";
import { checkGrading, checkHyperparameters, checkLocal, methodFor } from "./method.ts";
import { demandResolved } from "./resolved.ts";
import {
  canonicalIdentity,
  completeHyperparameters,
  DEFAULT_SEED,
  FEWEST_EXAMPLES,
  mayBeAlive,
  type RunIdentity,
  runId,
} from "./rules.ts";
import type { TrainingStore } from "./store.ts";

export interface TrainingRequestDeps {
  readonly store: TrainingStore;
  readonly provider: Pick<Provider, "kind">;
  /** Where datasets' files lie: a grader is held against their lines. */
  readonly files: Pick<Files, "read">;
  /** What training asks of datasets. */
  readonly datasets: {
    readonly get: (agentId: string, id: string) => Promise<Dataset>;
    readonly countTokens: CountTokens;
    readonly countPictures: CountPictures;
    /** @throws invalid `dataset_not_taken` */
    readonly checkForTraining: (dataset: ReadyDataset, check: TrainingCheck) => Promise<void>;
  };
  readonly settings: Pick<
    Settings,
    "baseModel" | "epochs" | "learningRateMultiplier" | "modelSuffix" | "trainingType"
  >;
  readonly clock: Clock;
  /** What is known of base models; absent: nothing is refused on their account, and no price is known. */
  readonly catalog?: Catalog | undefined;
  /** Dated prices and limits; absent: costs are unknown, and no tokens are counted to hold a budget. */
  readonly tables?: PriceTables | undefined;
}
export type StartTrainingInput = z.output<typeof startTrainingInputSchema>;

/** A run by its id, which is there already or is to be made. */
interface MeantRun {
  readonly run_id: string;
  readonly attempt: number;
}

/** `existed`: an equal request was made before; its run is answered. */
export interface PreparedRun {
  readonly run: TrainingRun;
  readonly existed: boolean;
  /** What to do when the existing run is not what the caller wants. */
  readonly hint?: string;
}

export interface TrainingCaller {
  readonly idempotencyKey?: string | undefined;
  /** The authenticated person; goes before a name in the request. */
  readonly principal?: string | undefined;
}

/** Asking for a training: checks the request and makes the run's record, once for equal requests. */
export function createTrainingRequests(deps: TrainingRequestDeps) {
  const { store, datasets, settings, catalog, clock } = deps;
  const bound: EstimateCost | undefined =
    catalog === undefined ? undefined : boundOfCost(catalog, datasets.countPictures);

  /** The newest attempt of an equal request, or 0. */
  async function newestAttempt(identity: RunIdentity): Promise<number> {
    let attempt = 0;
    while ((await store.read(identity.agent_id, runId(identity, attempt + 1))) !== undefined) attempt++;
    return attempt;
  }

  /**
   * The newest run of an equal request that an earlier release took in another spelling: its id is a hash of that
   * spelling, so it is found by what it means. Asked only where no run has the canonical id.
   */
  async function earlierSpelling(asSpelt: RunIdentity, datasetId: string): Promise<TrainingRun | undefined> {
    const meant = runId(canonicalIdentity(asSpelt), 1);
    const sameWords = await store.read(
      asSpelt.agent_id,
      runId(asSpelt, Math.max(1, await newestAttempt(asSpelt))),
    );
    const means = (run: TrainingRun) => runId(canonicalIdentity(run), 1) === meant;
    let newest = sameWords !== undefined && means(sameWords) ? bare(sameWords) : undefined;
    for await (const run of store.ofDataset(asSpelt.agent_id, datasetId))
      if (means(run) && (newest === undefined || run.created_at > newest.created_at)) newest = bare(run);
    return newest;
  }

  async function firstLine(dataset: ReadyDataset): Promise<string | undefined> {
    const key = dataset.files.train?.key;
    if (key !== undefined)
      for await (const text of lines(deps.files.read(key))) return text.replace(/^\uFEFF/, "");
    return undefined;
  }

  /**
   * Counts tokens, which is expensive: only where the bound that the files' sizes give exceeds the budget. Undefined
   * where a count is no bound: in another maker's vocabulary, or for epochs that the service chooses.
   */
  async function countedCost(identity: RunIdentity, dataset: Dataset): Promise<TrainingCost | undefined> {
    const { base_model, training_type, hyperparameters } = identity;
    const n_epochs = hyperparameters.n_epochs ?? settings.epochs;
    if (typeof n_epochs !== "number") return undefined;
    const { cost, counted, trained } = await reckon(deps, dataset, { base_model, training_type, n_epochs });
    if (cost === undefined || !counted.exact) return undefined;
    return { usd_at_most: cost.high, basis: `At most ${trained.high} training tokens, counted.` };
  }

  /** What the training costs where that is anybody's money. @throws invalid `cost_unknown`, `budget_exceeded` */
  async function costOf(identity: RunIdentity, dataset: Dataset, budget: number | undefined) {
    if (deps.provider.kind === "local") return { usd_at_most: 0, basis: "The local provider costs nothing." };
    const reckoned = await bound?.(identity, dataset);
    if (budget === undefined) return reckoned;
    const fits =
      reckoned !== undefined && reckoned.usd_at_most !== "unknown" && reckoned.usd_at_most <= budget;
    const counted = fits || deps.tables === undefined ? undefined : await countedCost(identity, dataset);
    const cost = counted ?? reckoned ?? { usd_at_most: "unknown", basis: "Nobody reckons costs here." };
    holdToBudget(budget, cost);
    return cost;
  }

  /** The run that a request without a known key means. */
  async function meantRun(
    asSpelt: RunIdentity,
    identity: RunIdentity,
    datasetId: string,
    forceNew: boolean,
  ): Promise<MeantRun> {
    const newest = await newestAttempt(identity);
    const earlier = newest === 0 && !forceNew ? await earlierSpelling(asSpelt, datasetId) : undefined;
    if (earlier !== undefined) return { run_id: earlier.id, attempt: earlier.attempt };
    const attempt = Math.max(1, newest + (forceNew ? 1 : 0));
    return { run_id: runId(identity, attempt), attempt };
  }

  /** Which run the request means, under its idempotency key if it has one. @throws conflict `idempotency_conflict` */
  async function runFor(
    asSpelt: RunIdentity,
    request: { readonly datasetId: string; readonly forceNew: boolean; readonly key: string | undefined },
    now: string,
  ): Promise<MeantRun> {
    const { datasetId, forceNew, key } = request;
    const identity = canonicalIdentity(asSpelt);
    const parameters = sha256(canonicalJson([identity, forceNew]));
    const known = key === undefined ? undefined : await store.readKey(identity.agent_id, key);
    const meant = known ?? (await meantRun(asSpelt, identity, datasetId, forceNew));
    if (key === undefined) return meant;
    const remembered =
      known ??
      (await store.rememberKey(identity.agent_id, key, {
        parameters_sha256: parameters,
        run_id: meant.run_id,
        attempt: meant.attempt,
        created_at: now,
      }));
    // An earlier release hashed what was sent as it was spelt.
    const before = sha256(canonicalJson([asSpelt, forceNew]));
    if (remembered.parameters_sha256 !== parameters && remembered.parameters_sha256 !== before)
      throw conflict(
        "idempotency_conflict",
        "This Idempotency-Key was used for a training with other parameters.",
        { remedy: "Use a new key for a new request.", details: { run_id: remembered.run_id } },
      );
    return remembered;
  }

  /** What makes the request the run that it is, as it is spelt; all that can be refused is refused here. */
  async function identify(input: StartTrainingInput, dataset: ReadyDataset): Promise<RunIdentity> {
    const method = methodFor(dataset, input.method);
    checkHyperparameters(method, input.hyperparameters);
    await checkGrading(method, dataset, input.grader, () => firstLine(dataset));
    checkLocal(deps.provider.kind, input.grader, input.hyperparameters);
    const suffix = input.suffix ?? settings.modelSuffix;
    const identity: RunIdentity = {
      agent_id: input.agent_id,
      dataset_hash: dataset.content_hash ?? dataset.files.train?.sha256 ?? dataset.id,
      base_model: input.base_model ?? settings.baseModel,
      method,
      hyperparameters: completeHyperparameters(input, settings, method),
      seed: input.seed ?? DEFAULT_SEED,
      training_type: input.training_type ?? settings.trainingType,
      ...(suffix === undefined ? {} : { suffix }),
      ...(input.grader === undefined ? {} : { grader: input.grader }),
    };
    // The calendar is Azure's; the local provider trains whatever it is asked to.
    if (deps.provider.kind === "azure") {
      if (catalog !== undefined) await checkBase(catalog, canonicalIdentity(identity));
      const { n_epochs } = identity.hyperparameters;
      const references = input.grader === undefined ? [] : fieldsRead(input.grader);
      await datasets.checkForTraining(dataset, {
        provider: "azure",
        model: identity.base_model,
        references,
        epochs: typeof n_epochs === "number" ? n_epochs : undefined,
      });
    }
    return identity;
  }

  return async (
    input: StartTrainingInput,
    caller: TrainingCaller = {},
    before?: BeforeMaking,
  ): Promise<PreparedRun> => {
    const dataset = trainable(await datasets.get(input.agent_id, input.dataset_id));
    const asSpelt = await identify(input, dataset);
    const identity = canonicalIdentity(asSpelt);
    const cost = await costOf(identity, dataset, input.budget_usd);
    const now = toIso(clock.now());
    const by = caller.principal ?? input.requested_by;
    const key = input.idempotency_key ?? caller.idempotencyKey;
    const meant = await runFor(asSpelt, { datasetId: dataset.id, forceNew: input.force_new, key }, now);
    if (before !== undefined && (await store.read(input.agent_id, meant.run_id)) === undefined)
      await before(meant.run_id);
    const { record: run, existed } = await store.createOnce({
      ...identity,
      id: meant.run_id,
      type: "run",
      dataset_id: dataset.id,
      attempt: meant.attempt,
      status: "pending",
      state: "pending",
      ...(input.budget_usd === undefined ? {} : { budget_usd: input.budget_usd }),
      ...(cost === undefined ? {} : { cost }),
      ...(by === undefined ? {} : { requested_by: by }),
      created_at: now,
    });
    const stopped = existed && (run.status === "failed" || run.status === "cancelled");
    return { run: bare(run), existed, ...(stopped ? { hint: wayOn(run, clock.now()) } : {}) };
  };
}

/** What to do about an equal run that has stopped. A second one is advised only where no job can still be going. */
const wayOn = (run: TrainingRun, now: number): string =>
  mayBeAlive(run, now)
    ? `An equal run was given up while its job may still be going. Reconcile it (\`reconcileTraining\`, run_id ${run.id}): it finds the job, or says that there is none.`
    : `An equal run has ${run.status}. Send force_new to train again with the same parameters.`;

/** @throws conflict `dataset_not_ready`, invalid `dataset_failed`, `dataset_unresolved`, `dataset_too_small` */
function trainable(dataset: Dataset): ReadyDataset {
  const { id } = dataset;
  if (dataset.status === "failed")
    throw invalid("dataset_failed", `The dataset "${id}" could not be built: ${dataset.error}`, {
      field: "dataset_id",
      remedy: "Build it again, or choose another dataset.",
    });
  if (dataset.status !== "ready")
    throw conflict("dataset_not_ready", `The dataset "${id}" is still being built.`, {
      field: "dataset_id",
      remedy: "Wait until its status is ready.",
    });
  const { training_count: count } = dataset;
  demandResolved(dataset);
  if (count < FEWEST_EXAMPLES)
    throw invalid(
      "dataset_too_small",
      `The dataset "${id}" has ${count} training examples; fine-tuning needs at least ${FEWEST_EXAMPLES}.`,
      {
        field: "dataset_id",
        remedy: "Reward more episodes, lower min_reward, or raise train_split.",
        details: { training_count: count, minimum: FEWEST_EXAMPLES },
      },
    );
  return dataset;
}
