import { createHash } from "node:crypto";
import type { EventRaised, FailureDetails, HistoryEvent, StatusNumber } from "../history/history.ts";
import { EventType, Status } from "../history/history.ts";
import type { Decision } from "./decision.ts";
import { type DecisionEvent, mismatchOf, NonDeterminism } from "./non-determinism.ts";
import { done, type Outcome, ReplayTask } from "./task.ts";

export interface OpenTask {
  readonly id: number;
  readonly action: Decision;
  readonly task: ReplayTask;
}

/**
 * A port of the framework's TaskOrchestrationContext with the extension's external events on top: one counter of
 * ids, the open tasks, the actions not yet in history, and what suspending and continue-as-new do to them.
 */
export class ReplayContext {
  readonly open = new Map<number, OpenTask>();
  /** Decisions that history does not show yet, in the order they were taken. */
  readonly actions = new Map<number, Decision>();
  /** Events that came after continue-as-new was asked for: they belong to the next generation. */
  readonly carryOver: EventRaised[] = [];
  /** Time of the work item being replayed, ms since the epoch. */
  now = 0;
  readonly #maxActions: number;
  #nextId = 0;
  #nextInput: string | null | undefined;
  #guids = 0;
  #locks: { readonly targets: readonly string[]; readonly release: string } | undefined;
  #suspended = false;
  #terminated = false;
  readonly #parkedActions = new Map<number, Decision>();
  readonly #parkedEvents: HistoryEvent[] = [];
  /** Waiting orchestrator code by lower-case name, the last to wait served first. */
  readonly #waiting = new Map<string, { readonly name: string; readonly task: ReplayTask }[]>();
  /** Events nobody waited for yet, first come first served. */
  readonly #buffered = new Map<string, { readonly name: string; readonly input: string | null }[]>();
  /** Events whose names differ from the awaited ones by case, which the SDK takes for others. */
  readonly misspelt: { readonly raised: string; readonly awaited: string }[] = [];

  constructor(maxActions = Number.POSITIVE_INFINITY) {
    this.#maxActions = maxActions;
  }

