import { WireError } from "./http.ts";
import { type Model, parseModel } from "./model/model.ts";
import type { ProviderStore } from "./store.ts";

/** Tuned models stay in memory up to this many. */
const MODELS_KEPT = 8;

export type Models = ReturnType<typeof createModels>;

/**
 * The models there are: base names, behind all of which stands the one untrained model, and what jobs have trained.
 * @param bases names that the untrained model answers to
 * @param now seconds since the epoch
 */
export function createModels(store: ProviderStore, bases: readonly string[], now: number) {
  const loaded = new Map<string, Model>();
  for (const name of bases) store.offerBase(name, now);
  const offered = new Set(bases);
  const missing = (name: string) =>
    new WireError(404, "model_not_found", `The model '${name}' does not exist.`, { param: "model" });

  /** @throws WireError 404 */
  function tuned(name: string): Model {
    let model = loaded.get(name);
    if (model === undefined) {
      const text = store.readModel(name);
      if (text === undefined) throw missing(name);
      model = parseModel(text);
      if (loaded.size >= MODELS_KEPT) loaded.delete(loaded.keys().next().value as string);
      loaded.set(name, model);
    }
    return model;
  }

  /** Newest first, base names last. */
  function list() {
    return [...store.listModels(), ...store.listBases().filter(({ name }) => offered.has(name))];
  }

  return {
    list,
    /** @throws WireError 404 */
    read(name: string) {
      const row = list().find((one) => one.name === name);
      if (row === undefined) throw missing(name);
      return row;
    },
    /** The trained model of a name, undefined for the untrained one. @throws WireError 404 */
    named: (name: string): Model | undefined => (offered.has(name) ? undefined : tuned(name)),
    /** @throws WireError 404 for a name that is none, 403 for a base model */
    delete(name: string): void {
      if (offered.has(name))
        throw new WireError(403, "insufficient_permissions", `The base model '${name}' cannot be deleted.`, {
          param: "model",
        });
      if (!store.deleteModel(name)) throw missing(name);
      loaded.delete(name);
    },
  };
}
