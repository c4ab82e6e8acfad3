import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EntityRequest } from "../entity-request.ts";
import { restore, Status, type StatusNumber, type StoredEvent } from "../history/history.ts";
import { DiskSync } from "./disk-sync.ts";
import { GroupCommit } from "./group-commit.ts";
import { type InstanceFilter, pageQuery } from "./listing.ts";
import { closeStoreFile, openStoreFile } from "./store-file.ts";

export interface Instance {
  readonly seq: number;
  readonly id: string;
  readonly executionId: string;
  readonly name: string;
  readonly version: string;
  readonly status: StatusNumber;
  /** JSON text; null for none. */
  readonly input: string | null;
  /** JSON text of a result, plain text of a failure or a reason. */
  readonly output: string | null;
  readonly customStatus: string | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Rows, each the events of one work item. */
const HISTORY_PART = 50;

/** What changes of an instance. */
export type InstanceChange = Omit<Instance, "seq" | "id" | "name" | "createdAt">;

/**
 * A history event on its way to an instance; `due` (ms) is set on timers. A result that goes straight into its
 * instance's next work item has no row of its own (`id` 0): until that commits, the activity's row stands for it.
 */
export interface Message {
  readonly id: number;
  readonly activityId?: number;
  readonly instanceId: string;
  /** The execution it is for; null for events from outside. */
  readonly executionId: string | null;
  readonly due: number | null;
  readonly event: StoredEvent;
}

export interface Activity {
  readonly id: number;
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input: string;
}

export interface Entity {
  /** `@name@key`, the name in lower case. */
  readonly id: string;
  /** JSON text; null for none. */
  readonly state: string | null;
  readonly exists: boolean;
  /** The orchestration that holds its lock. */
  readonly lockedBy: string | null;
  /** Requests held back by the lock, in order. */
  readonly waiting: readonly EntityRequest[];
  readonly updatedAt: number;
}

export interface EntityFilter {
  readonly name?: string | undefined;
  /** An id; the page begins behind it. */
  readonly after?: string | undefined;
  /** Bounds on the last operation's time, ms. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

type Row = Record<string, string | number | null>;

const INSTANCE = `seq, id, execution_id AS executionId, name, version, status, input, output,
  custom_status AS customStatus, created_at AS createdAt, updated_at AS updatedAt`;

const ENTITY = "id, state, present, locked_by AS lockedBy, waiting, updated_at AS updatedAt";

const entityOf = (row: Row): Entity => ({
  ...(row as unknown as Entity),
  exists: row.present === 1,
  waiting: JSON.parse(row.waiting as string) as EntityRequest[],
});

/**
 * Everything the engine has to persist. Reads see what is committed; the writing methods are called inside
 * `write`, which is where several changes become one.
 */
export class DurableStore {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #statements = new Map<string, StatementSync>();
  readonly transactions: GroupCommit;
  readonly write: GroupCommit["write"];
  /** The last id given to a message or an activity; after a restart counting resumes at the highest one stored. */
  #lastId: number;

  /** @param synced false: commits survive the process but not the machine; for tests, which lose no power */
  constructor(file: string, synced = true) {
    this.#file = file;
    this.#db = openStoreFile(file);
    this.transactions = new GroupCommit(
      this.#db,
      synced && file !== ":memory:" ? new DiskSync(file) : undefined,
    );
    this.write = this.transactions.write.bind(this.transactions);
    const last = "SELECT max(id) AS last FROM (SELECT id FROM messages UNION ALL SELECT id FROM activities)";
    this.#lastId = Number(this.#get(last)?.last ?? 0);
  }

  close(): void {
    this.transactions.close();
    closeStoreFile(this.#db, this.#file);
  }

  /** Leaves the file as a kill at this moment would. */
  crash(): void {
    this.transactions.abandon();
    this.#db.close();
  }

  // Reading

  instance(id: string): Instance | undefined {
    return this.#get(`SELECT ${INSTANCE} FROM instances WHERE id = ?`, id) as Instance | undefined;
  }

  history(instanceId: string): StoredEvent[] {
    const rows = this.#all(
      "SELECT event FROM history WHERE instance = (SELECT seq FROM instances WHERE id = ?) ORDER BY seq",
      instanceId,
    );
    return rows.flatMap((row) => (row.event as string).split("\n").map(restore));
  }

