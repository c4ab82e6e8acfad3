import { z } from "zod";
import type { Settings } from "../config/settings.ts";
import { startAndWait } from "../doors/long-operation.ts";
import { type CallContext, defineOperation } from "../doors/operation.ts";
import {
  agentOr,
  continuationSchema,
  foundSchema,
  idSchema,
  pagingSchema,
  placeInQueueSchema,
} from "../doors/schemas.ts";
import { monitored } from "../doors/status-monitor.ts";
import { deathOfOwner, takeUpIfDead } from "../doors/take-up.ts";
import type { Clock } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { bare } from "../ledger/ledger.ts";
import { chosenHyperparameters, chosenHyperparametersSchema } from "../training/contract.ts";
import {
  decidePipelineInputSchema,
  PIPELINES,
  type Pipeline,
  pipelineSchema,
  RUN_PIPELINE,
  runPipelineInputSchema,
} from "./contract.ts";
import type { PipelineService } from "./service.ts";
import { isEndedPipeline } from "./status.ts";

export interface PipelineOperationsDeps {
  readonly service: PipelineService;
  readonly settings: Pick<Settings, "agentId">;
  readonly clock: Clock;
}

/** As it is answered: what the provider is to choose (`auto`) is absent, so that each is a number. */
const shownTraining = runPipelineInputSchema.shape.training.unwrap().extend({
  n_epochs: chosenHyperparametersSchema.shape.n_epochs,
  hyperparameters: chosenHyperparametersSchema.optional(),
});
const shownSchema = pipelineSchema.omit({ type: true, claimed_by: true }).extend({
  input: runPipelineInputSchema.extend({ training: shownTraining }),
  pipeline_id: idSchema,
  place_in_queue: placeInQueueSchema,
});
const work = { type: PIPELINES.type, id: "pipeline_id" };
const withUrls = shownSchema.extend({
  success: z.boolean(),
  urls: z.record(z.string(), z.string()).optional(),
});

function show(pipeline: Pipeline) {
  const { type: _type, claimed_by: _claimedBy, ...shown } = pipeline;
  const { n_epochs, hyperparameters, ...training } = pipeline.input.training;
  return {
    pipeline_id: pipeline.id,
    ...shown,
    input: {
      ...pipeline.input,
      training: {
        ...training,
        ...(typeof n_epochs === "number" ? { n_epochs } : {}),
        ...(hyperparameters === undefined ? {} : { hyperparameters: chosenHyperparameters(hyperparameters) }),
      },
    },
  };
}

/**
 * A decision counts only where somebody acts on it. What was ended on purpose stays so; what was lost is taken up again
 * and waits for the decision once more.
 * @throws conflict `pipeline_not_running`
 */
async function refuseIfDead(pipeline: Pipeline, { orchestrations }: CallContext): Promise<void> {
  if (pipeline.status !== "waiting_for_approval") return;
  // An engine that does not answer says nothing about the pipeline, which looks into the ledger by itself.
  const death = await deathOfOwner(orchestrations, pipeline).catch(() => undefined);
  if (death === undefined) return;
  const isMeant = death.runtimeStatus === "Terminated";
  if (!isMeant) await takeUpIfDead(orchestrations, RUN_PIPELINE, pipeline);
  throw conflict(
    "pipeline_not_running",
    `Nobody works on pipeline ${pipeline.id} any more: its orchestration was ${isMeant ? "ended from outside" : "lost"} (${death.text}).`,
    {
      field: "pipeline_id",
      remedy: isMeant
        ? "Run the pipeline again; what it trained and judged is found again and not paid for twice."
        : "It has been taken up again: decide once more when it waits for approval.",
      details: { status: pipeline.status, runtime_status: death.runtimeStatus },
    },
  );
}

/** Decides; of a request whose first try got that far, its own decision is the answer. */
async function decideOnce(
  service: PipelineService,
  input: Parameters<PipelineService["decide"]>[0],
  { principal, request }: CallContext,
): Promise<Pipeline> {
  const by = principal ?? input.decided_by;
  const { decision, ...pipeline } = await service.get(input.agent_id, input.pipeline_id);
  const isOurs =
    decision?.approved === input.approved && decision.decided_by === by && decision.reason === input.reason;
  if (request?.isAgain === true && isOurs) return { ...pipeline, decision };
  return service.decide(input, principal);
}

