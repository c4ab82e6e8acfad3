import type { Settings } from "../config/settings.ts";
import type { Orchestrations } from "../doors/operation.ts";
import { deathOf, refOf, type Starts, type Turns } from "../doors/take-up.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { limited } from "../kernel/errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Line, LineOf, Work, Workload, WorkloadCounts } from "./contract.ts";
import { admit, enter, isAtWork, leave, placeOf, putBack } from "./rules.ts";
import { createWorkloadStore } from "./store.ts";

/** A record that may wait for its turn. */
interface Workable {
  readonly agent_id: string;
  readonly id: string;
  readonly claimed_by?: string | undefined;
  readonly cancel_requested?: boolean | undefined;
  readonly status?: string | undefined;
}

/** One kind of record whose orchestrations are counted. */
export interface WorkKind {
  /** The record's type in the ledger. */
  readonly type: string;
  readonly orchestration: Starts;
  readonly line: Line;
  read(agentId: string, id: string): Promise<Workable | undefined>;
  /** Whether work is being done for it: not once it has ended, and not while it waits for a person. */
  isBusy(record: Workable): boolean;
  /** Whether it must not wait: what is paid for goes on, whoever looks at it. */
  readonly mustNotWait?: (record: Workable) => boolean;
}

export interface WorkloadDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly settings: Pick<Settings, "atWorkPerAgent" | "waitingPerAgent">;
  readonly kinds: readonly WorkKind[];
}

export type Workloads = ReturnType<typeof createWorkloads>;

/** Seconds after which a line that is full is worth another try. */
const TRY_AGAIN_MS = 30_000;

/**
 * Fairness between agents, on whatever engine runs the app: Durable Functions runs activities in the order in which
 * they were asked for, so what one agent asks for must not all be asked of the engine at once. At most
 * LIGHTNING_AT_WORK_PER_AGENT orchestrations of an agent are begun in each line; the others wait in the ledger, in their order, and
 * cost the engine nothing. Whoever ends begins the next; what was missed by that, the sweep of the records begins.
 */