  /** A mark after what an instance's history holds now. */
  historyEnd({ seq }: Pick<Instance, "seq">): number {
    return Number(this.#get("SELECT max(seq) AS last FROM history WHERE instance = ?", seq)?.last ?? 0);
  }

  /** History up to a mark, read from the store in parts as it is asked for. */
  *historyInParts({ seq }: Pick<Instance, "seq">, upTo: number): Iterable<StoredEvent> {
    for (let after = 0; ; ) {
      const rows = this.#all(
        "SELECT seq, event FROM history WHERE instance = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        seq,
        after,
        upTo,
        HISTORY_PART,
      );
      for (const row of rows) yield* (row.event as string).split("\n").map(restore);
      if (rows.length < HISTORY_PART) return;
      after = rows.at(-1)?.seq as number;
    }
  }

  /** A page of what the filter takes, entities among them, in the order of the ids, behind `after`; without inputs and outputs, of which a page may have any amount. */
  list(filter: InstanceFilter, after: string, limit: number): Pick<Instance, "id" | "status">[] {
    const { sql, values } = pageQuery(filter, after, limit);
    return this.#all(sql, ...values) as unknown as Pick<Instance, "id" | "status">[];
  }

  /** Ids of orchestrations in the order of their creation, after `afterSeq`. */
  oldest(afterSeq: number, limit: number): Pick<Instance, "seq" | "id">[] {
    const sql = "SELECT seq, id FROM instances WHERE seq > ? ORDER BY seq LIMIT ?";
    return this.#all(sql, afterSeq, limit) as unknown as Pick<Instance, "seq" | "id">[];
  }

  messages(): Message[] {
    const rows = this.#all(
      "SELECT id, instance_id AS instanceId, execution_id AS executionId, due, event FROM messages ORDER BY id",
    );
    return rows.map((row) => ({ ...row, event: restore(row.event as string) }) as unknown as Message);
  }

  activities(): Activity[] {
    return this.#all(
      `SELECT id, instance_id AS instanceId, execution_id AS executionId, task_id AS taskId, name, input
       FROM activities ORDER BY id`,
    ) as unknown as Activity[];
  }

  /** One that had a request at some time, whether it exists now or not. */
  knownEntity(id: string): Entity | undefined {
    const row = this.#get(`SELECT ${ENTITY} FROM entities WHERE id = ?`, id);
    return row === undefined ? undefined : entityOf(row);
  }

  entity(id: string): Entity {
    const fresh = { id, state: null, exists: false, lockedBy: null, waiting: [], updatedAt: 0 };
    return this.knownEntity(id) ?? fresh;
  }

