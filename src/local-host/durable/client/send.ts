import { toIso } from "../../../kernel/clock.ts";
import { entityMessage } from "../entity.ts";
import { EventType, store as encoded, type HistoryEvent, isTerminal } from "../history/history.ts";
import type { ClientDeps } from "./deps.ts";

/** How an event or a command for an instance fared. */
export type Sent = "sent" | "missing" | "ended";

/** Messages to instances and entities: what they carry is dealt with when the receiver is scheduled. */
export function createSends({
  store,
  dispatcher,
  clock,
  newId,
}: Pick<ClientDeps, "store" | "dispatcher" | "clock" | "newId">) {
  /** Appends an event to a running instance's inbox. */
  const send = async (id: string, event: (timestamp: string) => HistoryEvent): Promise<Sent> => {
    let outcome: Sent = "sent";
    await store.write(
      () => {
        const instance = store.instance(id);
        outcome = instance === undefined ? "missing" : isTerminal(instance.status) ? "ended" : "sent";
        if (outcome !== "sent") return undefined;
        const message = encoded(event(toIso(clock.now())));
        return store.addMessage({ instanceId: id, executionId: null, due: null, event: message });
      },
      undefined,
      (message) => {
        if (message !== undefined) dispatcher.deliver(message);
        return message !== undefined;
      },
    );
    return outcome;
  };

  return {
    raise: (id: string, name: string, input: string) =>
      send(id, (Timestamp) => ({
        EventType: EventType.EventRaised,
        EventId: -1,
        Timestamp,
        Name: name,
        Input: input,
      })),
    terminate: (id: string, reason: string | null) =>
      send(id, (Timestamp) => ({
        EventType: EventType.ExecutionTerminated,
        EventId: -1,
        Timestamp,
        Input: reason,
      })),
    suspend: (id: string, reason: string | null) =>
      send(id, (Timestamp) => ({
        EventType: EventType.ExecutionSuspended,
        EventId: -1,
        Timestamp,
        Reason: reason,
      })),
    resume: (id: string, reason: string | null) =>
      send(id, (Timestamp) => ({
        EventType: EventType.ExecutionResumed,
        EventId: -1,
        Timestamp,
        Reason: reason,
      })),

    /** Sends an entity an operation without waiting for its result; `input` is JSON text. */
    signal: async (target: string, op: string, input: string | undefined): Promise<void> => {
      const request = { op, signal: true, id: newId(), ...(input === undefined ? {} : { input }) };
      await store.write(
        () => store.addMessage(entityMessage(target, request, toIso(clock.now()))),
        (message) => dispatcher.deliver(message),
      );
    },
  };
}
