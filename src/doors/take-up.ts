import type { RecordRef } from "./claim.ts";
import { plainFault } from "./engine-words.ts";
import type { Orchestrations } from "./operation.ts";
import type { Orchestration } from "./orchestration.ts";
import { isMoving } from "./runtime-status.ts";

/**
 * What is claimed is under way only while its instance is. An instance may be terminated, purged, failed by its engine
 * (a worker that died) or lost with its task hub; its record is then taken up again under the same claim, which lets
 * the work go on where it was, or it is failed with the reason.
 */

export interface Claimed extends RecordRef {
  readonly claimed_by?: string | undefined;
}
export type Starts = Orchestration<string, RecordRef, unknown>;
type Status = Awaited<ReturnType<Orchestrations["status"]>>;

/** What became of an instance that works no more; undefined: it is alive. */
export function deathOf(
  status: Status,
): { readonly runtimeStatus: string; readonly text: string } | undefined {
  if (status === undefined) return { runtimeStatus: "NotFound", text: "the engine does not know it" };
  if (isMoving(status)) return undefined;
  const { runtimeStatus, output } = status;
  const said = typeof output === "string" && output !== "" ? plainFault(output).slice(0, 500) : undefined;
  return { runtimeStatus, text: said === undefined ? runtimeStatus : `${runtimeStatus}: ${said}` };
}

/** What became of the instance that has claimed a record; undefined: it is alive, or nobody has claimed it. */
export async function deathOfOwner(orchestrations: Pick<Orchestrations, "status">, record: Claimed) {
  const owner = record.claimed_by;
  return owner === undefined ? undefined : deathOf(await orchestrations.status(owner));
}

/**
 * Starts what works on a record: under the record's own id, or, where another instance has claimed it and is dead,
 * under that one's id again, since only that one may go on.
 * @returns the instance to look at
 */
export async function startOrTakeUp<Input extends RecordRef>(
  orchestrations: Orchestrations,
  orchestration: Orchestration<string, Input, unknown>,
  input: NoInfer<Input>,
  record: Pick<Claimed, "claimed_by">,
): Promise<string> {
  const own = orchestration.instanceId(input);
  const owner = record.claimed_by ?? own;
  if (owner !== own && deathOf(await orchestrations.status(owner)) !== undefined) {
    await orchestrations.start(orchestration, input, owner);
    return owner;
  }
  await orchestrations.start(orchestration, input);
  return own;
}

/** For a request that relies on whoever works on the record, a cancellation say: nobody may be there. */
export async function takeUpIfDead(
  orchestrations: Orchestrations,
  orchestration: Starts,
  record: Claimed,
): Promise<void> {
  const owner = record.claimed_by ?? orchestration.instanceId(record);
  if (deathOf(await orchestrations.status(owner)) === undefined) return;
  await orchestrations.start(orchestration, refOf(record), owner);
}

/** Work by agent: `<type> <id>` of each piece. */
type Pieces = Map<string, ReadonlySet<string>>;
/** Work that begins in its agent's turn, which is not lost before it has begun. */
export interface Turns {
  /** Begun by whoever ends. */
  readonly waiting: Pieces;
  /** Whose turn has come. A process that died before it could begin one leaves it to the sweep of the workloads. */
  readonly letIn: Pieces;
}

export const isAmong = (pieces: Pieces, type: string, { agent_id, id }: RecordRef): boolean =>
  pieces.get(agent_id)?.has(`${type} ${id}`) === true;

export const refOf = ({ agent_id, id }: RecordRef): RecordRef => ({ agent_id, id });