export function createWorkloads({ ledger, clock, settings, kinds }: WorkloadDeps) {
  const store = createWorkloadStore({ ledger, clock });
  const { atWorkPerAgent: atMost, waitingPerAgent: waitingAtMost } = settings;
  const ofName = new Map(kinds.map((kind) => [kind.orchestration.name, kind]));
  const ofType = new Map(kinds.map((kind) => [kind.type, kind]));

  // Of a type that is no more: an earlier version's.
  const lineOf: LineOf = (type) => ofType.get(type)?.line ?? "short";

  const busy = async (agentId: string, { type, id }: Pick<Work, "type" | "id">) => {
    const kind = ofType.get(type);
    const record = await kind?.read(agentId, id);
    return kind !== undefined && record !== undefined && kind.isBusy(record) ? { kind, record } : undefined;
  };

  const begin = (orchestrations: Orchestrations, { orchestration }: WorkKind, record: Workable) =>
    orchestrations.start(
      orchestration,
      refOf(record),
      record.claimed_by ?? orchestration.instanceId(refOf(record)),
    );

  /**
   * Changes the workload, and begins as many of those that wait as there is room for then.
   * @returns the workload as it is left, and what was begun
   */
  async function goOn(
    orchestrations: Orchestrations,
    agentId: string,
    how: (load: Workload) => Workload,
  ): Promise<{ readonly load: Workload; readonly begun: readonly Work[] }> {
    const all: Work[] = [];
    for (let first = how; ; ) {
      let begun: readonly Work[] = [];
      const load = await store.change(agentId, (now) => {
        const admitted = admit(first(now), atMost, lineOf);
        begun = admitted.begun;
        return admitted.load;
      });
      const gone: Work[] = [];
      for (const [n, work] of begun.entries()) {
        const found = await busy(agentId, work);
        // It was cancelled while it waited, say.
        if (found === undefined) gone.push(work);
        else
          await begin(orchestrations, found.kind, found.record).catch(async (thrown: unknown) => {
            // Those behind it have not been begun either.
            await store.change(agentId, (now) =>
              begun.slice(n).reduceRight(putBack, gone.reduce(leave, now)),
            );
            throw thrown;
          });
      }
      all.push(...begun.filter((work) => !gone.includes(work)));
      if (gone.length === 0) return { load, begun: all };
      first = (now) => gone.reduce(leave, now);
    }
  }

  /** Holds what stands in a workload against its records and the engine: what is gone leaves, what was never begun is begun. */
  async function putRight(orchestrations: Orchestrations, load: Workload): Promise<void> {
    const { agent_id } = load;
    const gone: Work[] = [];
    for (const work of [...load.at_work, ...load.waiting]) {
      const found = await busy(agent_id, work);
      if (found === undefined) gone.push(work);
      else if (isAtWork(load, work) && found.record.claimed_by === undefined) {
        const own = found.kind.orchestration.instanceId(refOf(found.record));
        const death = deathOf(await orchestrations.status(own));
        // The process that let it go to work died before it could begin it.
        if (death?.runtimeStatus === "NotFound") await begin(orchestrations, found.kind, found.record);
      }
    }
    await goOn(orchestrations, agent_id, (now) => gone.reduce(leave, now));
  }

  return {
    /** The engine as the doors see it: what is started of an agent that has enough at work waits for its turn. */
    inTurn: (orchestrations: Orchestrations): Orchestrations => ({
      ...orchestrations,
      async start(orchestration, input, instanceId) {
        const kind = ofName.get(orchestration.name);
        const ref = input as { readonly agent_id?: unknown; readonly id?: unknown };
        const straight = () => orchestrations.start(orchestration, input, instanceId);
        if (kind === undefined || typeof ref.agent_id !== "string" || typeof ref.id !== "string")
          return straight();
        const record = await kind.read(ref.agent_id, ref.id);
        // What was begun before goes on where it was; a cancellation need not wait for its turn.
        if (
          record === undefined ||
          record.claimed_by !== undefined ||
          record.cancel_requested === true ||
          kind.mustNotWait?.(record) === true
        )
          return straight();
        const work: Work = { type: kind.type, id: ref.id, at: toIso(clock.now()) };
        const { load, begun } = await goOn(orchestrations, ref.agent_id, (now) => enter(now, work));
        // Let in before, by a process that may have died before it could begin it.
        if (isAtWork(load, work) && !begun.some(({ type, id }) => type === work.type && id === work.id))
          await straight();
      },
    }),

    /**
     * Room for the work of a record that is to be made, or made afresh after it failed.
     * @throws limited `too_many_waiting` where so much of the agent waits that nothing more is taken
     */
    async demandRoom(type: string, agentId: string, id: string): Promise<void> {
      if (waitingAtMost === 0 || atMost === 0) return;
      const { waiting } = await store.read(agentId);
      if (waiting.length < waitingAtMost) return;
      const record = await ofType.get(type)?.read(agentId, id);
      if (record !== undefined && record.status !== "failed") return;
      throw limited(
        "too_many_waiting",
        `${waiting.length} pieces of work of agent ${agentId} wait for their turn; no more are taken.`,
        {
          field: "agent_id",
          remedy: "Ask again when some have ended, cancel some, or raise LIGHTNING_WAITING_PER_AGENT.",
          details: { waiting: waiting.length, at_most: waitingAtMost },
          retryAfterMs: TRY_AGAIN_MS,
        },
      );
    },

    /** A step after which a record may need no more work: if so, the next of its agent is begun. */
    async stepped(orchestrations: Orchestrations, type: string, agentId: string, id: string): Promise<void> {
      if ((await busy(agentId, { type, id })) === undefined)
        await goOn(orchestrations, agentId, (load) => leave(load, { type, id }));
    },

    /** Its place among those of its agent that wait, from 1; undefined: it does not wait. */
    async placeOf(type: string, agentId: string, id: string): Promise<number | undefined> {
      return placeOf(await store.read(agentId), { type, id }, lineOf);
    },

    async countsOf(agentId: string): Promise<WorkloadCounts> {
      const { at_work, waiting } = await store.read(agentId);
      return { at_work: at_work.length, waiting: waiting.length, at_work_at_most: atMost };
    },

    /** All that stands in workloads, whoever's it is. For housekeeping. */
    async turns(): Promise<Turns> {
      const turns: Turns = { waiting: new Map(), letIn: new Map() };
      const names = (works: readonly Work[]) => new Set(works.map(({ type, id }) => `${type} ${id}`));
      for await (const { agent_id, waiting, at_work } of store.all()) {
        if (waiting.length > 0) turns.waiting.set(agent_id, names(waiting));
        if (at_work.length > 0) turns.letIn.set(agent_id, names(at_work));
      }
      return turns;
    },

    /** For the sweep: begins what should have been begun, of every agent. One that fails does not keep the others from theirs. */
    async putRight(
      orchestrations: Orchestrations,
      failed: (agentId: string, thrown: unknown) => void,
    ): Promise<void> {
      for await (const load of store.all())
        await putRight(orchestrations, load).catch((thrown: unknown) => failed(load.agent_id, thrown));
    },
  };
}
