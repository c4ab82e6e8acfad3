import { toIso } from "../../../kernel/clock.ts";
import { EventType, store as encoded, Status, type StatusName, statusName } from "../history/history.ts";
import type { Message } from "../store/store.ts";
import type { ClientDeps } from "./deps.ts";
import { rewound } from "./rewind.ts";

/** Rewinds failed instances in the store and wakes them. */
export function createRewind({
  store,
  dispatcher,
  clock,
}: Pick<ClientDeps, "store" | "dispatcher" | "clock">) {
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
    const Data = reason;
    const event = { EventType: EventType.GenericEvent, EventId: -1, Timestamp: toIso(updatedAt), Data };
    const message =
      failedChildren.length > 0
        ? undefined
        : store.addMessage({ instanceId: id, executionId, due: null, event: encoded(event) });
    woken.push({ id, message });
    for (const child of failedChildren) rewindAll(child, reason, woken);
  };

  /**
   * Takes a failed instance, and its failed children, back to before their failures; they go on by themselves.
   * Answers the status it has when that is not Failed.
   */
  return (id: string, reason: string | null): Promise<StatusName | "missing"> =>
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
      .then(({ status }) => status);
}
