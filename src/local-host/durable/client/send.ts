import { toIso } from "../../../kernel/clock.ts";
import { invalid } from "../../../kernel/errors.ts";
import { entityMessage, entityParts } from "../entity.ts";
import { unknownFunction } from "../history/failures.ts";
import {
  EventType,
  store as encoded,
  type HistoryEvent,
  isTerminal,
  Status,
  type StatusName,
  type StatusNumber,
  statusName,
} from "../history/history.ts";
import type { ClientDeps } from "./deps.ts";

/** How an event or a command for an instance fared; `inState`: its status has no place for it. */
export type Sent = "sent" | "missing" | "ended" | { readonly inState: StatusName };

/** Messages to instances and entities: what they carry is dealt with when the receiver is scheduled. */
export function createSends({
  store,
  dispatcher,
  clock,
  invoker,
  newId,
}: Pick<ClientDeps, "store" | "dispatcher" | "clock" | "invoker" | "newId">) {
  /** Appends an event to a running instance's inbox, when its status is one of those that it is for. */
  const send = async (
    id: string,
    event: (timestamp: string) => HistoryEvent,
    isFor: (status: StatusNumber) => boolean = () => true,
  ): Promise<Sent> => {
    let outcome: Sent = "sent";
    await store.write(
      () => {
        const instance = store.instance(id);
        outcome = sendable(instance?.status, isFor);
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

  /** Its start would not hear of the end before it is due. */
  const endUnstarted = async (id: string, reason: string | null): Promise<boolean> =>
    store.instance(id)?.status === Status.Pending &&
    store.write(
      () => {
        const instance = store.instance(id);
        return instance !== undefined && store.endUnstarted(instance, reason, clock.now());
      },
      (ended) => {
        if (ended) dispatcher.endedUnstarted(id);
      },
    );

  return {
    raise: (id: string, name: string, input: string) =>
      send(id, (Timestamp) => ({
        EventType: EventType.EventRaised,
        EventId: -1,
        Timestamp,
        Name: name,
        Input: input,
      })),
    terminate: async (id: string, reason: string | null): Promise<Sent> =>
      (await endUnstarted(id, reason))
        ? "sent"
        : send(id, (Timestamp) => ({
            EventType: EventType.ExecutionTerminated,
            EventId: -1,
            Timestamp,
            Input: reason,
          })),
    suspend: (id: string, reason: string | null) =>
      send(
        id,
        (Timestamp) => ({ EventType: EventType.ExecutionSuspended, EventId: -1, Timestamp, Reason: reason }),
        (status) => status !== Status.Suspended,
      ),
    resume: (id: string, reason: string | null) =>
      send(
        id,
        (Timestamp) => ({ EventType: EventType.ExecutionResumed, EventId: -1, Timestamp, Reason: reason }),
        (status) => status === Status.Suspended,
      ),

    /**
     * Sends an entity an operation without waiting for its result; `input` is JSON text.
     * @throws LightningError `invalid` for an entity that the app doesn't have, and for a key that Azure Storage cannot keep
     */
    signal: async (target: string, op: string, input: string | undefined): Promise<void> => {
      const { name, key } = entityParts(target);
      if (invoker.find(name, "entityTrigger") === undefined)
        throw invalid("unknown_entity", unknownFunction("entity", name, invoker.names("entityTrigger")));
      if (/[/\\#?\p{Cc}]/u.test(key)) throw invalid("entity_key", BAD_KEY, { field: "entityKey" });
      const request = { op, signal: true, id: newId(), ...(input === undefined ? {} : { input }) };
      await store.write(
        () => store.addMessage(entityMessage(target, request, toIso(clock.now()))),
        (message) => dispatcher.deliver(message),
      );
    },
  };
}

function sendable(status: StatusNumber | undefined, isFor: (status: StatusNumber) => boolean): Sent {
  if (status === undefined) return "missing";
  if (isTerminal(status)) return "ended";
  return isFor(status) ? "sent" : { inState: statusName(status) };
}

/** The extension's words, .NET's name of the parameter among them. */
const BAD_KEY = "entityKey (Parameter 'Entity keys must not contain /, \\, #, ?, or control characters.')";
