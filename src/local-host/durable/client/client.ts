import { type Clock, toIso } from "../../../kernel/clock.ts";
import { conflict, invalid, LightningError, notFound } from "../../../kernel/errors.ts";
import { entityMessage } from "../entity.ts";
import {
  EventType,
  store as encoded,
  type HistoryEvent,
  isTerminal,
  Status,
  type StatusName,
  statusName,
} from "../history/history.ts";
import type { FunctionInvoker } from "../port.ts";
import { startMessage } from "../store/new-instance.ts";
import type { DurableStore, InstanceFilter, Message } from "../store/store.ts";
import type { Dispatcher } from "../work/dispatcher.ts";
import { rewound } from "./rewind.ts";

/** Most instances one purge by filter takes at a time. */
const PURGE_PAGE = 500;

export interface ClientDeps {
  readonly store: DurableStore;
  readonly dispatcher: Dispatcher;
  readonly invoker: FunctionInvoker;
  readonly clock: Clock;
  readonly defaultVersion: string;
  /** host.json's overridableExistingInstanceStates: AnyState. */
  readonly replacesRunning: boolean;
  readonly newId: () => string;
}

interface StartOptions {
  readonly id?: string | undefined;
  readonly version?: string | undefined;
  /** When it is to begin, ms since the epoch. */
  readonly startAt?: number | undefined;
}

/** How an event or a command for an instance fared. */
export type Sent = "sent" | "missing" | "ended";

/** What Durable clients ask of the engine; each promise settles when the change is on disk. */
export type DurableClient = ReturnType<typeof createClient>;

export function createClient(deps: ClientDeps) {
  const { store, dispatcher, invoker, clock, defaultVersion, newId } = deps;
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

  const start = async (name: string, input: string | null, options: StartOptions = {}) => {
    if (invoker.find(name, "orchestrationTrigger") === undefined)
      throw invalid(
        "unknown_orchestrator",
        `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function.`,
      );
    const id = options.id ?? newId();
    checkId(id);
    const createdAt = clock.now();
    const instance = {
      id,
      executionId: newId(),
      name,
      version: options.version ?? defaultVersion,
      input,
      createdAt,
      startAt: options.startAt,
    };
    await store.write(
      () => {
        const existing = store.instance(id);
        if (existing !== undefined && !isTerminal(existing.status) && !deps.replacesRunning)
          throw conflict(
            "instance_exists",
            `An Orchestration instance with the status ${statusName(existing.status)} already exists.`,
          );
        store.create(instance, existing);
        return store.addMessage(startMessage(instance, null, toIso(createdAt)));
      },
      undefined,
      (message) => {
        dispatcher.reset(id);
        dispatcher.deliver(message);
        return true;
      },
    );
    return id;
  };

  /** Inside a transaction: rewrites the histories and gives those a message that have to go on by themselves. */
  const rewindAll = (
    id: string,
    reason: string | null,
    woken: { id: string; message: Message | undefined }[],
  ): void => {
    const instance = store.instance(id);
    if (instance?.status !== Status.Failed) return;
    const events = store.history(id).map(({ event }) => event);
    const { history, failedChildren } = rewound(events, (child) => store.instance(child) !== undefined);
    const { executionId } = instance;
    const updatedAt = clock.now();
    store.clearHistory(instance);
    store.deleteActivities(id);
    store.appendHistory(instance, history.map(encoded));
    store.update(instance, { ...instance, status: Status.Running, output: null, updatedAt });
    const Data = `Rewound: ${reason ?? ""}`;
    const event = { EventType: EventType.GenericEvent, EventId: -1, Timestamp: toIso(updatedAt), Data };
    const message =
      failedChildren.length > 0
        ? undefined
        : store.addMessage({ instanceId: id, executionId, due: null, event: encoded(event) });
    woken.push({ id, message });
    for (const child of failedChildren) rewindAll(child, reason, woken);
  };

  return {
    start,
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

    /**
     * Takes a failed instance, and its failed children, back to before their failures; they go on by themselves.
     * Answers the status it has when that is not Failed.
     */
    rewind: (id: string, reason: string | null): Promise<StatusName | "missing"> =>
      store
        .write(
          () => {
            const instance = store.instance(id);
            if (instance === undefined) return { status: "missing" as const, woken: [] };
            const status = statusName(instance.status);
            if (instance.status !== Status.Failed) return { status, woken: [] };
            const woken: { id: string; message: Message | undefined }[] = [];
            rewindAll(id, reason, woken);
            return { status, woken };
          },
          ({ woken }) => {
            for (const { id: one } of woken) dispatcher.reset(one);
            for (const { message } of woken) if (message !== undefined) dispatcher.deliver(message);
          },
        )
        .then(({ status }) => status),

    /** Starts the same orchestration with the same input again, under a new id or, when it is over, the same. */
    restart: async (id: string, withNewId: boolean): Promise<string> => {
      const instance = store.instance(id);
      if (instance === undefined)
        throw invalid("unknown_instance", `An orchestrator with the instanceId ${id} was not found.`);
      return start(instance.name, instance.input, {
        id: withNewId ? undefined : id,
        version: instance.version,
      });
    },

    /** @throws LightningError `precondition` while the instance is running. */
    purge: (id: string): Promise<boolean> =>
      store.write(
        () => {
          const instance = store.instance(id);
          if (instance === undefined) return false;
          if (!isTerminal(instance.status))
            throw new LightningError(
              "precondition",
              "instance_running",
              "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID " +
                `${id} has status ${statusName(instance.status)}`,
            );
          return store.forget(id);
        },
        (purged) => purged && dispatcher.reset(id),
      ),

    /** Purges what is over and matches; returns how many. */
    purgeBy: async (filter: InstanceFilter): Promise<number> => {
      let deleted = 0;
      for (let after = 0, more = true; more; ) {
        const page = store.list(filter, after, PURGE_PAGE);
        after = page.at(-1)?.seq ?? after;
        more = page.length === PURGE_PAGE;
        const gone = await store.write(
          () => page.filter(({ id, status }) => isTerminal(status) && store.forget(id)),
          (purged) => {
            for (const { id } of purged) dispatcher.reset(id);
          },
        );
        deleted += gone.length;
      }
      return deleted;
    },

    /** Resolves true when the instance has ended, false after `ms` on the host's clock or when the host stops. */
    waitForEnd: (id: string, ms: number): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const instance = store.instance(id);
        if (instance === undefined)
          return reject(notFound("unknown_instance", `No instance with ID '${id}'.`));
        if (isTerminal(instance.status)) return resolve(true);
        const cancel = clock.after(ms, () => {
          stop();
          resolve(false);
        });
        const stop = dispatcher.whenEnded(id, (ended) => {
          cancel();
          resolve(ended);
        });
      }),
  };
}

/** The extension's rules for ids of orchestrations. */
function checkId(id: string): void {
  if (id === "" || id.length > 100) throw badId("must have 1 to 100 characters");
  if (id.startsWith("@")) throw badId("must not start with '@'");
  if (/[/\\?#\p{Cc}]/u.test(id)) throw badId("must not contain '/', '\\', '?', '#' or control characters");
}

const badId = (why: string) => invalid("instance_id", `The instance ID ${why}.`, { field: "instanceId" });
