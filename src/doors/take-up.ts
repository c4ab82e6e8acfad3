import type { Logger } from "../kernel/logger.ts";
import type { FailInput, RecordRef } from "./claim.ts";
import type { Orchestrations } from "./operation.ts";
import type { Orchestration } from "./orchestration.ts";
import { isMoving } from "./runtime-status.ts";

/**
 * What is claimed is under way only while its instance is. An instance may be terminated, purged, failed by its engine
 * (a worker that died) or lost with its task hub; its record is then taken up again under the same claim, which lets
 * the work go on where it was, or it is failed with the reason.
 */

interface Claimed extends RecordRef {
  readonly claimed_by?: string | undefined;
}
type Starts = Orchestration<string, RecordRef, unknown>;
type Status = Awaited<ReturnType<Orchestrations["status"]>>;

/** What became of an instance that works no more; undefined: it is alive. */
function deathOf(status: Status): { readonly runtimeStatus: string; readonly text: string } | undefined {
  if (status === undefined) return { runtimeStatus: "NotFound", text: "the engine does not know it" };
  if (isMoving(status)) return undefined;
  const { runtimeStatus, output } = status;
  const said = typeof output === "string" ? output.split("\n")[0] : undefined;
  return { runtimeStatus, text: said ? `${runtimeStatus}: ${said.slice(0, 500)}` : runtimeStatus };
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

const refOf = ({ agent_id, id }: RecordRef): RecordRef => ({ agent_id, id });

interface TakenUp {
  readonly times: number;
  readonly at: string;
  readonly because: string;
}
export interface WatchedRecord extends Claimed {
  readonly created_at: string;
  readonly taken_up?: TakenUp | undefined;
}
/** One kind of record, as the sweep looks after it. */
export interface Watched<R extends WatchedRecord = WatchedRecord> {
  readonly orchestration: Starts;
  /** Those that have not ended, whoever's they are. */
  underWay(): AsyncIterable<R>;
  /** Undefined: the record has ended or changed hands meanwhile. */
  noteTakenUp(seen: R, takenUp: TakenUp): Promise<object | undefined>;
  fail(input: FailInput): Promise<unknown>;
  /** Whether it goes on although its orchestration was ended on purpose: something paid for does. */
  outlivesTermination?(record: R): boolean;
}

/** An orchestration that ends badly each time is a fault of ours: five times within a day, then its record fails. */
const TIMES_A_DAY = 5;
const DAY_MS = 86_400_000;

export interface Sweep {
  readonly taken_up: string[];
  readonly failed: string[];
}

/** Looks after every record that has not ended. A fault with one of them never keeps the others from their turn. */
export async function takeUpRecords(
  kinds: readonly Watched[],
  orchestrations: Orchestrations,
  { now, logger }: { readonly now: number; readonly logger: Logger },
): Promise<Sweep> {
  const sweep: Sweep = { taken_up: [], failed: [] };
  for (const kind of kinds) {
    try {
      for await (const record of kind.underWay()) {
        try {
          await lookAfter(kind, record, orchestrations, now, sweep);
        } catch (thrown) {
          logger.warn("a record could not be looked after", { id: record.id, error: String(thrown) });
        }
      }
    } catch (thrown) {
      logger.warn("records could not be looked after", {
        orchestration: kind.orchestration.name,
        error: String(thrown),
      });
    }
  }
  if (sweep.taken_up.length + sweep.failed.length > 0)
    logger.warn("records had lost their orchestration", {
      taken_up: sweep.taken_up.join(", "),
      failed: sweep.failed.join(", "),
    });
  return sweep;
}

async function lookAfter(
  kind: Watched,
  record: WatchedRecord,
  orchestrations: Orchestrations,
  now: number,
  sweep: Sweep,
): Promise<void> {
  const { orchestration } = kind;
  const owner = record.claimed_by ?? orchestration.instanceId(record);
  const death = deathOf(await orchestrations.status(owner));
  if (death === undefined) return;
  const giveUp = async (end: { readonly code: string; readonly message: string }) => {
    await kind.fail({ ...refOf(record), ...end });
    sweep.failed.push(record.id);
  };

  if (death.runtimeStatus === "Terminated" && kind.outlivesTermination?.(record) !== true)
    return giveUp({
      code: "orchestration_terminated",
      message: `The orchestration ${owner} was ended from outside (${death.text}).`,
    });

  // Claimed by nobody and unknown to the engine: about to be started, or by a process that died before it could. Such a
  // request got no answer; what it asked for does not begin by itself at some later time.
  if (record.claimed_by === undefined && death.runtimeStatus === "NotFound") {
    if (now - Date.parse(record.created_at) < DAY_MS) return;
    return giveUp({
      code: "never_taken_up",
      message: "The process that was asked for it died before it could start the work.",
    });
  }

  const before = record.taken_up;
  const times = before !== undefined && now - Date.parse(before.at) < DAY_MS ? before.times : 0;
  if (times >= TIMES_A_DAY)
    return giveUp({
      code: "orchestration_lost",
      message: `The orchestration ${owner} was lost ${times + 1} times within a day (${death.text}).`,
    });
  const at = new Date(now).toISOString();
  const noted = await kind.noteTakenUp(record, { times: times + 1, at, because: death.text });
  if (noted === undefined) return;
  await orchestrations.start(orchestration, refOf(record), owner);
  sweep.taken_up.push(record.id);
}
