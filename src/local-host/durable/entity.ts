import { toIso } from "../../kernel/clock.ts";
import type { EntityRequest } from "./entity-request.ts";
import { EventType, type ExecutionStarted, Status, store } from "./history/history.ts";
import type { Entity, Instance, Message } from "./store/store.ts";

export const isEntityId = (id: string): boolean => id.startsWith("@");
export const entityId = (name: string, key: string): string => `@${name.toLowerCase()}@${key}`;
export function entityParts(id: string): { name: string; key: string } {
  const at = id.indexOf("@", 1);
  return { name: id.slice(1, at), key: id.slice(at + 1) };
}

/** The event's name carries the time of a signal that is to come later. */
export const operationEvent = (due: number | null): string => (due === null ? "op" : `op@${toIso(due)}`);
export function dueOf(eventName: string): number | null {
  const due = eventName.startsWith("op@") ? Date.parse(eventName.slice(3)) : Number.NaN;
  return Number.isNaN(due) ? null : due;
}

/** A message to an entity. */
export function entityMessage(
  target: string,
  request: EntityRequest,
  timestamp: string,
  due: number | null = null,
): Omit<Message, "id"> {
  const event = { EventType: EventType.EventRaised, EventId: -1, Timestamp: timestamp } as const;
  const Name = request.release === true ? "release" : operationEvent(due);
  return {
    instanceId: target,
    executionId: null,
    due,
    event: store({ ...event, Name, Input: JSON.stringify(request) }),
  };
}

/**
 * An entity as the orchestration that it is in Azure: always running, its input the state, begun anew at each batch of
 * operations. What the extension sorts messages by (`sorter`) is not needed here.
 */
export function entityInstance({ id, state, exists, lockedBy, waiting, updatedAt }: Entity): Instance {
  const scheduler = {
    exists,
    ...(waiting.length === 0 ? {} : { queue: waiting }),
    ...(state === null ? {} : { state }),
    ...(lockedBy === null ? {} : { lockedBy }),
    sorter: {},
  };
  return {
    seq: 0,
    id,
    executionId: "",
    name: id,
    version: "",
    status: Status.Running,
    input: JSON.stringify(scheduler),
    output: null,
    customStatus: JSON.stringify({ entityExists: exists }),
    createdAt: updatedAt,
    updatedAt,
  };
}

/** All that the history of an entity's instance has: its beginning, which is new at each batch. */
export function entityStarted({ id, input, updatedAt }: Instance): ExecutionStarted {
  return {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp: toIso(updatedAt),
    OrchestrationInstance: { InstanceId: id, ExecutionId: "" },
    ParentInstance: null,
    Name: id,
    Version: "",
    Input: input,
  };
}
