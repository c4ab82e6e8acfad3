import { type Clock, toIso } from "../kernel/clock.ts";
import { conflict, isKind, preconditionFailed } from "../kernel/errors.ts";
import { type BatchOperation, bare, type Ledger } from "../ledger/ledger.ts";
import { isLostRace, retryRaces } from "../ledger/races.ts";
import { recordsOf } from "../ledger/records.ts";
import { DEPLOYMENT_EVENTS, DEPLOYMENTS, type DeploymentEvent, POINTERS, type Pointer } from "./contract.ts";
import { active } from "./moves.ts";
import { type Move, NEVER_MOVED, type PointerState } from "./rules.ts";

export interface MoveRequest {
  readonly agentId: string;
  /** Decides the id of the history event: the same request applied again finds its event and moves nothing. */
  readonly eventId: string;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
  /** Decides on the very state that is replaced under if-match; a lost race asks again. */
  decide(state: PointerState): Move | Promise<Move>;
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

/** The pointer to the active model and its history. */
export function createPointerStore({ ledger, clock }: { readonly ledger: Ledger; readonly clock: Clock }) {
  const pointers = recordsOf(ledger, POINTERS);
  const events = recordsOf(ledger, DEPLOYMENT_EVENTS);
  const deployments = recordsOf(ledger, DEPLOYMENTS);
  const readPointer = (agentId: string) => pointers.read(agentId, "active");

  /** One try: reads, decides, writes pointer, event and deployment together. Throws what the batch throws. */
  async function tryMove(request: MoveRequest, seen: { id?: string | null }): Promise<MoveResult> {
    const { agentId } = request;
    const [done, pointer, deployment] = await Promise.all([
      events.read(agentId, request.eventId),
      readPointer(agentId),
      request.deploymentId === undefined ? undefined : deployments.read(agentId, request.deploymentId),
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
    const move = await request.decide(state);
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
      const switched = active(bare(deployment), now, move.doubt);
      operations.push({ op: "replace", document: switched, ifMatch: deployment._etag });
    }
    await ledger.batch("deployments", [agentId], operations);
    return { pointer: next, event };
  }

  return {
    readPointer,
    readEvent: events.read,

    /** The whole history of the agent's pointer, oldest first. One event is one decision of a person or pipeline. */
    async events(agentId: string): Promise<DeploymentEvent[]> {
      const found: DeploymentEvent[] = [];
      for await (const event of events.each({ pk: [agentId] })) found.push(bare(event));
      return found.toSorted((a, b) => a.version - b.version);
    },

    /**
     * Moves the pointer: pointer, history event and deployment record in one batch under if-match. A lost race reads
     * again and decides anew; a response that was lost after the batch is found again by its event.
     * @throws conflict with the move's own code; precondition `pointer_moved` after too many lost races
     */
    async movePointer(request: MoveRequest): Promise<MoveResult> {
      const seen: { id?: string | null } = request.seen === undefined ? {} : { id: request.seen };
      const isUnclear = (thrown: unknown) => isKind(thrown, "unavailable") && thrown.ambiguous;
      return retryRaces(() => tryMove(request, seen), {
        isRace: (thrown) => isLostRace(thrown) || isUnclear(thrown),
        contended: async (cause) => {
          if (isUnclear(cause)) return cause;
          const current = (await readPointer(request.agentId)) ?? NEVER_MOVED;
          return preconditionFailed("pointer_moved", "The active model keeps being changed by others.", {
            remedy: "Look at the active deployment and repeat the request if it is still wanted.",
            details: currentState(current),
            cause,
          });
        },
      });
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
