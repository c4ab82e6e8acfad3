import { toIso } from "../../../kernel/clock.ts";
import {
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
  Status,
  type StatusNumber,
  type StoredEvent,
  store,
} from "../history/history.ts";
import type { Decision } from "../replay/decision.ts";
import { diagnose } from "../replay/diagnose.ts";
import { type Answer, customStatusFault, type ReplayResult } from "../replay/replay.ts";
import type { Note } from "../replay/traps.ts";
import { executionIdOf, startMessage } from "../store/new-instance.ts";
import type { Instance, Message } from "../store/store.ts";
import { carryOut, type Effects } from "./effects.ts";
import { type Execution, runGeneration, type WorkItem, type WorkItemDeps } from "./generation.ts";
import { accept, findStarted, workItemTime } from "./incoming.ts";
import { acceptsVersion } from "./versions.ts";

/**
 * Generations of continue-as-new that run in one work item. The framework has no limit; without one, an
 * orchestrator that continues as new without waiting could be neither stopped nor saved.
 */
const GENERATIONS_PER_WORK_ITEM = 50;

/** Everything a work item changes; it is committed as one. */
export interface Plan {
  readonly consumed: readonly Message[];
  readonly change: {
    readonly executionId: string;
    readonly version: string;
    readonly status: StatusNumber;
    readonly input: string | null;
    readonly output: string | null;
    readonly customStatus: string | null;
    readonly updatedAt: number;
  };
  /** How many of the stored events stay: all of them, or none after continue-as-new. */
  readonly kept: number;
  readonly history: readonly StoredEvent[];
  readonly effects: Effects;
  readonly notes: readonly Note[];
}

/** What becomes of a work item. */
export type WorkItemOutcome =
  | { readonly kind: "plan"; readonly plan: Plan }
  /** The messages stay: for a host of its version, or the message that starts it. */
  | { readonly kind: "waits"; readonly for: "version" | "start" }
  /** None of the messages is for this execution: they can be dropped. */
  | { readonly kind: "nothing" };

/**
 * One work item of an instance: its new messages become history, the orchestrator function runs against the whole
 * of it, and what it decided becomes a plan.
 */
export async function runWorkItem(
  deps: WorkItemDeps,
  instance: Instance,
  stored: readonly StoredEvent[],
  messages: readonly Message[],
): Promise<WorkItemOutcome> {
  const accepted = accept(instance, stored, messages);
  if (accepted.length === 0) return { kind: "nothing" };
  if (findStarted(stored, accepted) === undefined) return { kind: "waits", for: "start" };
  const terminates = accepted.some(({ event }) => event.EventType === EventType.ExecutionTerminated);
  const otherVersion = !acceptsVersion(deps.settings, instance.version);
  if (otherVersion && !deps.settings.failOtherVersions && !terminates)
    return { kind: "waits", for: "version" };
  const updatedAt = workItemTime(deps.now(), stored, accepted);
  const timestamp = toIso(updatedAt);

  const notes: Note[] = [];
  const work: WorkItem = { deps, instance, timestamp, otherVersion, terminates, notes };
  const effects: Effects = { activities: [], messages: [], starts: [] };
  let execution: Execution = {
    id: instance.executionId,
    past: stored,
    fresh: [started(timestamp), ...accepted.map((event) => arrived(event, timestamp))],
  };
  let customStatus: string | null = null;
  // Continuing as new without an input leaves the earlier one to be seen, though the orchestrator does not get it.
  let shownInput = instance.input;

  for (let generation = 1; ; generation++) {
    const ran = await runGeneration(work, execution);
    if (ran.kind === "not begun") return { kind: "nothing" };
    const { begin, answer, result } = ran;
    customStatus = customStatusOf(answer) ?? customStatus;
    const decided = carryOutAll(work, execution.id, begin, result, effects);
    const end = result.decisions.find((decision) => decision.kind === "complete");
    const again = result.decisions.find((decision) => decision.kind === "continueAsNew");
    const common = { effects, notes, consumed: messages };

    if (again === undefined || end !== undefined) {
      const change = {
        executionId: execution.id,
        version: begin.Version ?? "",
        status: end?.status ?? (result.suspended ? Status.Suspended : Status.Running),
        input: shownInput,
        output: end === undefined ? reasonOf(accepted, instance) : outputOf(end),
        customStatus,
        updatedAt,
      };
      if (end === undefined) notes.push(...diagnose(instance.id, begin.Name, answer, result));
      const history = [...execution.fresh, ...decided.map(store), completed(timestamp)];
      return { kind: "plan", plan: { ...common, change, kept: execution.past.length, history } };
    }

    // Timers of the execution that ends would be dropped on arrival.
    effects.messages = effects.messages.filter(({ due }) => due === null);
    const { input } = again;
    shownInput = input ?? shownInput;
    const next = {
      ...instance,
      executionId: executionIdOf(deps.newId()),
      input,
      version: begin.Version ?? "",
    };
    const begun = startMessage(next, begin.ParentInstance, timestamp);
    const carried = result.carryOver.map((event) => store(event));
    if (generation < GENERATIONS_PER_WORK_ITEM) {
      const fresh = [started(timestamp), begun.event, ...carried, completed(timestamp)];
      execution = { id: next.executionId, past: [], fresh };
      continue;
    }
    effects.messages.push(
      begun,
      ...carried.map((event) => ({ instanceId: instance.id, executionId: null, due: null, event })),
    );
    const { executionId, version } = next;
    const change = {
      executionId,
      version,
      status: Status.Running,
      input: shownInput,
      output: null,
      customStatus,
      updatedAt,
    };
    return { kind: "plan", plan: { ...common, change, kept: 0, history: [] } };
  }
}

