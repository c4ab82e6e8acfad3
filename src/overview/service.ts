import type { Settings } from "../config/settings.ts";
import type { ActiveModel, ModelSelector } from "../deployments/selection.ts";
import type { Survey } from "../doors/survey.ts";
import { ENDINGS, FAULTS_BY } from "../episodes/endings.ts";
import type { Clock } from "../kernel/clock.ts";
import type { ContainerKey } from "../ledger/containers.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { rememberAnswers, rememberCounts } from "../ledger/remembered-counts.ts";
import type { Provider } from "../provider/provider.ts";
import { RUN_STATUSES } from "../training/contract.ts";
import type { WorkloadCounts } from "../workload/contract.ts";
import type { Health, Stats } from "./contract.ts";
import { readFeeds } from "./feeds.ts";
import { checkHealth } from "./health.ts";
import { IS_JUDGED, Mean, MOST_READ, newestJudged } from "./judged.ts";
import { type Tally, tally } from "./tally.ts";
import { readTrend, type Trend } from "./trend.ts";
import { createWriteProbe } from "./write-probe.ts";

export interface OverviewDeps {
  readonly ledger: Ledger;
  readonly provider: Pick<Provider, "kind" | "ping">;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly progress?: FeedProgress | undefined;
  readonly selector: Pick<ModelSelector, "selectModel">;
  /** What of an agent is at work and what waits. */
  readonly workOf: (agentId: string) => Promise<WorkloadCounts>;
  readonly deployments: {
    readActive(agentId: string): Promise<ActiveModel | null>;
    baseModel(): string;
  };
}

export type OverviewService = ReturnType<typeof createOverviewService>;

interface Average {
  readonly mean: number | null;
  readonly of: number;
}

const WAITING = "waiting_for_approval";

const typed = (type: string) => ({ field: "type", op: "eq", value: type }) as const;

const NOT_FINISHED = ENDINGS.filter((ending) => ending !== "finished");

/** How many there are of each kind, of those that there are. Where there are none one count tells. */
async function countsOf<Kind extends string>(
  kinds: readonly Kind[],
  countAll: (kinds: readonly Kind[]) => Promise<number>,
): Promise<Partial<Record<Kind, number>>> {
  if ((await countAll(kinds)) === 0) return {};
  const count = (kind: Kind) => countAll([kind]);
  const counted = await Promise.all(kinds.map(async (kind) => [kind, await count(kind)] as const));
  return Object.fromEntries(counted.filter(([, found]) => found > 0)) as Partial<Record<Kind, number>>;
}

export function createOverviewService(deps: OverviewDeps) {
  const { ledger, settings } = deps;
  const count = rememberCounts(ledger, deps.clock);
  const rememberAverage = rememberAnswers<Average>(deps.clock);
  const probe = createWriteProbe(ledger, deps.clock);
  const rememberTally = rememberAnswers<Tally>(deps.clock);
  const rememberSurvey = rememberAnswers<Survey>(deps.clock);
  const rememberTrend = rememberAnswers<Trend>(deps.clock);

  async function averageReward(agentId: string): Promise<Average> {
    const mean = new Mean();
    for (const { reward_avg } of await newestJudged(ledger, agentId, deps.clock.now())) mean.add(reward_avg);
    return { mean: mean.facts.episodes === 0 ? null : mean.facts.mean, of: mean.facts.episodes };
  }

  /** How many episodes were judged, and their mean: cached where reading them takes a moment, else what is true now. */
  async function judgedOf(agentId: string): Promise<[number, Average]> {
    const total = await count("episodes", { pk: [agentId], where: [IS_JUDGED] });
    const read = () => averageReward(agentId);
    return [total, await (total < MOST_READ ? read() : rememberAverage(agentId, read))];
  }

  return {
    /** Exact counts of one agent, what serves now, and how far the feeds are behind. */
    async stats(agentId: string): Promise<Stats> {
      const pk = [agentId];
      const talliedOnce = (c: ContainerKey, type: string, statuses: readonly string[]) =>
        rememberTally(JSON.stringify([c, agentId]), () => tally(ledger, c, agentId, type, statuses));
      const episodesOf = (field: "ending" | "error_by", values: readonly string[]) =>
        count("episodes", { pk, where: [{ field, op: "in", value: [...values] }] });
      const [episodes, [rewarded, average], rewards, datasets, runs, evaluations, promoted] =
        await Promise.all([
          count("episodes", { pk }),
          judgedOf(agentId),
          count("rewards", { pk }),
          count("datasets", { pk, where: [typed("dataset")] }),
          talliedOnce("runs", "run", RUN_STATUSES),
          count("evaluations", { pk, where: [typed("evaluation")] }),
          count("deployments", { pk, where: [typed("deployment")] }),
        ]);
      const waitingRewards = (states: readonly string[]) =>
        count("waitingRewards", { pk, where: [{ field: "state", op: "in", value: states }] });
      const [work, pipelines, active, selection, feeds, endings, faults, rewardsWaiting, rewardsNotGiven] =
        await Promise.all([
          deps.workOf(agentId),
          talliedOnce("pipelines", "pipeline", [WAITING]),
          deps.deployments.readActive(agentId),
          deps.selector.selectModel(agentId),
          readFeeds(ledger, deps.clock, deps.progress, agentId),
          countsOf(NOT_FINISHED, (kinds) => episodesOf("ending", kinds)),
          countsOf(FAULTS_BY, (kinds) => episodesOf("error_by", kinds)),
          waitingRewards(["waiting"]),
          waitingRewards(["expired", "refused"]),
        ]);
      return {
        agent_id: agentId,
        lightning_enabled: settings.enableCapture,
        use_tuned_model: settings.useTunedModel,
        statistics: {
          total_episodes: episodes,
          rewarded_episodes: rewarded,
          answers_not_finished: endings,
          faults_by: faults,
          total_rewards: rewards,
          average_reward: average.mean,
          average_reward_of: average.of,
          rewards_waiting: rewardsWaiting,
          rewards_not_given: rewardsNotGiven,
          total_datasets: datasets,
          total_training_runs: runs.total,
          training_run_status: Object.fromEntries([...runs.byStatus].filter(([, found]) => found > 0)),
          total_evaluations: evaluations,
          total_deployments: promoted,
          total_pipelines: pipelines.total,
          pipelines_waiting_for_approval: pipelines.byStatus.get(WAITING) ?? 0,
        },
        work,
        active_deployment: {
          has_active: active !== null,
          deployment_id: active?.deployment_id ?? null,
          model_name: active?.deployment_name ?? null,
        },
        current_model: selection.model,
        current_model_source: selection.source,
        base_model: deps.deployments.baseModel(),
        feeds,
      };
    },

    trend: (agentId: string): Promise<Trend> =>
      rememberTrend(agentId, () => readTrend(ledger, agentId, deps.clock.now())),

    /** @param counts also count every container's documents, which Cosmos charges for like reading them */
    health: (counts: boolean, survey: () => Promise<Survey>): Promise<Health> =>
      checkHealth({ ...deps, probe, survey: () => rememberSurvey("", survey) }, counts),
  };
}
