import { z } from "zod";
import type { Ledger } from "../ledger/ledger.ts";
import { Mean, newestJudged } from "./judged.ts";

const BUCKETS = 28;

const meanSchema = z.object({ episodes: z.number().int(), mean: z.number() });
export const trendSchema = z.object({
  agent_id: z.string(),
  episodes: z.number().int().meta({ description: "Judged episodes that were read, the newest." }),
  from: z.string().nullable(),
  until: z.string().nullable(),
  models: z.array(meanSchema.extend({ model: z.string(), last_at: z.string() })),
  buckets: z.array(z.object({ at: z.string(), models: z.record(z.string(), meanSchema) })).meta({
    description: "Spans of equal length, oldest first; spans without an episode are left out.",
  }),
});
export type Trend = z.output<typeof trendSchema>;

function meanIn(means: Map<string, Mean>, key: string): Mean {
  const mean = means.get(key) ?? new Mean();
  means.set(key, mean);
  return mean;
}

/** How well each model's episodes were judged, over time. */
export async function readTrend(ledger: Ledger, agentId: string): Promise<Trend> {
  const judged = (await newestJudged(ledger, agentId)).toReversed();

  const from = judged[0]?.created_at;
  const until = judged.at(-1)?.created_at;
  if (from === undefined || until === undefined)
    return { agent_id: agentId, episodes: 0, from: null, until: null, models: [], buckets: [] };
  const start = Date.parse(from);
  const width = Math.max(1, (Date.parse(until) - start + 1) / BUCKETS);
  const models = new Map<string, Mean>();
  const lastAt = new Map<string, string>();
  const buckets = new Map<number, Map<string, Mean>>();
  for (const { created_at, reward_avg, model_deployment: model = "unknown" } of judged) {
    const index = Math.floor((Date.parse(created_at) - start) / width);
    const bucket = buckets.get(index) ?? new Map<string, Mean>();
    buckets.set(index, bucket);
    meanIn(bucket, model).add(reward_avg);
    meanIn(models, model).add(reward_avg);
    lastAt.set(model, created_at);
  }
  return {
    agent_id: agentId,
    episodes: judged.length,
    from,
    until,
    models: [...models].map(([model, mean]) => ({
      model,
      ...mean.facts,
      last_at: lastAt.get(model) ?? until,
    })),
    buckets: [...buckets].map(([index, means]) => ({
      at: new Date(start + (index + 0.5) * width).toISOString(),
      models: Object.fromEntries([...means].map(([model, mean]) => [model, mean.facts])),
    })),
  };
}
