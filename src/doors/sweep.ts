import { z } from "zod";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import type { FailInput } from "./claim.ts";
import type { Orchestrations } from "./operation.ts";
import { type Claimed, deathOf, isAmong, refOf, type Starts, type Turns } from "./take-up.ts";

/** The sweep: every record that has not ended is held against its orchestration's instance. */

interface TakenUp {
  readonly times: number;
  /** When the first of these times was; records of an earlier version lack it. */
  readonly since?: string | undefined;
  readonly at: string;
  readonly because: string;
}
export interface WatchedRecord extends Claimed {
  readonly created_at: string;
  readonly taken_up?: TakenUp | undefined;
}
/** One kind of record, as the sweep looks after it. */
export interface Watched<R extends WatchedRecord = WatchedRecord> {
  /** What the ledger calls such a record: `training_run`. */
  readonly type: string;
  readonly orchestration: Starts;
  /** Those that have not ended, whoever's they are. */
  underWay(): AsyncIterable<R>;
  /** Undefined: the record has ended or changed hands meanwhile. */
  noteTakenUp(seen: R, takenUp: TakenUp): Promise<object | undefined>;
  fail(input: FailInput): Promise<unknown>;
  /** Of a kind that pays somebody: records that were given up while what was paid for may go on. */
  readonly givenUp?: {
    all(): AsyncIterable<R>;
    /** Looks whether it has ended by now. @returns the record's status if that changed it */
    settle(record: R): Promise<string | undefined>;
  };
  /** Whether it goes on although its orchestration was ended on purpose: something paid for does. */
  outlivesTermination?(record: R): boolean;
}

/** An orchestration that ends badly each time is a fault of ours: five times within a day, then its record fails. */
const TIMES_A_DAY = 5;
const DAY_MS = 86_400_000;

const oneOf = { type: z.string(), agent_id: z.string(), id: z.string() };
/** What a sweep did with each record, and what it left, counted. */
export const sweepSchema = z.object({
  looked_at: z.number().int().meta({ description: "Records that had not ended." }),
  taken_up: z
    .array(z.object({ ...oneOf, because: z.string() }))
    .meta({ description: "Their orchestration was dead; it was started again under the same instance id." }),
  failed: z
    .array(z.object({ ...oneOf, code: z.string(), message: z.string() }))
    .meta({ description: "Nobody goes on with them; the reason stands in the record, too." }),
  settled: z.array(z.object({ ...oneOf, status: z.string() })).meta({
    description:
      "They had been given up; the job that went on without them has ended since, and they say how by now.",
  }),
  left: z.object({
    alive: z.number().int().meta({ description: "Their orchestration is at work." }),
    not_begun: z.number().int().meta({ description: "Asked for less than a day ago, begun by nobody yet." }),
    queued: z.number().int().meta({ description: "They wait for other work of their agent to end." }),
    changed: z.number().int().meta({ description: "They ended or changed hands meanwhile." }),
  }),
  not_looked_after: z
    .array(
      z.object({
        type: z.string(),
        agent_id: z.string().optional(),
        id: z.string().optional(),
        reason: z.string(),
      }),
    )
    .meta({
      description: "A fault kept them from their turn; without an id: all further records of the type.",
    }),
});
export type Sweep = z.infer<typeof sweepSchema>;

const emptySweep = (): Sweep => ({
  looked_at: 0,
  taken_up: [],
  failed: [],
  settled: [],
  left: { alive: 0, not_begun: 0, queued: 0, changed: 0 },
  not_looked_after: [],
});

/**
 * Looks after every record that has not ended, and after those that were given up while something paid for went on. A
 * fault with one of them never keeps the others from their turn.
 */
