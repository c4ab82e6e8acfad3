import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { recordOnce } from "../doors/keyed-request.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { type CallContext, defineOperation } from "../doors/operation.ts";
import { agentOr, continuationSchema, foundSchema, idSchema, pagingSchema } from "../doors/schemas.ts";
import { monitored } from "../doors/status-monitor.ts";
import { startOrTakeUp, takeUpIfDead } from "../doors/take-up.ts";
import type { Clock } from "../kernel/clock.ts";
import { RESCAN_EPISODES, type Rescan, rescanSchema } from "./contract.ts";
import type { RescanService } from "./service.ts";
import { isEndedRescan } from "./status.ts";

const shownSchema = rescanSchema
  .omit({ type: true, claimed_by: true, awaited_place: true, begun_again_at: true, after: true })
  .extend({ rescan_id: idSchema, urls: z.record(z.string(), z.string()).optional() });

function show(rescan: Rescan, urls?: Record<string, string>) {
  const {
    type: _type,
    claimed_by: _claim,
    awaited_place: _place,
    begun_again_at: _again,
    after: _after,
    ...shown
  } = rescan;
  return { rescan_id: rescan.id, ...shown, ...(urls === undefined ? {} : { urls }) };
}

/**
 * Starts one and does not wait for it; one that is under way takes up newer rules by itself.
 * @param by the version of rules that did not change just now: a re-scan by them is started again only where none was
 */
export async function beginRescan(
  service: RescanService,
  agentId: string,
  { orchestrations, principal }: CallContext,
  by?: string,
): Promise<string> {
  const known = by === undefined ? undefined : await service.by(agentId, by);
  const rescan = known ?? (await service.prepare(agentId, principal));
  const { agent_id, id } = rescan;
  if (isEndedRescan(rescan)) return id;
  await startOrTakeUp(orchestrations, RESCAN_EPISODES, { agent_id, id }, rescan);
  return id;
}

/** The rows of re-scans. */
export function rescanOperations({
  service,
  settings,
  clock,
}: {
  readonly service: RescanService;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}) {
  const agent = { agent_id: agentOr(settings.agentId) };
  const one = { ...agent, rescan_id: idSchema.meta({ description: "The re-scan." }) };

  async function start(agentId: string, context: CallContext) {
    const rescan = await recordOnce(
      context,
      (id) => service.get(agentId, id),
      (before) => service.prepare(agentId, context.principal, before),
    );
    const { agent_id, id } = rescan;
    const { record, finished, urls } = await startAndWait(
      context,
      clock,
      RESCAN_EPISODES,
      { agent_id, id },
      () => service.get(agent_id, id),
      isEndedRescan,
    );
    return finished ? { body: show(record) } : { status: 202, body: show(record, urls) };
  }

  return [
    defineOperation({
      name: "rescanEpisodes",
      summary:
        "Holds what is stored of an agent to its redaction rules of today: episodes and rewards are changed, datasets named.",
      input: z.strictObject(agent),
      output: shownSchema,
      role: "owner",
      effect: "destroy",
      idempotent: true,
      rest: { method: "POST", path: "/redaction/rescans" },
      answers: monitored("rescans", "rescan_id"),
      cli: "redaction rescan",
      mcp: ["lightning_rescan_episodes"],
      example: { agent_id: "mcp-agents" },
      run: ({ agent_id }, context) => start(agent_id, context),
    }),
    defineOperation({
      name: "listRescans",
      summary: "Lists an agent's re-scans, newest first.",
      input: z.strictObject({ ...agent, ...pagingSchema }),
      output: z.object({
        agent_id: z.string(),
        rescans_found: foundSchema("Re-scans"),
        rescans: z.array(shownSchema),
        continuation: continuationSchema,
      }),
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/redaction/rescans" },
      cli: "redaction rescans",
      mcp: ["lightning_list_rescans"],
      example: { agent_id: "mcp-agents" },
      async run({ agent_id, limit, continuation: after }) {
        const { rescans, continuation } = await service.list(agent_id, limit, after);
        return {
          body: {
            agent_id,
            rescans_found: rescans.length,
            rescans: rescans.map((rescan) => show(rescan)),
            ...(continuation === undefined ? {} : { continuation }),
          },
        };
      },
    }),
    defineOperation({
      name: "getRescan",
      summary: "Shows how far a re-scan has come and what it found.",
      input: z.strictObject(one),
      output: shownSchema,
      role: "reader",
      effect: "read",
      idempotent: true,
      rest: { method: "GET", path: "/redaction/rescans/{rescan_id}" },
      cli: "redaction rescan-status",
      mcp: ["lightning_get_rescan"],
      aliases: { id: "rescan_id" },
      example: { agent_id: "mcp-agents", rescan_id: "rescan-abc123" },
      run: async ({ agent_id, rescan_id }) => ({ body: show(await service.get(agent_id, rescan_id)) }),
    }),
    defineOperation({
      name: "cancelRescan",
      summary: "Asks for the end of a re-scan; what it has changed stays.",
      input: z.strictObject(one),
      output: shownSchema,
      role: "owner",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/redaction/rescans/{rescan_id}/cancel" },
      answers: { changes: "/redaction/rescans/{rescan_id}" },
      cli: "redaction cancel-rescan",
      mcp: ["lightning_cancel_rescan"],
      aliases: { id: "rescan_id" },
      example: { agent_id: "mcp-agents", rescan_id: "rescan-abc123" },
      async run({ agent_id, rescan_id }, context) {
        const rescan = await service.cancel(agent_id, rescan_id);
        if (!isEndedRescan(rescan)) await takeUpIfDead(context.orchestrations, RESCAN_EPISODES, rescan);
        return { body: show(rescan) };
      },
    }),
  ];
}
