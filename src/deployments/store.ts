import type { Dataset } from "../datasets/contract.ts";
import type { Evaluation } from "../evaluation/contract.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, isLightningError, preconditionFailed } from "../kernel/errors.ts";
import { changeRecord } from "../ledger/change-record.ts";
import {
  type BatchOperation,
  bare,
  each,
  type Ledger,
  type LedgerDocument,
  type Page,
  type Stored,
} from "../ledger/ledger.ts";
import type { TrainingRun } from "../training/contract.ts";
import type { Deployment, DeploymentEvent, Pointer } from "./contract.ts";
import { createHostedStore } from "./hosted-store.ts";
import { type Move, NEVER_MOVED, type PointerState } from "./rules.ts";

/** Races lost in a row before the caller is told; each loss means that somebody else got through. */
const ATTEMPTS = 8;

export interface MoveRequest {
  readonly agentId: string;
  /** Decides the id of the history event: the same request applied again finds its event and moves nothing. */
  readonly eventId: string;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  decide(state: PointerState): Move;
  /** The deployment that is put into service: its record changes in the same batch. */
  readonly deploymentId?: string | undefined;
  /** Moves nothing if the active deployment is no longer the one that was seen first. */
  readonly onlyFromSeen?: boolean | undefined;
  /** What the caller saw before asking; absent: what the first try sees. */
  readonly seen?: string | null | undefined;
}

export interface MoveResult {
  readonly pointer: PointerState;
  /** Absent when nothing had to be moved. */
  readonly event?: DeploymentEvent | undefined;
}

export type DeploymentStore = ReturnType<typeof createDeploymentStore>;

