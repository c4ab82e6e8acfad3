import { z } from "zod";
import { storedTimeSchema } from "../doors/schemas.ts";
import { latestBelievable } from "../episodes/contract.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { IS_JUDGED, Mean, newestJudged } from "./judged.ts";

const BUCKETS = 28;

const meanSchema = z.object({ episodes: z.number().int(), mean: z.number() });
export const trendSchema = z.object({
  agent_id: z.string(),
  episodes: z.number().int().meta({ description: "Judged episodes that were read, the newest." }),
  from: storedTimeSchema.nullable(),
  until: storedTimeSchema.nullable(),
  models: z.array(meanSchema.extend({ model: z.string(), last_at: storedTimeSchema })),
  buckets: z.array(z.object({ at: storedTimeSchema, models: z.record(z.string(), meanSchema) })).meta({
    description: "Spans of equal length, oldest first; spans without an episode are left out.",
  }),
  left_out: z.number().int().meta({
    description:
      "Judged episodes in no bucket: their time is so far from the others' that it would make one bucket of these, or is later than now.",
  }),
});
export type Trend = z.output<typeof trendSchema>;

function meanIn(means: Map<string, Mean>, key: string): Mean {
  const mean = means.get(key) ?? new Mean();
  means.set(key, mean);
  return mean;
}

/** So many times the span of the middle half may lie before and after it. */
const FENCE = 20;
const DAY_MS = 86_400_000;

/** The times that the buckets span: one episode of another decade does not make one bucket of all the others. */
function spanOf(times: readonly number[]): { readonly from: number; readonly until: number } {
  const quarter = times[Math.floor((times.length - 1) / 4)] ?? 0;
  const threeQuarters = times[Math.ceil(((times.length - 1) * 3) / 4)] ?? 0;
  const reach = FENCE * Math.max(threeQuarters - quarter, DAY_MS);
  const within = times.filter((time) => time >= quarter - reach && time <= threeQuarters + reach);
  return { from: within[0] ?? 0, until: within.at(-1) ?? 0 };
}

/** How well each model's episodes were judged, over time. */
export async function readTrend(ledger: Ledger, agentId: string, now: number): Promise<Trend> {
  const [newest, later] = await Promise.all([
    newestJudged(ledger, agentId, now),
    ledger.count("episodes", {
      pk: [agentId],
      where: [IS_JUDGED, { field: "created_at", op: "gt", value: latestBelievable(now) }],
    }),
  ]);
  const judged = newest.toReversed();
  if (judged.length === 0)
    return {
      agent_id: agentId,
      episodes: 0,
      from: null,
      until: null,
      models: [],
      buckets: [],
      left_out: later,
    };
  const span = spanOf(judged.map(({ created_at }) => Date.parse(created_at)));
  const width = Math.max(1, (span.until - span.from + 1) / BUCKETS);
  const [from, until] = [span.from, span.until].map((time) => new Date(time).toISOString()) as [
    string,
    string,
  ];
  let outside = 0;
  const models = new Map<string, Mean>();
  const lastAt = new Map<string, string>();
  const buckets = new Map<number, Map<string, Mean>>();
  for (const { created_at, reward_avg, model_deployment: model = "unknown" } of judged) {
    meanIn(models, model).add(reward_avg);
    lastAt.set(model, created_at);
    const at = Date.parse(created_at);
    if (at < span.from || at > span.until) {
      outside++;
      continue;
    }
    const index = Math.floor((at - span.from) / width);
    const bucket = buckets.get(index) ?? new Map<string, Mean>();
    buckets.set(index, bucket);
    meanIn(bucket, model).add(reward_avg);
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
      at: new Date(span.from + (index + 0.5) * width).toISOString(),
      models: Object.fromEntries([...means].map(([model, mean]) => [model, mean.facts])),
    })),
    left_out: outside + later,
  };
}
