import { TABLES } from "./tables.ts";

/**
 * One form for each model and each tier, however a request spells it: what is priced, checked, hashed and sent. Azure
 * takes both in any case, some tiers by two names, and models without their date. What no table knows stays as it is.
 */
const foldTier = (tier: string): string => tier.toLowerCase().replace(/tier$/, "");
const withoutDate = (model: string): string => model.toLowerCase().replace(/-\d{4}-\d{2}-\d{2}$/, "");

const TIERS = new Map(
  TABLES.models.flatMap((row) => row.training_types).map((tier) => [foldTier(tier), tier] as const),
);
const MODELS = new Map(TABLES.models.map(({ model }) => [model.toLowerCase(), model] as const));

/** Every name that the tables know a model by: as they write it, and without its date where that means only one. */
export const MODEL_NAMES: readonly string[] = TABLES.models.flatMap(({ model }) => {
  const short = model.replace(/-\d{4}-\d{2}-\d{2}$/, "");
  return short !== model && canonicalModel(short) === model ? [model, short] : [model];
});

/** The tier as the tables write it: `globalstandard` is GlobalStandard, `developer` is DeveloperTier. */
export const canonicalTier = (tier: string): string => TIERS.get(foldTier(tier)) ?? tier;

/** The model as the tables write it, with its date where only one dated model is meant: `gpt-4.1` is gpt-4.1-2025-04-14. */
export function canonicalModel(model: string): string {
  const exact = MODELS.get(model.toLowerCase());
  if (exact !== undefined) return exact;
  const dated = [...MODELS].filter(
    ([folded]) => folded !== withoutDate(folded) && withoutDate(folded) === model.toLowerCase(),
  );
  return dated.length === 1 ? (dated[0]?.[1] ?? model) : model;
}
