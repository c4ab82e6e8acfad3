import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { defineOperation, type Orchestrations } from "../doors/operation.ts";
import { agentOr } from "../doors/schemas.ts";
import type { Survey } from "../doors/survey.ts";
import { healthSchema, statsSchema } from "./contract.ts";
import type { OverviewService } from "./service.ts";
import { trendSchema } from "./trend.ts";

export type SurveyRecords = (orchestrations: Orchestrations) => Promise<Survey>;

/** The rows that show the whole at a glance. */
export function overviewOperations({
  service,
  settings,
  survey,
}: {
  readonly service: OverviewService;
  readonly survey: SurveyRecords;
  readonly settings: Pick<Settings, "agentId">;
}) {
  return [
    defineOperation({
      name: "getStats",
      summary:
        "Counts an agent's episodes, rewards, datasets, runs and deployments, and says which model serves.",
      input: z.strictObject({ agent_id: agentOr(settings.agentId) }),
      output: statsSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/stats" },
      cli: "stats",
      mcp: ["lightning_get_stats"],
      example: { agent_id: "mcp-agents" },
      run: async ({ agent_id }) => ({ body: await service.stats(agent_id) }),
    }),
    defineOperation({
      name: "getRewardTrend",
      summary: "Shows how well each model's episodes were judged over time, from the newest judged episodes.",
      input: z.strictObject({ agent_id: agentOr(settings.agentId) }),
      output: trendSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/stats/rewards" },
      cli: "reward-trend",
      mcp: ["lightning_get_reward_trend"],
      example: { agent_id: "mcp-agents" },
      run: async ({ agent_id }) => ({ body: await service.trend(agent_id) }),
    }),
    defineOperation({
      name: "getHealth",
      summary:
        "Checks the ledger (a read and a write), the provider, the change feeds and the orchestrations behind what is under way; 503 when the ledger fails.",
      input: z.strictObject({
        counts: z
          .boolean()
          .default(false)
          .meta({ description: "Also count every container's documents, which Cosmos charges for." }),
      }),
      output: healthSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/health" },
      answers: { unwell: true },
      cli: "health",
      mcp: ["lightning_health"],
      example: { counts: true },
      async run({ counts }, { orchestrations }) {
        const health = await service.health(counts, () => survey(orchestrations));
        return { status: health.status === "unhealthy" ? 503 : 200, body: health };
      },
    }),
  ];
}
