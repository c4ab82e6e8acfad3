import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { recordOnce } from "../doors/keyed-request.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { defineOperation } from "../doors/operation.ts";
import {
  agentOr,
  continuationSchema,
  foundSchema,
  idSchema,
  pagingSchema,
  placeInQueueSchema,
} from "../doors/schemas.ts";
import { monitored } from "../doors/status-monitor.ts";
import type { Clock } from "../kernel/clock.ts";
import { bare } from "../ledger/ledger.ts";
import {
  EVALUATE_MODEL,
  EVALUATIONS,
  type Evaluation,
  evaluationSchema,
  pairSchema,
  startEvaluationInputSchema,
  VERDICTS,
} from "./contract.ts";
import { outcomeSchema } from "./pairs.ts";
import type { EvaluationService } from "./service.ts";
import { isEndedEvaluation } from "./status.ts";

export interface EvaluationOperationsDeps {
  readonly service: EvaluationService;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}

const shownSchema = evaluationSchema.omit({ type: true, claimed_by: true }).extend({
  evaluation_id: idSchema,
  verdict: z.enum(VERDICTS).optional(),
  place_in_queue: placeInQueueSchema,
});
const work = { type: EVALUATIONS.type, id: "evaluation_id" };
const startedSchema = shownSchema.extend({
  success: z.boolean(),
  urls: z.record(z.string(), z.string()).optional(),
});

const show = ({ type: _type, claimed_by: _claimedBy, ...evaluation }: Evaluation) => ({
  evaluation_id: evaluation.id,
  ...evaluation,
  ...(evaluation.result === undefined ? {} : { verdict: evaluation.result.verdict }),
});

/** The rows of evaluations. */
export function evaluationOperations({ service, settings, clock }: EvaluationOperationsDeps) {
  const agent_id = agentOr(settings.agentId);

  const startEvaluation = defineOperation({
    name: "startEvaluation",
    summary:
      "Lets a candidate and a baseline answer held-out examples and says whether the candidate is better.",
    input: startEvaluationInputSchema.extend({ agent_id }),
    output: startedSchema,
    role: "trainer",
    effect: "write",
    idempotent: true,
    rest: { method: "POST", path: "/evaluations" },
    answers: monitored("evaluations", "evaluation_id"),
    work,
    cli: "evaluate",
    mcp: ["lightning_evaluate"],
    aliases: { training_run_id: "run_id" },
    example: { agent_id: "mcp-agents", run_id: "run-xyz789", dataset_id: "dataset-abc123" },
    async run(input, context) {
      const { id } = await recordOnce(
        context,
        (known) => service.get(input.agent_id, known),
        async (before) => (await service.prepare(input, before)).evaluation,
      );
      const { record, finished, urls } = await startAndWait(
        context,
        clock,
        EVALUATE_MODEL,
        { agent_id: input.agent_id, id },
        () => service.get(input.agent_id, id),
        isEndedEvaluation,
      );
      const success = record.status !== "failed";
      return finished
        ? { body: { ...show(record), success } }
        : { status: 202, body: { ...show(record), success, urls } };
    },
  });

  const getEvaluation = defineOperation({
    name: "getEvaluation",
    summary: "Shows an evaluation: counts, interval, verdict with its reasons, and a sample of the pairs.",
    input: z.strictObject({ agent_id, evaluation_id: idSchema.meta({ description: "An evaluation's id." }) }),
    output: shownSchema,
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/evaluations/{evaluation_id}" },
    work,
    cli: "evaluation",
    mcp: ["lightning_get_evaluation"],
    aliases: { id: "evaluation_id" },
    example: { agent_id: "mcp-agents", evaluation_id: "eval-123" },
    async run(input) {
      return { body: show(await service.get(input.agent_id, input.evaluation_id)) };
    },
  });

  const listEvaluations = defineOperation({
    name: "listEvaluations",
    summary: "Lists the agent's evaluations, newest first.",
    input: z.strictObject({
      agent_id,
      run_id: idSchema.optional().meta({ description: "Only evaluations of this training run." }),
      ...pagingSchema,
    }),
    output: z.object({
      agent_id: z.string(),
      evaluations_found: foundSchema("Evaluations"),
      evaluations: z.array(shownSchema.omit({ sample: true })),
      continuation: continuationSchema,
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/evaluations" },
    cli: "list-evaluations",
    mcp: ["lightning_list_evaluations"],
    aliases: { training_run_id: "run_id" },
    example: { agent_id: "mcp-agents" },
    async run(input) {
      const page = await service.list(input.agent_id, input.run_id, input.limit, input.continuation);
      const evaluations = page.items.map((one) => {
        const { sample: _sample, ...shown } = show(bare(one));
        return shown;
      });
      return {
        body: {
          agent_id: input.agent_id,
          evaluations_found: evaluations.length,
          evaluations,
          ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
        },
      };
    },
  });

  const listPairs = defineOperation({
    name: "listPairs",
    summary:
      "Lists all pairs of a finished evaluation: question, expected answer, both models' answers, and which was right.",
    input: z.strictObject({
      agent_id,
      evaluation_id: idSchema.meta({ description: "An evaluation's id." }),
      outcome: outcomeSchema.optional().meta({
        description:
          "Only pairs on which the candidate alone was right, the baseline alone, both or neither; all when absent.",
      }),
      ...pagingSchema,
    }),
    output: z.object({
      agent_id: z.string(),
      evaluation_id: idSchema,
      metric: z.string().meta({ description: "What was judged: when an answer counts as right." }),
      grading: z.number().int().optional().meta({
        description:
          "Version of the metric's rules; absent: `auto` and `tool_call` compared tool names alone.",
      }),
      outcome: outcomeSchema.optional(),
      total: z.number().int().meta({ description: "Pairs of this outcome on all pages." }),
      first: z.number().int().meta({ description: "Number of the first pair on this page, from 1." }),
      pairs: z.array(pairSchema.extend({ outcome: outcomeSchema })),
      continuation: continuationSchema,
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/evaluations/{evaluation_id}/pairs" },
    answers: { conflicts: true },
    cli: "pairs",
    mcp: ["lightning_list_pairs"],
    aliases: { id: "evaluation_id" },
    example: { agent_id: "mcp-agents", evaluation_id: "eval-123", outcome: "neither" },
    async run({ agent_id: agentId, evaluation_id, outcome, limit, continuation }) {
      const asked = { outcome, limit, continuation };
      const { evaluation, page } = await service.pairs(agentId, evaluation_id, asked);
      const { metric, grading } = evaluation;
      return {
        body: {
          agent_id: agentId,
          evaluation_id,
          metric,
          ...(grading === undefined ? {} : { grading }),
          ...(outcome === undefined ? {} : { outcome }),
          ...page,
          pairs: [...page.pairs],
        },
      };
    },
  });

  return [startEvaluation, getEvaluation, listEvaluations, listPairs];
}
