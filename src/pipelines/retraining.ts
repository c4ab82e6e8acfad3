import type { Settings } from "../config/settings.ts";
import type { Orchestrations } from "../doors/operation.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { hashedId } from "../kernel/ids.ts";
import { RETRAIN_AGENTS, runPipelineInputSchema } from "./contract.ts";
import { isUnderWay } from "./rules.ts";
import type { PipelineService } from "./service.ts";
import type { PipelineStore } from "./store.ts";

export interface RetrainingDeps {
  readonly service: Pick<PipelineService, "prepare">;
  readonly store: PipelineStore;
  readonly settings: Pick<Settings, "agentId" | "retrainMinEpisodes" | "retrainMetric" | "rewardsTtlDays">;
  readonly clock: Clock;
}

interface RetrainingPlan {
  readonly start: { agent_id: string; pipeline_id: string; new_episodes: number }[];
  readonly skip: { agent_id: string; reason: string }[];
}

/** Named where a person would stand: the clock asked for it. */
const RETRAINER = "retraining timer";

/**
 * Which agents are to be retrained at the timer's `stamp`. Looked at are LIGHTNING_AGENT_ID and every agent that has
 * built a dataset before: an agent is taken on by its first build, and from then on it is kept fresh. An episode is
 * new when a reward of it stands behind the place in the feed of rewards of the agent's last training that was judged.
 * Run again for the same stamp it answers the same pipelines: their ids are made of agent and stamp.
 */
export async function planRetraining(deps: RetrainingDeps, stamp: string): Promise<RetrainingPlan> {
  const { service, store, settings, clock } = deps;
  const plan: RetrainingPlan = { start: [], skip: [] };
  const agents = new Set([settings.agentId, ...(await store.agentsWithDatasets())]);
  for (const agent_id of [...agents].toSorted()) {
    const pipeline_id = hashedId("pipeline", [agent_id, "retraining", stamp]);
    const mine = await store.read(agent_id, pipeline_id);
    const others = (await store.unfinished(agent_id)).filter(
      (one) => one.id !== pipeline_id && isUnderWay(one, clock.now()),
    );
    const [other] = others;
    if (mine === undefined && other !== undefined) {
      plan.skip.push({ agent_id, reason: `already_running: pipeline ${other.id} is ${other.status}` });
      continue;
    }
    const new_episodes = await store.countRewarded(agent_id, await store.judgedBuild(agent_id), settings);
    if (mine === undefined && new_episodes < settings.retrainMinEpisodes) {
      plan.skip.push({
        agent_id,
        reason: `too_few_episodes: ${new_episodes} of ${settings.retrainMinEpisodes} new rewarded episodes`,
      });
      continue;
    }
    if (mine === undefined) {
      const input = runPipelineInputSchema.parse({
        agent_id,
        name: `retraining-${stamp}`,
        evaluation: { metric: settings.retrainMetric },
        promoted_by: RETRAINER,
      });
      await service.prepare(input, {}, pipeline_id);
    }
    plan.start.push({ agent_id, pipeline_id, new_episodes });
  }
  return plan;
}

/** What the retraining timer does: one orchestration a minute at most, named by the minute. */
export async function startRetraining(clock: Clock, orchestrations: Orchestrations): Promise<void> {
  const stamp = toIso(clock.now()).replaceAll(/[-:T]/g, "").slice(0, 12);
  await orchestrations.start(RETRAIN_AGENTS, { stamp });
}