/** A failure that has a structure shows its type and message, without the orchestrator's name before them. */
function outputOf({ result, failureDetails }: Extract<Decision, { kind: "complete" }>): string | null {
  return failureDetails == null ? result : `${failureDetails.ErrorType}: ${failureDetails.ErrorMessage}`;
}

/** While an instance goes on, its output is why it was last suspended or resumed. */
function reasonOf(accepted: readonly StoredEvent[], { output }: Instance): string | null {
  let reason = output;
  for (const { event } of accepted)
    if (event.EventType === EventType.ExecutionSuspended || event.EventType === EventType.ExecutionResumed)
      reason = event.Reason;
  return reason;
}

/** Carries out what a generation decided, and returns the events that history keeps of it. */
function carryOutAll(
  { deps, instance, timestamp }: WorkItem,
  executionId: string,
  begin: ExecutionStarted,
  result: ReplayResult,
  effects: Effects,
): HistoryEvent[] {
  const scope = { deps, instance, executionId, begin, timestamp, effects };
  const events: HistoryEvent[] = [];
  for (const decision of result.decisions)
    if (decision.kind !== "continueAsNew") events.push(carryOut(decision, scope));
  effects.messages = inWholeSeconds(effects.messages, Date.parse(timestamp));
  return events;
}

/**
 * Azure Storage delays messages by whole seconds, so that timers which one episode sets for the same second fire together,
 * in the order in which they were set: of two within a race the first one listed wins, not the earlier. Here they wait for
 * the last of them.
 */
function inWholeSeconds(messages: Effects["messages"], now: number): Effects["messages"] {
  const isTimer = ({ event: { event } }: Effects["messages"][number]) =>
    event.EventType === EventType.TimerFired;
  if (messages.filter(isTimer).length < 2) return messages;
  // A moment has gone by before the message is sent, so that a delay of whole seconds is within the second before.
  const second = (due: number) => Math.floor((due - now - 1) / 1000);
  const last = new Map<number, number>();
  for (const message of messages)
    if (isTimer(message) && message.due !== null)
      last.set(second(message.due), Math.max(message.due, last.get(second(message.due)) ?? 0));
  return messages.map((message) =>
    isTimer(message) && message.due !== null
      ? { ...message, due: last.get(second(message.due)) ?? message.due }
      : message,
  );
}

/** The custom status as JSON; undefined when none was set, or one that cannot be kept. */
function customStatusOf(answer: Answer): string | undefined {
  const shown = answer.kind === "state" ? answer.state.customStatus : undefined;
  return shown != null && customStatusFault(shown) === undefined ? JSON.stringify(shown) : undefined;
}

const started = (timestamp: string): StoredEvent =>
  store({ EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: timestamp });
const completed = (timestamp: string): StoredEvent =>
  store({ EventType: EventType.OrchestratorCompleted, EventId: -1, Timestamp: timestamp });

/** A timer's message was written when the timer was created; its event happens now. */
const arrived = (stored: StoredEvent, timestamp: string): StoredEvent =>
  stored.event.EventType === EventType.TimerFired ? store({ ...stored.event, Timestamp: timestamp }) : stored;