  /** Those that had a request at some time, in the order of their ids, after `filter.after`. */
  entities(filter: EntityFilter, limit: number): Entity[] {
    const prefix = filter.name === undefined ? "@" : `@${filter.name.toLowerCase()}@`;
    return this.#all(
      `SELECT ${ENTITY} FROM entities WHERE substr(id, 1, ?) = ? AND id > ?
         AND updated_at BETWEEN ? AND ? ORDER BY id LIMIT ?`,
      prefix.length,
      prefix,
      filter.after ?? "",
      filter.from ?? 0,
      filter.to ?? Number.MAX_SAFE_INTEGER,
      limit,
    ).map(entityOf);
  }

  // Writing, inside `write`

  /** One that was deleted stays, without state, until it is purged: so it does in Azure. */
  putEntity({ id, state, exists, lockedBy, waiting, updatedAt }: Entity): void {
    this.#run(
      `INSERT OR REPLACE INTO entities (id, state, present, locked_by, waiting, updated_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
      id,
      state,
      exists ? 1 : 0,
      lockedBy,
      JSON.stringify(waiting),
      updatedAt,
    );
  }

  /** @param before what has the id now; the new execution takes its place */
  create(
    instance: Omit<Instance, "seq" | "output" | "customStatus" | "status" | "updatedAt">,
    before?: Instance,
  ): void {
    if (before !== undefined) this.forget(instance.id);
    this.#run(
      `INSERT INTO instances (id, execution_id, name, version, status, input, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      instance.id,
      instance.executionId,
      instance.name,
      instance.version,
      Status.Pending,
      instance.input,
      instance.createdAt,
      instance.createdAt,
    );
  }

  /** False, and nothing done, when the instance is no longer what it was: purged, replaced or continued as new. */
  update(
    instance: Instance,
    { executionId, version, status, input, output, customStatus, updatedAt }: InstanceChange,
  ): boolean {
    // The common case writes little, and leaves the index on the status alone.
    const goesOn = status === instance.status && executionId === instance.executionId && output === null;
    if (
      goesOn &&
      this.#run(
        "UPDATE instances SET custom_status = ?, updated_at = ? WHERE seq = ? AND execution_id = ? AND status = ?",
        customStatus,
        updatedAt,
        instance.seq,
        executionId,
        status,
      ) > 0
    )
      return true;
    return (
      this.#run(
        `UPDATE instances SET execution_id = ?, version = ?, status = ?, input = ?, output = ?,
           custom_status = ?, updated_at = ? WHERE seq = ? AND execution_id = ?`,
        executionId,
        version,
        status,
        input,
        output,
        customStatus,
        updatedAt,
        instance.seq,
        instance.executionId,
      ) > 0
    );
  }

  /**
   * Ends an instance whose start comes later than `now` (ms), with all that waits for it; false, and nothing done, for any
   * other. It has no history then.
   */
  endUnstarted(instance: Instance, output: string | null, now: number): boolean {
    if (instance.status !== Status.Pending) return false;
    const start = "SELECT 1 FROM messages WHERE instance_id = ? AND execution_id = ? AND due > ?";
    if (this.#get(start, instance.id, instance.executionId, now) === undefined) return false;
    this.#run("DELETE FROM messages WHERE instance_id = ?", instance.id);
    return this.update(instance, { ...instance, status: Status.Terminated, output, updatedAt: now });
  }

  /** One row for a work item: JSON text has no line breaks of its own, so they stand between the events. */
  appendHistory({ seq }: Pick<Instance, "seq">, events: readonly StoredEvent[]): void {
    if (events.length === 0) return;
    const text = events.map((event) => event.text).join("\n");
    this.#run("INSERT INTO history (instance, event) VALUES (?, ?)", seq, text);
  }

  clearHistory({ seq }: Pick<Instance, "seq">): void {
    this.#run("DELETE FROM history WHERE instance = ?", seq);
  }

  addMessage(message: Omit<Message, "id">): Message {
    const id = ++this.#lastId;
    this.#run(
      "INSERT INTO messages (instance_id, id, execution_id, due, event) VALUES (?, ?, ?, ?, ?)",
      message.instanceId,
      id,
      message.executionId,
      message.due,
      message.event.text,
    );
    return { id, ...message };
  }

  /** Takes messages off the queue, and the activities whose results they carry. */
  consume(messages: readonly Message[]): void {
    for (const { instanceId, id, activityId } of messages) {
      if (activityId !== undefined) this.deleteActivity({ instanceId, id: activityId });
      else this.#run("DELETE FROM messages WHERE instance_id = ? AND id = ?", instanceId, id);
    }
  }

  /** Timers of an execution that is over would only be dropped when they fire. */
  deleteTimers(instanceId: string, executionId: string): void {
    this.#run(
      "DELETE FROM messages WHERE instance_id = ? AND execution_id = ? AND due IS NOT NULL",
      instanceId,
      executionId,
    );
  }

  addActivity(activity: Omit<Activity, "id">): Activity {
    const { instanceId, executionId, taskId, name, input } = activity;
    const id = ++this.#lastId;
    this.#run(
      "INSERT INTO activities (instance_id, id, execution_id, task_id, name, input) VALUES (?, ?, ?, ?, ?, ?)",
      instanceId,
      id,
      executionId,
      taskId,
      name,
      input,
    );
    return { id, ...activity };
  }

  /** False when it was no longer there: the instance was purged meanwhile. */
  deleteActivity({ instanceId, id }: Pick<Activity, "instanceId" | "id">): boolean {
    return this.#run("DELETE FROM activities WHERE instance_id = ? AND id = ?", instanceId, id) > 0;
  }

  /** Their results are wanted no more. */
  deleteActivities(instanceId: string): void {
    this.#run("DELETE FROM activities WHERE instance_id = ?", instanceId);
  }

  /** Removes an instance, or an entity, with all that belongs to it. */
  forget(id: string): boolean {
    const instance = this.instance(id);
    if (instance !== undefined) this.clearHistory(instance);
    this.#run("DELETE FROM messages WHERE instance_id = ?", id);
    this.deleteActivities(id);
    const table = id.startsWith("@") ? "entities" : "instances";
    return this.#run(`DELETE FROM ${table} WHERE id = ?`, id) > 0;
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
  #get(sql: string, ...values: (string | number | null)[]): Row | undefined {
    return this.#prepare(sql).get(...values) as Row | undefined;
  }
  #all(sql: string, ...values: (string | number | null)[]): Row[] {
    return this.#prepare(sql).all(...values) as Row[];
  }
  #run(sql: string, ...values: (string | number | null)[]): number {
    this.transactions.written++;
    return Number(this.#prepare(sql).run(...values).changes);
  }
}
