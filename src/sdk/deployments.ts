import { randomUUID } from "node:crypto";
import type { Deployment, DeploymentEvent } from "../deployments/contract.ts";
import type { Clock } from "../kernel/clock.ts";
import { type Camel, camelRecord, snakeRecord } from "./names.ts";
import { type Invoke, type WaitOptions, waitFor } from "./transport.ts";

export type DeploymentResult = Camel<Omit<Deployment, "type" | "claimed_by">> & {
  readonly deploymentId: string;
  readonly tunedModel: string;
  readonly isActive: boolean;
  readonly warnings: string[];
};

/** What serves after a roll-back or a deactivation; without a tuned model the names are null. */
export interface MoveResult {
  readonly agentId: string;
  readonly deploymentId: string | null;
  readonly tunedModelName: string | null;
  readonly isActive: boolean;
  readonly baseModel: string;
  readonly rollbackFrom?: string | null;
  readonly rollbackReason?: string;
  /** What differs from what was asked for. */
  readonly warnings?: string[];
  /** The target was removed at the provider and comes back under this deployment; until then what served serves on. */
  readonly restoring?: string;
}

const show = (body: object) => camelRecord(body) as unknown as DeploymentResult;

/** Decides which tuned model is active (the design's DeploymentRegistry). */
export function createDeploymentRegistry(
  invoke: Invoke,
  clock: Clock,
  onMove: (agentId: string | undefined) => void,
) {
  async function move(operation: string, input: object & { readonly agentId?: string | undefined }) {
    const { body } = await invoke(operation, snakeRecord(input));
    onMove(input.agentId);
    return camelRecord(body) as unknown as MoveResult;
  }
  async function active(agentId?: string) {
    return (await invoke("getActiveDeployment", snakeRecord({ agentId }))).body;
  }

  return {
    /** Makes a run's model the active one; resolves when it serves. */
    async promote(
      input: {
        readonly trainingRunId: string;
        readonly agentId?: string;
        readonly promotedBy?: string;
        readonly evaluationId?: string;
        readonly overrideReason?: string;
        readonly deploymentName?: string;
        /** When Azure has no room: let the oldest idle deployment go. */
        readonly prune?: "no" | "oldest_inactive";
      },
      options: WaitOptions = {},
    ): Promise<DeploymentResult> {
      // One key for all looks: they ask about this very promotion.
      const idempotencyKey = randomUUID();
      const answer = await waitFor(
        clock,
        () => invoke("promote", snakeRecord(input), { idempotencyKey, signal: options.signal }),
        ({ status }) => status !== 202,
        options,
      );
      onMove(input.agentId);
      return show(answer.body);
    },

    /** What a call is to name while a tuned model is active; undefined: the base model answers. */
    async getActiveModel(agentId?: string): Promise<string | undefined> {
      const body = await active(agentId);
      if (body.has_active_deployment !== true) return undefined;
      return String(body.deployment_name ?? body.tuned_model_name);
    },

    async getActiveDeployment(agentId?: string): Promise<DeploymentResult | undefined> {
      const body = await active(agentId);
      return body.has_active_deployment === true ? show(body) : undefined;
    },

    /** Back to what served before, or to `targetId`. */
    rollback: (input: {
      readonly agentId?: string;
      readonly targetId?: string;
      readonly reason?: string;
      readonly rolledBackBy?: string;
      /** Do not wait until a removed model is callable again: the nearest callable one serves. */
      readonly atOnce?: boolean;
    }): Promise<MoveResult> => move("rollback", input),

    /** The base model from now on. */
    deactivate: (input: {
      readonly agentId?: string;
      readonly reason?: string;
      readonly deactivatedBy?: string;
    }): Promise<MoveResult> => move("deactivate", input),

    async listDeployments(
      agentId?: string,
      page: { limit?: number; continuation?: string } = {},
    ): Promise<{ deployments: DeploymentResult[]; continuation: string | undefined }> {
      const { body } = await invoke("listDeployments", snakeRecord({ agentId, ...page }));
      return {
        deployments: (body.deployments as object[]).map(show),
        continuation: body.continuation as string | undefined,
      };
    },

    /** Deployment → evaluation, training run → dataset, newest first. */
    async getDeploymentLineage(agentId?: string): Promise<{
      lineage: (DeploymentResult & Record<string, unknown>)[];
      events: Camel<DeploymentEvent>[];
    }> {
      const { body } = await invoke("getLineage", snakeRecord({ agentId }));
      return {
        lineage: (body.lineage as object[]).map(
          (one) => show(one) as DeploymentResult & Record<string, unknown>,
        ),
        events: (body.events as DeploymentEvent[]).map(camelRecord),
      };
    },
  };
}
