import { CONTAINERS, type ContainerKey } from "./containers.ts";
import {
  bare,
  each,
  type Ledger,
  type LedgerDocument,
  type Page,
  type Query,
  type Stored,
} from "./ledger.ts";
import { createOnce, retryRaces } from "./races.ts";

/** A document of an agent whose container may hold other types beside it. */
export interface AgentRecord extends LedgerDocument {
  readonly type: string;
  readonly agent_id: string;
}

/** One kind of record: where it lies and how it is read. A container's partition key is the agent. */
export interface RecordKind<T extends AgentRecord> {
  readonly container: ContainerKey;
  readonly type: T["type"];
  /** The schema of what is stored; absent: a document is taken as it lies. @throws what `parse` throws */
  readonly stored?: { parse(document: object): object };
  /**
   * A stored document as this version means it: an ended record of an earlier version may lack a fact that an ended
   * record has today, and gets it here. Reading is lenient, writing is strict by `T`.
   */
  readonly complete: (document: object) => T;
  /** Of a kind that an orchestration works on: the field that says so, and its values until the record has ended. */
  readonly underWay?: { readonly field: string; readonly values: readonly string[] };
}

/** What the first step of an orchestration finds. `again`: the same instance had claimed it before. */
type Claim<T> =
  | { readonly kind: "claimed"; readonly again: boolean; readonly record: T }
  | { readonly kind: "elsewhere" | "finished"; readonly record: T }
  | { readonly kind: "missing" };
type Claimable = AgentRecord & { readonly claimed_by?: string | undefined };

/** How often an orchestration that had died was started again for a record, and why the last time. */
export interface TakenUp {
  readonly times: number;
  readonly since?: string | undefined;
  readonly at: string;
  readonly because: string;
}
/** A record that an orchestration works on. */
export type WorkedOn = Claimable & { readonly created_at: string; readonly taken_up?: TakenUp | undefined };

/** The records of one kind: each idiom of reading and writing them, once. */
export function recordsOf<T extends AgentRecord>(ledger: Ledger, kind: RecordKind<T>) {
  const { container, type } = kind;
  const completed = (document: Stored<LedgerDocument>): Stored<T> => ({
    ...kind.complete(bare(document)),
    _etag: document._etag,
    _ts: document._ts,
  });
  const ofType = <Q extends Pick<Query, "where">>(query: Q): Q => ({
    ...query,
    where: [{ field: "type", op: "eq", value: type }, ...(query.where ?? [])],
  });

  /** Undefined when there is none, or when another type has that id. */
  async function read(agentId: string, id: string): Promise<Stored<T> | undefined> {
    const document = await ledger.read<AgentRecord>(container, [agentId], id);
    if (document?.type !== type) return undefined;
    const checked = kind.stored === undefined ? bare(document) : kind.stored.parse(bare(document));
    return { ...kind.complete(checked), _etag: document._etag, _ts: document._ts };
  }

  /**
   * Reads a record, changes it and writes it back under if-match, again when somebody else was faster. `change` answers
   * undefined to leave it as it is; it may run several times. Undefined when there is no such record.
   */
  const change = (
    agentId: string,
    id: string,
    how: (record: T) => T | undefined | Promise<T | undefined>,
  ): Promise<T | undefined> =>
    retryRaces(async () => {
      const stored = await read(agentId, id);
      if (stored === undefined) return undefined;
      const record = bare(stored) as unknown as T;
      const changed = await how(record);
      if (changed === undefined) return record;
      await ledger.replace(container, changed, { ifMatch: stored._etag });
      return changed;
    });

  /**
   * Lets one orchestration instance own a record. `take` makes the owned record of a free one; it may run several
   * times. Claimed again by the same instance, it is claimed: a step may run twice, and an instance that died is
   * started again under its id. `missing` is an outcome and no fault, as no retry brings the record back.
   */
  async function claim(
    ref: { readonly agent_id: string; readonly id: string; readonly instance_id: string },
    isEnded: (record: T) => boolean,
    take: (record: T) => T | Promise<T>,
  ): Promise<Claim<T>> {
    let again = false;
    const record = await change(ref.agent_id, ref.id, (one) => {
      again = (one as Claimable).claimed_by === ref.instance_id;
      return isEnded(one) || (one as Claimable).claimed_by !== undefined ? undefined : take(one);
    });
    if (record === undefined) return { kind: "missing" };
    if (isEnded(record)) return { kind: "finished", record };
    const isOurs = (record as Claimable).claimed_by === ref.instance_id;
    return isOurs ? { kind: "claimed", again, record } : { kind: "elsewhere", record };
  }

  const { field, values } = kind.underWay ?? { field: "type", values: [] };
  const isUnderWay = (record: T): boolean =>
    values.includes(String((record as unknown as Record<string, unknown>)[field]));

  return {
    read,
    change,

    /** Creates the record unless it exists; answers the one that is there. */
    createOnce: (record: T, options?: { readonly settleUnclear?: boolean }) =>
      createOnce<Stored<T>>(
        () => ledger.create<T>(container, record),
        () => read(record.agent_id, record.id),
        options,
      ),

    /** Writes over the very state that was read. @throws precondition when somebody else was faster */
    replace: (stored: Stored<T>, next: T): Promise<Stored<T>> =>
      ledger.replace<T>(container, next, { ifMatch: stored._etag }),

    claim,

    /** Notes that its dead instance is started again. Undefined: the record has ended or changed hands meanwhile. */
    async noteTakenUp(seen: T & WorkedOn, taken_up: TakenUp): Promise<T | undefined> {
      let noted = false;
      const record = await change(seen.agent_id, seen.id, (one) => {
        const now = one as T & WorkedOn;
        noted =
          isUnderWay(one) &&
          now.claimed_by === seen.claimed_by &&
          now.taken_up?.times === seen.taken_up?.times &&
          now.taken_up?.at === seen.taken_up?.at;
        return noted ? { ...one, taken_up } : undefined;
      });
      return noted ? record : undefined;
    },

    /** Every record that has not ended, whoever's it is. For housekeeping: it asks every partition. */
    async *underWay(): AsyncGenerator<Stored<T>> {
      // Deployments are few and have no index on their state.
      const isIndexed = Object.hasOwn(CONTAINERS[container].fields, field);
      const query = ofType(isIndexed ? { where: [{ field, op: "in", value: [...values] }] } : {});
      for await (const document of each<LedgerDocument>(ledger, container, query)) {
        const record = completed(document);
        if (isUnderWay(record)) yield record;
      }
    },

    /** One page of them. */
    async page(query: Omit<Query, "select">): Promise<Page<T>> {
      const page = await ledger.query<LedgerDocument>(container, ofType(query));
      return { ...page, items: page.items.map(completed) };
    },

    /** Every one that matches, page by page, in constant memory. */
    async *each(
      query: Omit<Query, "after" | "limit" | "select"> & { readonly limit?: number },
    ): AsyncGenerator<Stored<T>> {
      for await (const document of each<LedgerDocument>(ledger, container, ofType(query)))
        yield completed(document);
    },
  };
}