/** The rows of pipelines. */
export function pipelineOperations({ service, settings, clock }: PipelineOperationsDeps) {
  const agent_id = agentOr(settings.agentId);

  const runPipeline = defineOperation({
    name: "runPipeline",
    summary:
      "Runs the loop: dataset, training, evaluation, approval if asked for, promotion if the candidate passes.",
    input: runPipelineInputSchema.extend({ agent_id }),
    output: withUrls,
    role: "releaser",
    effect: "write",
    idempotent: false,
    idempotency: { sent: "always" },
    rest: { method: "POST", path: "/pipelines" },
    answers: monitored("pipelines", "pipeline_id"),
    work,
    cli: "run",
    mcp: ["lightning_run_pipeline"],
    example: { agent_id: "mcp-agents", name: "weekly", approval: { required: true } },
    async run(input, context) {
      const { pipeline } = await service.prepare(input, context);
      const { id } = pipeline;
      const { record, finished, urls } = await startAndWait(
        context,
        clock,
        RUN_PIPELINE,
        { agent_id: input.agent_id, id },
        () => service.get(input.agent_id, id),
        isEndedPipeline,
      );
      const success = record.status !== "failed";
      return finished
        ? { body: { ...show(record), success } }
        : { status: 202, body: { ...show(record), success, urls } };
    },
  });

  const getPipeline = defineOperation({
    name: "getPipeline",
    summary: "Shows how far a pipeline is, the records it made and how it ended.",
    input: z.strictObject({ agent_id, pipeline_id: idSchema.meta({ description: "A pipeline's id." }) }),
    output: shownSchema,
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/pipelines/{pipeline_id}" },
    work,
    cli: "pipeline",
    mcp: ["lightning_get_pipeline"],
    aliases: { id: "pipeline_id" },
    example: { agent_id: "mcp-agents", pipeline_id: "pipeline-123" },
    async run(input) {
      return { body: show(await service.get(input.agent_id, input.pipeline_id)) };
    },
  });

  const decidePipeline = defineOperation({
    name: "decidePipeline",
    summary: "Approves or rejects the promotion that a pipeline waits with.",
    input: decidePipelineInputSchema.extend({ agent_id }),
    output: shownSchema.extend({ success: z.boolean(), approved: z.boolean() }),
    role: "releaser",
    effect: "write",
    movesServing: ({ approved }) => approved,
    idempotent: false,
    idempotency: { sent: "always" },
    rest: { method: "POST", path: "/pipelines/{pipeline_id}/approval" },
    answers: { changes: "/pipelines/{pipeline_id}" },
    cli: "approve",
    mcp: ["lightning_approve_pipeline"],
    aliases: { id: "pipeline_id" },
    example: { agent_id: "mcp-agents", pipeline_id: "pipeline-123", approved: true },
    async run(input, context) {
      await refuseIfDead(await service.get(input.agent_id, input.pipeline_id), context);
      const pipeline = await decideOnce(service, input, context);
      // The decision is stored; a wake-up that gets lost only delays it, so it is no reason to answer with an error.
      await context.orchestrations
        .raise(pipeline.claimed_by ?? pipeline.id, "approval", { approved: input.approved })
        .catch(() => undefined);
      return { body: { ...show(pipeline), success: true, approved: input.approved } };
    },
  });

  const listPipelines = defineOperation({
    name: "listPipelines",
    summary: "Lists the agent's pipelines, newest first.",
    input: z.strictObject({ agent_id, ...pagingSchema }),
    output: z.object({
      agent_id: z.string(),
      pipelines_found: foundSchema("Pipelines"),
      pipelines: z.array(shownSchema.omit({ input: true })),
      continuation: continuationSchema,
    }),
    role: "reader",
    effect: "read",
    idempotent: true,
    rest: { method: "GET", path: "/pipelines" },
    cli: "list-pipelines",
    mcp: ["lightning_list_pipelines"],
    example: { agent_id: "mcp-agents" },
    async run(input) {
      const page = await service.list(input.agent_id, input.limit, input.continuation);
      const pipelines = page.items.map((one) => {
        const { input: _input, ...shown } = show(bare(one));
        return shown;
      });
      return {
        body: {
          agent_id: input.agent_id,
          pipelines_found: pipelines.length,
          pipelines,
          ...(page.continuation === undefined ? {} : { continuation: page.continuation }),
        },
      };
    },
  });

  return [runPipeline, getPipeline, decidePipeline, listPipelines];
}
