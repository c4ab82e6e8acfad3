import type { z } from "zod";
import type { Settings } from "../config/settings.ts";
import type { buildDatasetInputSchema } from "../datasets/contract.ts";
import type { PromoteRequest } from "../deployments/service.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import type { Evaluation } from "../evaluation/contract.ts";
import type { StartEvaluation } from "../evaluation/service.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { hashedId, timeOrderedId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/logger.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { startTrainingInputSchema } from "../training/contract.ts";
import type { Pipeline, RunPipelineInput } from "./contract.ts";
import { decisionFault } from "./rules.ts";
import { createPipelineStore } from "./store.ts";

/** What a pipeline asks of the stages: each makes its record and starts nothing. */
export interface PipelineStages {
  readonly datasets: {
    prepare(
      input: z.output<typeof buildDatasetInputSchema>,
    ): Promise<{ readonly dataset: { readonly id: string } }>;
  };
  readonly training: {
    prepare(
      input: z.output<typeof startTrainingInputSchema>,
      options: { readonly idempotencyKey: string },
    ): Promise<{ readonly run: { readonly id: string } }>;
    get(agentId: string, id: string): Promise<{ readonly requested_by?: string | undefined }>;
  };
  readonly evaluations: {
    prepare(input: StartEvaluation): Promise<{ readonly evaluation: { readonly id: string } }>;
    get(agentId: string, id: string): Promise<Pick<Evaluation, "result">>;
  };
  readonly deployments: {
    prepare(
      input: PromoteRequest,
      caller: { readonly principal?: string | undefined; readonly idempotencyKey?: string | undefined },
      gate: "require",
    ): Promise<{ readonly deployment: { readonly id: string } }>;
    readonly policies: { get(agentId: string): Promise<{ readonly four_eyes: boolean }> };
    /** @throws conflict `four_eyes_required` */
    demandTwoPersons(
      agentId: string,
      persons: { readonly asked: readonly (string | undefined)[]; readonly decided: string | undefined },
    ): void;
  };
}

export interface PipelineDeps extends PipelineStages {
  readonly ledger: Ledger;
  readonly settings: Pick<Settings, "agentId" | "retrainMinEpisodes">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type PipelineService = ReturnType<typeof createPipelineService>;

export function createPipelineService(deps: PipelineDeps) {
  const { settings, clock, datasets, training, evaluations, deployments } = deps;
  const store = createPipelineStore(deps.ledger);

  async function get(agentId: string, id: string): Promise<Pipeline> {
    const found = await store.read(agentId, id);
    if (found === undefined) throw noSuchRecord("pipeline", agentId, id);
    return found;
  }

  return {
    store,
    settings,
    stages: { datasets, training, evaluations, deployments },
    get,

    /**
     * Makes a pipeline's record and starts nothing. With an idempotency key (or an id, for the retraining timer) the
     * first request of that key is the pipeline.
     * @throws conflict `idempotency_conflict` when the key was used for something else
     */
    async prepare(
      input: RunPipelineInput,
      caller: { readonly principal?: string | undefined; readonly idempotencyKey?: string | undefined } = {},
      id?: string,
    ): Promise<{ pipeline: Pipeline; existed: boolean }> {
      const { agent_id, name } = input;
      const key = caller.idempotencyKey;
      const by = caller.principal ?? input.promoted_by;
      // JSON drops members that are undefined: the ledger takes none.
      const kept = JSON.parse(
        JSON.stringify({ ...input, ...(by === undefined ? {} : { promoted_by: by }) }),
      ) as RunPipelineInput;
      const { record, existed } = await store.create({
        id:
          id ??
          (key === undefined
            ? timeOrderedId("pipeline", clock.now())
            : hashedId("pipeline", [agent_id, "key", key])),
        type: "pipeline",
        agent_id,
        name,
        input: kept,
        status: "pending",
        stage: "dataset",
        created_at: toIso(clock.now()),
      });
      if (existed && key !== undefined && canonicalJson(record.input) !== canonicalJson(kept))
        throw conflict("idempotency_conflict", "This Idempotency-Key was used for another pipeline.", {
          remedy: "Use a new key for a new request.",
          details: { pipeline_id: record.id },
        });
      return { pipeline: record, existed };
    },

    /**
     * Stores a person's decision, the first and only one. The caller then wakes the pipeline up; should that be lost,
     * the pipeline looks for itself.
     * @throws conflict `not_waiting_for_approval`, `already_decided`, `approval_closed`, `four_eyes_required`
     */
    async decide(
      input: {
        readonly agent_id: string;
        readonly pipeline_id: string;
        readonly approved: boolean;
        readonly decided_by?: string | undefined;
        readonly reason?: string | undefined;
      },
      principal?: string,
    ): Promise<Pipeline> {
      const { agent_id, pipeline_id, approved, reason } = input;
      const by = principal ?? input.decided_by;
      // Who wanted the model may turn it down, but not let it through.
      if (approved && (await deployments.policies.get(agent_id)).four_eyes) {
        const { input: wanted, run_id } = await get(agent_id, pipeline_id);
        const run = run_id === undefined ? undefined : await training.get(agent_id, run_id);
        deployments.demandTwoPersons(agent_id, {
          asked: [wanted.promoted_by, run?.requested_by],
          decided: by,
        });
      }
      const decided = await store.change(agent_id, pipeline_id, (pipeline) => {
        const now = clock.now();
        const fault = decisionFault(pipeline, now);
        if (fault !== undefined)
          throw conflict(fault.code, fault.message, {
            details: { status: pipeline.status, decision: pipeline.decision, outcome: pipeline.outcome },
          });
        return {
          ...pipeline,
          decision: {
            approved,
            ...(by === undefined ? {} : { decided_by: by }),
            ...(reason === undefined ? {} : { reason }),
            at: toIso(now),
          },
        };
      });
      return decided ?? get(agent_id, pipeline_id);
    },
  };
}
