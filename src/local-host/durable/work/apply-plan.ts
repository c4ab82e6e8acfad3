import { isTerminal } from "../history/history.ts";
import type { NewInstance } from "../store/new-instance.ts";
import type { Activity, DurableStore, Instance, Message } from "../store/store.ts";
import type { Plan } from "./work-item.ts";

/** What a committed plan means for memory. */
export interface Applied {
  readonly messages: readonly Message[];
  readonly activities: readonly Activity[];
  /** Children whose id a running instance has. */
  readonly refused: readonly NewInstance[];
  /** Finished instances whose id a child took over. */
  readonly replaced: readonly string[];
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
  const refused: NewInstance[] = [];
  const replaced: string[] = [];
  const messages: Message[] = [];
  for (const { instance: child, started } of plan.effects.starts) {
    const existing = store.instance(child.id);
    if (existing !== undefined && !isTerminal(existing.status)) {
      refused.push(child);
      continue;
    }
    if (existing !== undefined) replaced.push(child.id);
    store.create(child, existing);
    messages.push(store.addMessage(started));
  }
  for (const message of plan.effects.messages) messages.push(store.addMessage(message));
  const activities = plan.effects.activities.map((activity) => store.addActivity(activity));
  return { messages, activities, refused, replaced };
}