export function createDeploymentStore({ ledger, clock }: { ledger: Ledger; clock: Clock }) {
  const readTyped = async <T extends LedgerDocument & { type: string }>(
    container: "deployments" | "runs" | "datasets" | "evaluations",
    agentId: string,
    id: string,
    type: T["type"],
  ): Promise<Stored<T> | undefined> => {
    const document = await ledger.read<T>(container, [agentId], id);
    return document?.type === type ? document : undefined;
  };
  const readPointer = (agentId: string) => readTyped<Pointer>("deployments", agentId, "active", "pointer");
  const readEvent = (agentId: string, id: string) =>
    readTyped<DeploymentEvent>("deployments", agentId, id, "event");
  const readDeployment = (agentId: string, id: string) =>
    readTyped<Deployment>("deployments", agentId, id, "deployment");

  /** One try: reads, decides, writes pointer, event and deployment together. Throws what the batch throws. */
  async function tryMove(request: MoveRequest, seen: { id?: string | null }): Promise<MoveResult> {
    const { agentId } = request;
    const [done, pointer, deployment] = await Promise.all([
      readEvent(agentId, request.eventId),
      readPointer(agentId),
      request.deploymentId === undefined ? undefined : readDeployment(agentId, request.deploymentId),
    ]);
    const state: PointerState = pointer ?? NEVER_MOVED;
    if (done !== undefined) return { pointer: state, event: bare(done) };
    if (seen.id !== undefined && request.onlyFromSeen && seen.id !== state.deployment_id)
      throw preconditionFailed(
        "pointer_moved",
        "Somebody else changed the active model at the same moment.",
        {
          remedy: "Look at the active deployment and repeat the request if it is still wanted.",
          details: currentState(state),
        },
      );
    seen.id = state.deployment_id;
    const move = request.decide(state);
    if (move.kind === "unchanged") return { pointer: state };
    if (move.kind === "refused")
      throw conflict(move.code, move.message, { remedy: move.remedy, details: currentState(state) });
    const now = toIso(clock.now());
    const next: Pointer = {
      ...move.pointer,
      id: "active",
      type: "pointer",
      agent_id: agentId,
      updated_at: now,
      created_at: pointer?.created_at ?? now,
    };
    const event: DeploymentEvent = {
      ...move.event,
      id: request.eventId,
      type: "event",
      agent_id: agentId,
      ...(request.by === undefined ? {} : { by: request.by }),
      ...(request.reason === undefined ? {} : { reason: request.reason }),
      created_at: now,
    };
    const operations: BatchOperation[] = [
      pointer === undefined
        ? { op: "create", document: next }
        : { op: "replace", document: next, ifMatch: pointer._etag },
      { op: "create", document: event },
    ];
    if (deployment !== undefined) {
      const { error: _error, failure: _failure, ...rest } = bare(deployment);
      const switched: Deployment = { ...rest, state: "active", promoted_at: now };
      operations.push({ op: "replace", document: switched, ifMatch: deployment._etag });
    }
    await ledger.batch("deployments", [agentId], operations);
    return { pointer: next, event };
  }

  return {
    hosted: createHostedStore(ledger),
    readPointer,
    readEvent,
    readDeployment,
    readRun: (agentId: string, id: string) => readTyped<TrainingRun>("runs", agentId, id, "run"),
    readDataset: (agentId: string, id: string) => readTyped<Dataset>("datasets", agentId, id, "dataset"),
    readEvaluation: (agentId: string, id: string) =>
      readTyped<Evaluation>("evaluations", agentId, id, "evaluation"),

    /** The newest finished evaluation of a run. */
    async newestEvaluation(agentId: string, runId: string): Promise<Stored<Evaluation> | undefined> {
      const page = await ledger.query<Evaluation>("evaluations", {
        pk: [agentId],
        where: [
          { field: "type", op: "eq", value: "evaluation" },
          { field: "run_id", op: "eq", value: runId },
          { field: "status", op: "eq", value: "finished" },
        ],
        orderBy: { field: "created_at", direction: "desc" },
        limit: 1,
      });
      return page.items[0];
    },

    /** Creates the record unless it exists; answers the one that is there. */
    async createDeployment(
      deployment: Deployment,
    ): Promise<{ record: Stored<Deployment>; existed: boolean }> {
      try {
        return { record: await ledger.create("deployments", deployment), existed: false };
      } catch (thrown) {
        if (!isLightningError(thrown) || thrown.kind !== "conflict") throw thrown;
        const record = await readDeployment(deployment.agent_id, deployment.id);
        if (record === undefined) throw thrown;
        return { record, existed: true };
      }
    },

    changeDeployment: (
      agentId: string,
      id: string,
      change: (deployment: Deployment) => Deployment | undefined,
    ): Promise<Deployment | undefined> =>
      changeRecord<Deployment>(ledger, "deployments", { type: "deployment", agent_id: agentId, id }, change),

    listDeployments(agentId: string, limit: number, after?: string): Promise<Page<Deployment>> {
      return ledger.query<Deployment>("deployments", {
        pk: [agentId],
        where: [{ field: "type", op: "eq", value: "deployment" }],
        orderBy: { field: "created_at", direction: "desc" },
        limit,
        after,
      });
    },

    deploymentsOfRun(agentId: string, runId: string): AsyncGenerator<Stored<Deployment>> {
      return each<Deployment>(ledger, "deployments", {
        pk: [agentId],
        where: [
          { field: "type", op: "eq", value: "deployment" },
          { field: "training_run_id", op: "eq", value: runId },
        ],
      });
    },

    /** Records of another stage that name a parent. */
    runsOfDataset(agentId: string, datasetId: string): AsyncGenerator<Stored<TrainingRun>> {
      return each<TrainingRun>(ledger, "runs", {
        pk: [agentId],
        where: [
          { field: "type", op: "eq", value: "run" },
          { field: "dataset_id", op: "eq", value: datasetId },
        ],
      });
    },
    evaluationsWith(
      agentId: string,
      field: "run_id" | "dataset_id",
      id: string,
    ): AsyncGenerator<Stored<Evaluation>> {
      return each<Evaluation>(ledger, "evaluations", {
        pk: [agentId],
        where: [
          { field: "type", op: "eq", value: "evaluation" },
          { field, op: "eq", value: id },
        ],
      });
    },

    /** The whole history of the agent's pointer, oldest first. One event is one decision of a person or pipeline. */
    async events(agentId: string): Promise<DeploymentEvent[]> {
      const found: DeploymentEvent[] = [];
      const query = { pk: [agentId], where: [{ field: "type", op: "eq", value: "event" } as const] };
      for await (const event of each<DeploymentEvent>(ledger, "deployments", query)) found.push(bare(event));
      return found.toSorted((a, b) => a.version - b.version);
    },

    /**
     * Moves the pointer: pointer, history event and deployment record in one batch under if-match. A lost race reads
     * again and decides anew; a response that was lost after the batch is found again by its event.
     * @throws conflict with the move's own code; precondition `pointer_moved` after too many lost races
     */
    async movePointer(request: MoveRequest): Promise<MoveResult> {
      const seen: { id?: string | null } = request.seen === undefined ? {} : { id: request.seen };
      for (let attempt = 1; ; attempt++) {
        try {
          return await tryMove(request, seen);
        } catch (thrown) {
          if (!isLightningError(thrown) || thrown.code === "pointer_moved") throw thrown;
          const lostRace =
            thrown.kind === "precondition" ||
            (thrown.kind === "conflict" && thrown.code === "document_exists");
          const unclear = thrown.kind === "unavailable" && thrown.ambiguous;
          if (!lostRace && !unclear) throw thrown;
          if (attempt < ATTEMPTS) continue;
          if (unclear) throw thrown;
          const current = (await readPointer(request.agentId)) ?? NEVER_MOVED;
          throw preconditionFailed("pointer_moved", "The active model keeps being changed by others.", {
            remedy: "Look at the active deployment and repeat the request if it is still wanted.",
            details: currentState(current),
            cause: thrown,
          });
        }
      }
    },
  };
}

function currentState(state: PointerState) {
  return {
    active_deployment_id: state.deployment_id,
    active_model: state.deployment_name,
    version: state.version,
  };
}
