import type { Settings } from "../config/settings.ts";
import { isKind } from "../kernel/errors.ts";
import type { HostedModels } from "./hosted/hosted.ts";
import type { DeploymentStore } from "./store.ts";

export interface ModelOwnersDeps {
  readonly store: Pick<DeploymentStore, "succeededRuns" | "allDeployments" | "hosted">;
  /** Present where the account can say which model a deployment calls. */
  readonly models: Pick<HostedModels, "modelBehind"> | undefined;
  readonly settings: Pick<Settings, "baseModel" | "baseModelDeployment"> &
    Partial<Pick<Settings, "tunedModelDeploymentName">>;
}

/** A model's name, or that of one of its checkpoints (`<model>:ckpt-step-50`). Azure does not tell cases apart. */
const isName = (name: string, model: string | null | undefined): boolean =>
  model != null && (name === model.toLowerCase() || name.startsWith(`${model.toLowerCase()}:`));

/**
 * Whose a model is, by what the ledger knows of it: the agents whose runs made it, whose promotions named it, whose
 * deployments were made of it, or, of a deployment made by hand, whose model the account says that it calls. Nobody's:
 * a base model, or one that no record knows. Every record of these kinds is read: only asked for a name that a caller
 * gives who may not do everything.
 */
export function createModelOwners({ store, models, settings }: ModelOwnersDeps) {
  const everybodys = [settings.baseModel, settings.baseModelDeployment, settings.tunedModelDeploymentName];

  async function ofRuns(name: string): Promise<string[]> {
    const found: string[] = [];
    for await (const run of store.succeededRuns())
      if (isName(name, run.tuned_model_name)) found.push(run.agent_id);
    return found;
  }

  async function ofDeployments(name: string): Promise<string[]> {
    const found: string[] = [];
    // What nobody verified says nothing of whose it is.
    for await (const one of store.allDeployments())
      if (one.deployment_unverified !== true && isName(name, one.deployment_name)) found.push(one.agent_id);
    for (const one of await store.hosted.all())
      if (isName(name, one.deployment_name)) found.push(one.agent_id);
    return found;
  }

  async function behind(name: string): Promise<string[]> {
    try {
      const model = await models?.modelBehind(name);
      return model === undefined ? [] : await ofRuns(model.toLowerCase());
    } catch (thrown) {
      if (isKind(thrown, "forbidden", "not_found")) return [];
      throw thrown;
    }
  }

  return async (given: string): Promise<ReadonlySet<string>> => {
    const name = given.trim().toLowerCase();
    if (everybodys.some((one) => one?.toLowerCase() === name)) return new Set();
    const known = [...(await ofRuns(name)), ...(await ofDeployments(name))];
    return new Set(known.length > 0 ? known : await behind(given));
  };
}
