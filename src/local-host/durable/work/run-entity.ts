import { toIso } from "../../../kernel/clock.ts";
import { messageOf } from "../../../kernel/errors.ts";
import { entityId, entityMessage, entityParts } from "../entity.ts";
import type { EntityRequest } from "../entity-request.ts";
import { missingFunction } from "../history/failures.ts";
import { EventType, store } from "../history/history.ts";
import type { FunctionInvoker } from "../port.ts";
import { entityTrap } from "../replay/traps.ts";
import type { Entity, Message } from "../store/store.ts";

/** What a batch changes; the messages are answers, signals and locks that go on to the next entity. */
export interface EntityPlan {
  readonly entity: Omit<Entity, "id">;
  readonly messages: readonly Omit<Message, "id">[];
  /** Why operations failed as a whole, if they did. */
  readonly fault?: string;
  /** What is to be said about operations that failed, each for itself. */
  readonly warnings: readonly string[];
}

export interface EntityDeps {
  readonly invoker: FunctionInvoker;
  readonly now: () => number;
  readonly newId: () => string;
  /** False for an orchestration that is over or gone: it will give no lock back. */
  readonly isAlive: (instanceId: string) => boolean;
}

/** Takes an entity's requests in order; while an orchestration holds its lock, only that one's. */
export async function runEntity(
  deps: EntityDeps,
  entity: Entity,
  requests: readonly EntityRequest[],
): Promise<EntityPlan> {
  const timestamp = toIso(deps.now());
  const messages: Omit<Message, "id">[] = [];
  const waiting = [...entity.waiting, ...requests];
  const batch: EntityRequest[] = [];
  const { isAlive } = deps;
  let lockedBy = entity.lockedBy !== null && isAlive(entity.lockedBy) ? entity.lockedBy : null;
  for (;;) {
    const next = waiting.findIndex(
      ({ parent, signal }) => lockedBy === null || (parent === lockedBy && signal !== true),
    );
    const request = next < 0 ? undefined : waiting.splice(next, 1)[0];
    if (request === undefined) break;
    if (request.release === true) lockedBy = null;
    else if (request.lockset === undefined) batch.push(request);
    else if (isAlive(request.parent ?? "")) {
      lockedBy = request.parent ?? null;
      messages.push(grant(request, request.lockset, timestamp));
    }
  }
  const done = await operate(deps.invoker, entity, batch);
  const warnings: string[] = [];
  for (const [index, request] of batch.entries()) {
    const { result, isError } = done.results[index] ?? {};
    if (isError && done.fault === undefined) warnings.push(entityTrap(entity.id, request.op ?? "", result));
    if (request.signal === true) continue;
    messages.push(answer(request, { result, ...(isError ? { exceptionType: "Error" } : {}) }, timestamp));
  }
  for (const { target, name, input, scheduledTime } of done.signals) {
    const signal = { op: name, signal: true, id: deps.newId(), ...(input ? { input } : {}) };
    const due = scheduledTime === undefined ? Number.NaN : Date.parse(scheduledTime);
    const to = entityId(target.name, target.key);
    messages.push(entityMessage(to, signal, timestamp, Number.isNaN(due) ? null : due));
  }
  return {
    entity: { state: done.state, exists: done.exists, lockedBy, waiting, updatedAt: Date.parse(timestamp) },
    messages,
    warnings,
    ...(done.fault === undefined ? {} : { fault: done.fault }),
  };
}

/** A lock goes on to the next entity of its list; at the last, the orchestration hears that it has them all. */
function grant(
  request: EntityRequest,
  lockset: NonNullable<EntityRequest["lockset"]>,
  timestamp: string,
): Omit<Message, "id"> {
  const pos = (request.pos ?? 0) + 1;
  const next = lockset[pos];
  if (next === undefined) return answer(request, { result: "Lock Acquisition Completed" }, timestamp);
  return entityMessage(entityId(next.name, next.key), { ...request, pos }, timestamp);
}

function answer(
  { id, parent = "", parentExecution }: EntityRequest,
  response: { readonly result?: string | undefined; readonly exceptionType?: string },
  timestamp: string,
): Omit<Message, "id"> {
  const event = { EventType: EventType.EventRaised, EventId: -1, Timestamp: timestamp } as const;
  return {
    instanceId: parent,
    executionId: parentExecution ?? null,
    due: null,
    event: store({ ...event, Name: id, Input: JSON.stringify(response) }),
  };
}

interface Operated {
  readonly state: string | null;
  readonly exists: boolean;
  readonly results: readonly { readonly result?: string; readonly isError?: boolean }[];
  readonly signals: readonly {
    target: { name: string; key: string };
    name: string;
    input?: string;
    scheduledTime?: string;
  }[];
  readonly fault?: string;
}

async function operate(
  invoker: FunctionInvoker,
  entity: Entity,
  batch: readonly EntityRequest[],
): Promise<Operated> {
  const { state, exists } = entity;
  if (batch.length === 0) return { state, exists, results: [], signals: [] };
  const self = entityParts(entity.id);
  const failed = (fault: string): Operated => {
    const results = batch.map(() => ({ result: JSON.stringify(fault), isError: true }));
    return { state, exists, results, signals: [], fault };
  };
  const found = invoker.find(self.name, "entityTrigger");
  if (found === undefined) return failed(missingFunction("entity", self.name).Reason);
  const operations = batch.map(({ id, op, input, signal }) => ({
    id,
    name: op,
    input: input ?? null,
    isSignal: signal === true,
  }));
  const called = await invoker.invoke(found.name, {
    string: JSON.stringify({ self, exists, state, batch: operations }),
  });
  if (!called.ok) return failed(called.error.message);
  const value = called.returnValue ?? {};
  try {
    const text = "json" in value ? value.json : "string" in value ? value.string : "";
    const { results, signals, entityExists, entityState } = JSON.parse(text) as {
      results: Operated["results"];
      signals: Operated["signals"];
      entityExists: boolean;
      entityState?: string | null;
    };
    return { state: entityState ?? null, exists: entityExists, results, signals };
  } catch (error) {
    return failed(`The entity function returned no entity state: ${messageOf(error)}`);
  }
}
