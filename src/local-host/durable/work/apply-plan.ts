import { isTerminal } from "../history/history.ts";
import type { Activity, DurableStore, Instance, Message } from "../store/store.ts";
import type { Plan } from "./work-item.ts";

/** What a committed plan means for memory. */
export interface Applied {
  readonly messages: readonly Message[];
  readonly activities: readonly Activity[];
  /** Instances whose id a child took over, with the status they had. */
  readonly replaced: readonly Pick<Instance, "id" | "name" | "status">[];
}

/** Writes a plan, inside a transaction. Undefined when the instance was purged or replaced meanwhile. */
export function applyPlan(
  store: DurableStore,
  instance: Instance,
  length: number,
  plan: Plan,
): Applied | undefined {
  const { id, executionId } = instance;
  if (!store.update(instance, plan.change)) return undefined;
  store.consume(plan.consumed);
  if (plan.kept < length) store.clearHistory(instance);
  store.appendHistory(instance, plan.history);
  if (isTerminal(plan.change.status) || plan.change.executionId !== executionId)
    store.deleteTimers(id, executionId);
  const replaced: Instance[] = [];
  const messages: Message[] = [];
  for (const { instance: child, started } of plan.effects.starts) {
    // Also of one that runs: the framework asks nobody, and whoever waits for that one waits for the child.
    const existing = store.instance(child.id);
    if (existing !== undefined) replaced.push(existing);
    store.create(child, existing);
    messages.push(store.addMessage(started));
  }
  for (const message of plan.effects.messages) messages.push(store.addMessage(message));
  const activities = plan.effects.activities.map((activity) => store.addActivity(activity));
  return { messages, activities, replaced };
}
