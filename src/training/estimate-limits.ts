import { capabilityOf } from "../catalog/capabilities.ts";
import type { Dataset, SidePictures, Split } from "../datasets/contract.ts";
import type { Provider } from "../provider/provider.ts";
import type { Estimate, PriceTables } from "./estimate-contract.ts";

/** Jobs and files are looked at up to here; a resource holds 100 of each. */
const MOST_LOOKED_AT = 200;

/** What the training wants beside what the model, the files and the resource take. */
export async function limitsOf(
  {
    provider,
    tables,
  }: {
    readonly provider?: Pick<Provider, "kind" | "listJobs" | "listFiles"> | undefined;
    readonly tables?: PriceTables | undefined;
  },
  dataset: Dataset,
  model: string,
  { counted, pictures }: { counted: { longest: number }; pictures: SidePictures | undefined },
  tokens: number,
): Promise<Estimate["limits"]> {
  const capability = capabilityOf(provider?.kind ?? "azure", model);
  const { source, as_of } = capability;
  const files = Object.entries(dataset.files ?? {}).filter(([side]) => (side as Split) !== "test");
  const found: Estimate["limits"] = [
    exampleTokens(Math.max(counted.longest, pictures?.longest ?? 0), capability.example_tokens),
    ...files.map(([side, file]) => most(`${side}_file_bytes`, file.bytes, capability.most_bytes)),
    ...(capability.most_tokens === undefined
      ? []
      : [most("training_tokens", tokens, capability.most_tokens)]),
    {
      name: "fewest_examples",
      wanted: dataset.training_count ?? 0,
      limit: capability.fewest_examples,
      within: (dataset.training_count ?? 0) >= capability.fewest_examples,
      source,
      as_of,
    },
  ];
  /** Pictures of unknown size are counted with the most they may have, which may be more than they do. */
  function exampleTokens(longest: number, limit: number): Estimate["limits"][number] {
    const one = most("example_tokens", longest, limit);
    const isSure = counted.longest > limit || pictures === undefined || pictures.pictures === 0;
    const isUnknown = !isSure && (!one.within || !pictures.known);
    return isUnknown ? { ...one, within: undefined } : one;
  }
  function most(name: string, wanted: number, limit: number): Estimate["limits"][number] {
    return { name, wanted, limit, within: wanted <= limit, source, as_of };
  }
  if (provider?.kind !== "azure") return found;
  const bytes = files.reduce((sum, [, file]) => sum + file.bytes, 0);
  const used = await usage(provider);
  const asked: Record<string, number | undefined> = {
    fine_tuning_files: used === undefined ? undefined : used.files + files.length,
    fine_tuning_file_bytes: used === undefined ? undefined : used.bytes + bytes,
    training_jobs: used === undefined ? undefined : used.jobs + 1,
    training_jobs_queued: used === undefined ? undefined : used.queued + 1,
  };
  for (const row of tables?.quotas ?? []) {
    if (!(row.name in asked)) continue;
    const wanted = asked[row.name];
    found.push({
      name: row.name,
      wanted: wanted ?? 0,
      limit: row.limit,
      within: wanted === undefined ? undefined : wanted <= row.limit,
      source: row.source,
      as_of: row.as_of,
    });
  }
  return found;
}

/** What the resource holds now; undefined when it cannot be asked: an estimate is no reason to fail. */
async function usage(provider: Pick<Provider, "listJobs" | "listFiles">) {
  const sum = { files: 0, bytes: 0, jobs: 0, queued: 0 };
  try {
    for await (const file of provider.listFiles()) {
      sum.files++;
      sum.bytes += file.bytes;
      if (sum.files >= MOST_LOOKED_AT) break;
    }
    for await (const job of provider.listJobs()) {
      sum.jobs++;
      if (job.state === "queued" || job.state === "pending") sum.queued++;
      if (sum.jobs >= MOST_LOOKED_AT) break;
    }
    return sum;
  } catch {
    return undefined;
  }
}
