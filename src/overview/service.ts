import type { Settings } from "../config/settings.ts";
import type { ActiveModel, ModelSelector } from "../deployments/selection.ts";
import type { Clock } from "../kernel/clock.ts";
import type { FeedProgress } from "../ledger/feed-progress.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { rememberAnswers, rememberCounts } from "../ledger/remembered-counts.ts";
import type { Provider } from "../provider/provider.ts";
import { RUN_STATUSES } from "../training/contract.ts";
import type { Health, Stats } from "./contract.ts";
import { readFeeds } from "./feeds.ts";
import { checkHealth } from "./health.ts";
import { IS_JUDGED, Mean, MOST_READ, newestJudged } from "./judged.ts";
import { readTrend, type Trend } from "./trend.ts";
import { createWriteProbe } from "./write-probe.ts";

export interface OverviewDeps {
  readonly ledger: Ledger;
  readonly provider: Pick<Provider, "kind" | "ping">;
  readonly settings: Settings;
  readonly clock: Clock;
  readonly progress?: FeedProgress | undefined;
  readonly selector: Pick<ModelSelector, "selectModel">;
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

const typed = (type: string) => ({ field: "type", op: "eq", value: type }) as const;

export function createOverviewService(deps: OverviewDeps) {
  const { ledger, settings } = deps;
  const count = rememberCounts(ledger, deps.clock);
  const rememberAverage = rememberAnswers<Average>(deps.clock);
  const probe = createWriteProbe(ledger, deps.clock);
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
      const runsOf = (status: string) =>
        count("runs", { pk, where: [typed("run"), { field: "status", op: "eq", value: status }] });
      const [episodes, [rewarded, average], rewards, datasets, runs, byStatus, evaluations, promoted] =
        await Promise.all([
          count("episodes", { pk }),
          judgedOf(agentId),
          count("rewards", { pk }),
          count("datasets", { pk, where: [typed("dataset")] }),
          count("runs", { pk, where: [typed("run")] }),
          Promise.all(RUN_STATUSES.map(async (status) => [status, await runsOf(status)] as const)),
          count("evaluations", { pk, where: [typed("evaluation")] }),
          count("deployments", { pk, where: [typed("deployment")] }),
        ]);
      const [pipelines, waiting, active, selection, feeds] = await Promise.all([
        count("pipelines", { pk, where: [typed("pipeline")] }),
        count("pipelines", {
          pk,
          where: [typed("pipeline"), { field: "status", op: "eq", value: "waiting_for_approval" }],
        }),
        deps.deployments.readActive(agentId),
        deps.selector.selectModel(agentId),
        readFeeds(ledger, deps.clock, deps.progress, agentId),
      ]);
      return {
        agent_id: agentId,
        lightning_enabled: settings.enableCapture,
        use_tuned_model: settings.useTunedModel,
        statistics: {
          total_episodes: episodes,
          rewarded_episodes: rewarded,
          total_rewards: rewards,
          average_reward: average.mean,
          average_reward_of: average.of,
          total_datasets: datasets,
          total_training_runs: runs,
          training_run_status: Object.fromEntries(byStatus.filter(([, found]) => found > 0)),
          total_evaluations: evaluations,
          total_deployments: promoted,
          total_pipelines: pipelines,
          pipelines_waiting_for_approval: waiting,
        },
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
    health: (counts: boolean): Promise<Health> => checkHealth({ ...deps, probe }, counts),
  };
}
