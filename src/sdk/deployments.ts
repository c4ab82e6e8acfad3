import { randomUUID } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import type { Deployment, DeploymentEvent, OperationOutputs } from "../wire/types.ts";
import { type Camel, camelRecord, type InputOf, type ReplyOf } from "./names.ts";
import type { Invoke } from "./transport.ts";
import { type WaitOptions, waitFor } from "./wait.ts";

export type DeploymentResult = Camel<Deployment>;
/** The deployment that serves; of one whose record is gone, its names alone. */
export type ActiveDeployment = ReplyOf<"getActiveDeployment">;
/** What serves after a roll-back or a deactivation; without a tuned model the names are null. */
export type MoveResult = ReplyOf<"rollback"> | ReplyOf<"deactivate">;
export type LineageEntry = Camel<OperationOutputs["getLineage"]["lineage"][number]>;

/** Decides which tuned model is active (the design's DeploymentRegistry). */
export function createDeploymentRegistry(
  invoke: Invoke,
  clock: Clock,
  onMove: (agentId: string | undefined) => void,
) {
  const active = async (agentId?: string): Promise<ActiveDeployment | undefined> => {
    const { body } = await invoke("getActiveDeployment", { agentId });
    return body.hasActiveDeployment ? body : undefined;
  };

  return {
    /** Makes a run's model the active one; resolves when it serves. */
    async promote(
      { trainingRunId, ...input }: Omit<InputOf<"promote">, "runId"> & { readonly trainingRunId: string },
      options: WaitOptions = {},
    ): Promise<ReplyOf<"promote">> {
      // One key for all looks: they ask about this very promotion.
      const idempotencyKey = randomUUID();
      const answer = await waitFor(
        clock,
        () =>
          invoke("promote", { runId: trainingRunId, ...input }, { idempotencyKey, signal: options.signal }),
        ({ status }) => status !== 202,
        options,
      );
      onMove(input.agentId);
      return answer.body;
    },

    /** What a call is to name while a tuned model is active; undefined: the base model answers. */
    async getActiveModel(agentId?: string): Promise<string | undefined> {
      const serving = await active(agentId);
      return serving?.deploymentName ?? serving?.tunedModelName ?? undefined;
    },

    getActiveDeployment: active,

    /** Back to what served before, or to `targetId`. */
    async rollback(input: InputOf<"rollback"> = {}): Promise<ReplyOf<"rollback">> {
      const { body } = await invoke("rollback", input);
      onMove(input.agentId);
      return body;
    },

    /** The base model from now on. */
    async deactivate(input: InputOf<"deactivate"> = {}): Promise<ReplyOf<"deactivate">> {
      const { body } = await invoke("deactivate", input);
      onMove(input.agentId);
      return body;
    },

    async listDeployments(
      agentId?: string,
      page: Omit<InputOf<"listDeployments">, "agentId"> = {},
    ): Promise<{ deployments: DeploymentResult[]; continuation: string | undefined }> {
      const { body } = await invoke("listDeployments", { agentId, ...page });
      return { deployments: body.deployments.map(camelRecord), continuation: body.continuation };
    },

    /** Deployment → evaluation, training run → dataset, newest first. */
    async getDeploymentLineage(
      agentId?: string,
    ): Promise<{ lineage: LineageEntry[]; events: Camel<DeploymentEvent>[] }> {
      const { body } = await invoke("getLineage", { agentId });
      return { lineage: body.lineage.map(camelRecord), events: body.events.map(camelRecord) };
    },
  };
}
