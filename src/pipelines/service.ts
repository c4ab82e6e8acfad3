import type { BeforeMaking } from "../doors/keyed-request.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { hashedId, timeOrderedId } from "../kernel/ids.ts";
import { bare, type Ledger } from "../ledger/ledger.ts";
import type { Pipeline, RunPipelineInput } from "./contract.ts";
import { decisionFault } from "./rules.ts";
import type { PipelineStages } from "./stages.ts";
import { createPipelineStore } from "./store.ts";

export interface PipelineDeps extends Pick<PipelineStages, "training" | "deployments"> {
  readonly datasets: Pick<PipelineStages["datasets"], "get">;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export type PipelineService = ReturnType<typeof createPipelineService>;

export function createPipelineService(deps: PipelineDeps) {
  const { clock, datasets, training, deployments } = deps;
  const store = createPipelineStore(deps.ledger);

  async function get(agentId: string, id: string): Promise<Pipeline> {
    const found = await store.read(agentId, id);
    if (found === undefined) throw noSuchRecord("pipeline", agentId, id);
    return found;
  }

  /** @throws not_found `dataset_not_found` with the field that named it */
  async function demandNamed({ agent_id, dataset_id, dataset, evaluation }: RunPipelineInput): Promise<void> {
    if (dataset_id !== undefined) await datasets.get(agent_id, dataset_id);
    if (evaluation.dataset_id !== undefined)
      await datasets.get(agent_id, evaluation.dataset_id, "evaluation.dataset_id");
    for (const golden of dataset.include_golden ?? [])
      await datasets.get(agent_id, golden, "dataset.include_golden");
  }

  return {
    get,

    /** Newest first. */
    list: (agentId: string, limit: number, after?: string) => store.list(agentId, limit, after),

    /**
     * Makes a pipeline's record and starts nothing. With an idempotency key (or an id, which the retraining timer
     * alone gives) the first request of that key is the pipeline.
     * @throws conflict `idempotency_conflict` when the key was used for something else; not_found `dataset_not_found`
     */
    async prepare(
      input: RunPipelineInput,
      caller: {
        readonly principal?: string | undefined;
        readonly idempotencyKey?: string | undefined;
        readonly roomFor?: BeforeMaking | undefined;
      } = {},
      id?: string,
    ): Promise<{ pipeline: Pipeline; existed: boolean }> {
      const { agent_id, name } = input;
      const key = caller.idempotencyKey;
      const by = caller.principal ?? input.promoted_by;
      // JSON drops members that are undefined: the ledger takes none.
      const kept = JSON.parse(
        JSON.stringify({ ...input, ...(by === undefined ? {} : { promoted_by: by }) }),
      ) as RunPipelineInput;
      const meant =
        id ??
        (key === undefined
          ? timeOrderedId("pipeline", clock.now())
          : hashedId("pipeline", [agent_id, "key", key]));
      // A request that is repeated under its key is answered also when what it named has gone since.
      if ((await store.read(agent_id, meant)) === undefined) {
        await demandNamed(input);
        await caller.roomFor?.(meant);
      }
      const { record, existed } = await store.createOnce({
        id: meant,
        type: "pipeline",
        agent_id,
        name,
        input: kept,
        status: "pending",
        stage: "dataset",
        ...(id === undefined ? {} : { retraining: true as const }),
        created_at: toIso(clock.now()),
      });
      if (existed && key !== undefined && canonicalJson(record.input) !== canonicalJson(kept))
        throw conflict("idempotency_conflict", "This Idempotency-Key was used for another pipeline.", {
          remedy: "Use a new key for a new request.",
          details: { pipeline_id: record.id },
        });
      return { pipeline: bare(record), existed };
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