export async function takeUpRecords(
  kinds: readonly Watched[],
  orchestrations: Orchestrations,
  { now, logger, turns }: { readonly now: number; readonly logger: Logger; readonly turns: Turns },
): Promise<Sweep> {
  const sweep = emptySweep();
  for (const kind of kinds) {
    const { type, givenUp } = kind;
    async function each(records: AsyncIterable<WatchedRecord>, look: (one: WatchedRecord) => Promise<void>) {
      try {
        for await (const record of records) {
          try {
            await look(record);
          } catch (thrown) {
            sweep.not_looked_after.push({ type, ...refOf(record), reason: messageOf(thrown) });
          }
        }
      } catch (thrown) {
        sweep.not_looked_after.push({ type, reason: messageOf(thrown) });
      }
    }
    // First, so that what is given up below is not looked at again at once.
    if (givenUp !== undefined)
      await each(givenUp.all(), async (record) => {
        const status = await givenUp.settle(record);
        if (status !== undefined) sweep.settled.push({ type, ...refOf(record), status });
      });
    await each(kind.underWay(), async (record) => {
      sweep.looked_at++;
      if (isAmong(turns.waiting, type, record)) sweep.left.queued++;
      else await lookAfter(kind, record, orchestrations, { now, turns }, sweep);
    });
  }
  const { taken_up, failed, settled, not_looked_after } = sweep;
  for (const one of not_looked_after) logger.warn("a record could not be looked after", one);
  const ids = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id).join(", ");
  if (taken_up.length + failed.length > 0)
    logger.warn("records had lost their orchestration", { taken_up: ids(taken_up), failed: ids(failed) });
  if (settled.length > 0)
    logger.warn("runs that had been given up have ended since", { settled: ids(settled) });
  return sweep;
}

async function lookAfter(
  kind: Watched,
  record: WatchedRecord,
  orchestrations: Orchestrations,
  { now, turns }: { readonly now: number; readonly turns: Turns },
  sweep: Sweep,
): Promise<void> {
  const { orchestration } = kind;
  const owner = record.claimed_by ?? orchestration.instanceId(record);
  const death = deathOf(await orchestrations.status(owner));
  if (death === undefined) {
    sweep.left.alive++;
    return;
  }
  const one = { type: kind.type, ...refOf(record) };
  const giveUp = async (end: { readonly code: string; readonly message: string }) => {
    await kind.fail({ ...refOf(record), ...end });
    sweep.failed.push({ ...one, ...end });
  };

  if (death.runtimeStatus === "Terminated" && kind.outlivesTermination?.(record) !== true)
    return giveUp({
      code: "orchestration_terminated",
      message: `The orchestration ${owner} was ended from outside (${death.text}).`,
    });

  // Claimed by nobody and unknown to the engine: about to be started, or by a process that died before it could. Such a
  // request got no answer; what it asked for does not begin by itself at some later time.
  if (record.claimed_by === undefined && death.runtimeStatus === "NotFound") {
    // However long it waited: whoever sweeps the workloads begins it.
    if (isAmong(turns.letIn, kind.type, record) || now - Date.parse(record.created_at) < DAY_MS) {
      sweep.left.not_begun++;
      return;
    }
    return giveUp({
      code: "never_taken_up",
      message: "The process that was asked for it died before it could start the work.",
    });
  }

  const before = record.taken_up;
  const began = before && now - Date.parse(before.since ?? before.at) < DAY_MS ? before : undefined;
  const times = began?.times ?? 0;
  if (times >= TIMES_A_DAY)
    return giveUp({
      code: "orchestration_lost",
      message: `The orchestration ${owner} was lost ${times + 1} times within a day (${death.text}).`,
    });
  const at = new Date(now).toISOString();
  const noted = await kind.noteTakenUp(record, {
    times: times + 1,
    since: began?.since ?? began?.at ?? at,
    at,
    because: death.text,
  });
  if (noted === undefined) {
    sweep.left.changed++;
    return;
  }
  await orchestrations.start(orchestration, refOf(record), owner);
  sweep.taken_up.push({ ...one, because: death.text });
}
