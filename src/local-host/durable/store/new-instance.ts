import { randomUUID } from "node:crypto";
import { toIso } from "../../../kernel/clock.ts";
import { EventType, type ExecutionStarted, type ParentInstance, store } from "../history/history.ts";
import type { Message } from "./store.ts";

/** An execution about to start. */
export interface NewInstance {
  readonly id: string;
  readonly executionId: string;
  readonly name: string;
  readonly version: string;
  readonly input: string | null;
  readonly createdAt: number;
  /** When it is to begin, ms since the epoch; absent: at once. */
  readonly startAt?: number | undefined;
}

/** The ExecutionStarted message of a new execution. */
export function startMessage(
  instance: NewInstance,
  parent: ParentInstance | null,
  timestamp: string,
): Omit<Message, "id"> {
  const event: ExecutionStarted = {
    EventType: EventType.ExecutionStarted,
    EventId: -1,
    Timestamp: timestamp,
    OrchestrationInstance: { InstanceId: instance.id, ExecutionId: instance.executionId },
    ParentInstance: parent,
    Name: instance.name,
    Version: instance.version === "" ? null : instance.version,
    Input: instance.input,
    ...(instance.startAt === undefined ? {} : { ScheduledStartTime: toIso(instance.startAt) }),
  };
  return {
    instanceId: instance.id,
    executionId: instance.executionId,
    due: instance.startAt ?? null,
    event: store(event),
  };
}

/** An execution's id from an id without dashes, in .NET's "D" form; automatic children's ids begin with it. */
export const executionIdOf = (id: string): string =>
  id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** As .NET writes a GUID in its "N" form: ids of instances that nobody named. */
export const randomId = (): string => randomUUID().replaceAll("-", "");