  get suspended(): boolean {
    return this.#suspended;
  }
  get continuesAsNew(): boolean {
    return this.#nextInput !== undefined;
  }
  get waitingFor(): string[] {
    return [...this.#waiting.keys()];
  }
  /** Names of events that came and that nobody waited for. */
  get unheard(): string[] {
    return [...this.#buffered.values()].flatMap(([first]) => first?.name ?? []);
  }

  scheduleActivity(name: string, input: string): ReplayTask {
    return this.#schedule({ kind: "activity", id: this.#takeId(), name, input });
  }

  createTimer(fireAtMs: number, canceled: boolean): ReplayTask {
    const action: Decision = { kind: "timer", id: this.#takeId(), fireAt: fireAtMs };
    const task = this.#schedule(action);
    if (!canceled) return task;
    // A cancelled timer is created and fires all the same; only nobody waits for it.
    this.open.delete(action.id);
    return ReplayTask.settled();
  }

  createSubOrchestration(
    name: string,
    version: string | undefined,
    instanceId: string | undefined,
    executionId: string,
    input: string | null,
  ): ReplayTask {
    const id = this.#takeId();
    const child = instanceId === undefined || instanceId.trim() === "" ? `${executionId}:${id}` : instanceId;
    return this.#schedule({ kind: "subOrchestration", id, name, version, instanceId: child, input });
  }

  sendEvent(instanceId: string, name: string, input: string): void {
    const id = this.#takeId();
    this.actions.set(id, { kind: "send", id, instanceId, name, input });
  }

  /** The same in every replay. The framework's own series differs; the SDK learns it from the event that was sent. */
  newGuid(...scope: readonly string[]): string {
    const hash = createHash("sha256")
      .update([...scope, this.#guids++].join(":"))
      .digest("hex");
    return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  /** Remembers what to send to whom when the locks are given back. */
  holdLocks(targets: readonly string[], release: string): void {
    this.#locks = { targets, release };
  }

  releaseLocks(): void {
    const locks = this.#locks;
    this.#locks = undefined;
    for (const target of locks?.targets ?? []) this.sendEvent(target, "release", locks?.release ?? "");
  }

  /** @param input JSON text; null for none */
  continueAsNew(input: string | null): void {
    this.#nextInput = input;
  }

  /** Names are compared without case, as the extension does; the SDK compares with case. */
  waitForEvent(name: string): ReplayTask {
    const key = name.toLowerCase();
    const task = new ReplayTask();
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) this.#waiting.set(key, [{ name, task }]);
    else waiting.push({ name, task });
    const buffered = this.#buffered.get(key);
    const first = buffered?.shift();
    if (buffered?.length === 0) this.#buffered.delete(key);
    if (first !== undefined) this.#raise(first.name, first.input);
    return task;
  }

  complete(
    status: StatusNumber,
    result: string | null,
    details: string | null = null,
    failureDetails: FailureDetails | null = null,
  ): void {
    if (this.#terminated) return;
    if (status === Status.Terminated) {
      this.#terminated = true;
      this.releaseLocks();
    }
    const id = this.#nextId++;
    if (status === Status.Completed && this.#nextInput !== undefined)
      this.actions.set(id, { kind: "continueAsNew", id, input: this.#nextInput });
    else this.actions.set(id, { kind: "complete", id, status, result, details, failureDetails });
  }

  /** Everything but ExecutionStarted, which runs the program, and OrchestratorStarted, which sets the clock. */
  process(event: HistoryEvent): void {
    if (
      this.#suspended &&
      event.EventType !== EventType.ExecutionResumed &&
      event.EventType !== EventType.ExecutionTerminated
    ) {
      if (event.EventType !== EventType.ExecutionSuspended) this.#parkedEvents.push(event);
      return;
    }
    switch (event.EventType) {
      case EventType.TaskScheduled:
      case EventType.TimerCreated:
      case EventType.SubOrchestrationInstanceCreated:
      case EventType.EventSent:
        this.#confirm(event);
        break;
      case EventType.TaskCompleted:
      case EventType.SubOrchestrationInstanceCompleted:
        this.#settle(event.TaskScheduledId, { ok: true, value: event.Result });
        break;
      case EventType.TaskFailed:
      case EventType.SubOrchestrationInstanceFailed: {
        const { Reason: reason, FailureDetails: failureDetails } = event;
        this.#settle(event.TaskScheduledId, { ok: false, reason, failureDetails });
        break;
      }
      case EventType.TimerFired:
        this.#settle(event.TimerId, done);
        break;
      case EventType.EventRaised:
        if (this.continuesAsNew) this.carryOver.push(event);
        else this.#raise(event.Name, event.Input);
        break;
      case EventType.ExecutionTerminated:
        this.complete(Status.Terminated, event.Input);
        break;
      case EventType.ExecutionSuspended:
        this.#suspend();
        break;
      case EventType.ExecutionResumed:
        this.#resume();
        break;
      case EventType.ExecutionStarted:
      case EventType.ExecutionCompleted:
      case EventType.OrchestratorStarted:
      case EventType.OrchestratorCompleted:
      case EventType.GenericEvent:
        break;
    }
  }

  /** @throws at the limit, with the extension's words */
  #takeId(): number {
    if (this.#nextId >= this.#maxActions)
      throw new Error(
        `Maximum amount of orchestration actions (${this.#maxActions}) has been reached. ` +
          "This value can be configured in host.json file as MaxOrchestrationActions.",
      );
    return this.#nextId++;
  }

  #schedule(action: Decision): ReplayTask {
    const task = new ReplayTask();
    this.actions.set(action.id, action);
    this.open.set(action.id, { id: action.id, action, task });
    return task;
  }

  /** Results of tasks that are not open (cancelled timers, tasks of a shifted id) are dropped. */
  #settle(id: number, outcome: Outcome): void {
    const open = this.open.get(id);
    if (open === undefined) return;
    this.open.delete(id);
    open.task.settle(outcome);
  }

  #raise(name: string, input: string | null): void {
    const key = name.toLowerCase();
    const waiting = this.#waiting.get(key);
    const last = waiting?.pop();
    if (waiting === undefined || last === undefined) {
      const buffered = this.#buffered.get(key);
      if (buffered === undefined) this.#buffered.set(key, [{ name, input }]);
      else buffered.push({ name, input });
      return;
    }
    if (waiting.length === 0) this.#waiting.delete(key);
    if (last.name !== name) this.misspelt.push({ raised: name, awaited: last.name });
    last.task.settle({ ok: true, value: input });
  }

  /** @throws NonDeterminism when the code does not decide what history says it did */
  #confirm(event: DecisionEvent): void {
    const action = this.actions.get(event.EventId);
    const mismatch = mismatchOf(event, action);
    if (mismatch !== undefined) throw new NonDeterminism(mismatch);
    this.actions.delete(event.EventId);
  }

  #suspend(): void {
    this.#suspended = true;
    for (const [id, action] of this.actions) this.#parkedActions.set(id, action);
    this.actions.clear();
  }

  #resume(): void {
    this.#suspended = false;
    for (const [id, action] of this.#parkedActions) this.actions.set(id, action);
    this.#parkedActions.clear();
    for (const event of this.#parkedEvents.splice(0)) this.process(event);
  }
}
