import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { datasetSchema } from "../datasets/contract.ts";
import { edgeSchema } from "../datasets/replies.ts";
import type { DatasetService } from "../datasets/service.ts";
import type { DeploymentService } from "../deployments/service.ts";
import { manifestField, manifestSchema } from "../doors/manifest.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { defineOperation } from "../doors/operation.ts";
import { agentOr, idSchema } from "../doors/schemas.ts";
import { episodeSchema } from "../episodes/contract.ts";
import { rewardSchema } from "../rewards/contract.ts";
import { trainingRunSchema } from "../training/contract.ts";

const missingSchema = z
  .object({ id: z.string(), missing: z.literal(true) })
  .meta({ description: "The ledger has it no more." });

const traceSchema = z.object({
  agent_id: z.string(),
  episode_id: z.string(),
  episode: z.union([
    missingSchema,
    episodeSchema.pick({
      id: true,
      created_at: true,
      session_id: true,
      model_deployment: true,
      reward_avg: true,
    }),
  ]),
  rewards: z.array(
    z.union([
      missingSchema,
      rewardSchema
        .pick({
          id: true,
          source: true,
          value: true,
          evaluator: true,
          created_at: true,
          withdrawn: true,
        })
        .extend({
          standing: z
            .boolean()
            .meta({ description: "False: a later one replaced it, or it was taken back." }),
        }),
    ]),
  ),
  datasets: z.array(
    datasetSchema.pick({ id: true, name: true, content_hash: true, created_at: true }).extend({
      edges: z.array(edgeSchema),
      runs: z.array(
        trainingRunSchema.pick({ id: true, status: true, tuned_model_name: true }).extend({
          deployments: z.array(
            z.object({
              id: z.string(),
              deployment_name: z.string(),
              tuned_model: z.string(),
              is_active: z.boolean(),
            }),
          ),
        }),
      ),
    }),
  ),
  live_models: z.array(z.string()),
  manifest: manifestSchema.optional(),
});

const missing = (id: string) => ({ id, missing: true as const });

/** The row that follows an episode forward: datasets, runs, models, and which of them serve now. */
export function episodeTraceOperations({
  datasets,
  deployments,
  settings,
}: {
  readonly datasets: DatasetService;
  readonly deployments: DeploymentService;
  readonly settings: Pick<Settings, "agentId">;
}) {
  async function runsOf(agentId: string, datasetId: string, activeId: string | undefined) {
    const found = await deployments.runsOfDataset(agentId, datasetId);
    return found.map(({ run, deployments: promotions }) => ({
      id: run.id,
      status: run.status,
      tuned_model_name: run.tuned_model_name,
      deployments: promotions.map((one) => ({
        id: one.id,
        deployment_name: one.deployment_name,
        tuned_model: one.tuned_model_name,
        is_active: one.id === activeId,
      })),
    }));
  }

  return [
    defineOperation({
      name: "traceEpisode",
      summary: "Tells which datasets, training runs and live models saw an episode, and by which line.",
      input: z.strictObject({
        agent_id: agentOr(settings.agentId),
        episode_id: idSchema.meta({ description: "An episode's id." }),
        ...manifestField,
      }),
      output: traceSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/lineage/episodes/{episode_id}" },
      cli: "trace",
      mcp: ["lightning_trace_episode"],
      aliases: { id: "episode_id" },
      example: { agent_id: "mcp-agents", episode_id: "ep-123" },
      async run({ agent_id, episode_id }) {
        const { episode, rewards, standing, found } = await datasets.traceEpisode(agent_id, episode_id);
        if (episode === undefined && found.length === 0 && rewards.length === 0)
          throw noSuchRecord("episode", agent_id, episode_id, { formerly: "record_not_found" });
        const active = await deployments.readActive(agent_id);
        const known = new Set(rewards.map((reward) => reward.id));
        // Rewards that a dataset was built by and the ledger has no more.
        const gone = [
          ...new Set(found.flatMap(({ edges }) => edges.flatMap((edge) => edge.reward_ids))),
        ].filter((id) => episode === undefined && !known.has(id));
        const traced = [];
        for (const { dataset, edges } of found)
          traced.push({
            id: dataset.id,
            name: dataset.name,
            content_hash: dataset.content_hash,
            created_at: dataset.created_at,
            edges,
            runs: await runsOf(agent_id, dataset.id, active?.deployment_id),
          });
        return {
          body: {
            agent_id,
            episode_id,
            episode:
              episode === undefined
                ? missing(episode_id)
                : {
                    id: episode.id,
                    created_at: episode.created_at,
                    session_id: episode.session_id,
                    model_deployment: episode.model_deployment,
                    reward_avg: episode.reward_avg,
                  },
            rewards: [
              ...rewards.map(({ id, source, value, evaluator, created_at, withdrawn }) => ({
                id,
                source,
                value,
                evaluator,
                created_at,
                withdrawn,
                standing: standing.has(id),
              })),
              ...gone.map(missing),
            ],
            datasets: traced,
            live_models: [
              ...new Set(
                traced.flatMap(({ runs }) =>
                  runs.flatMap((run) =>
                    run.deployments.filter((one) => one.is_active).map((one) => one.deployment_name),
                  ),
                ),
              ),
            ],
          },
        };
      },
    }),
  ];
}
