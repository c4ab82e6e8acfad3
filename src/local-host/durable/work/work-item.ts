import { toIso } from "../../../kernel/clock.ts";
import type { Faults } from "../../faults.ts";
import {
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
  isTerminal,
  Status,
  type StatusNumber,
  type StoredEvent,
  store,
} from "../history/history.ts";
import type { DurableSettings } from "../options.ts";
import type { FunctionInvoker, TypedData } from "../port.ts";
import { diagnose } from "../replay/diagnose.ts";
import { type Answer, customStatusFault, replay } from "../replay/replay.ts";
import { type Note, traps } from "../replay/traps.ts";
import { orchestratorTrigger, readAnswer } from "../replay/trigger.ts";
import { startMessage } from "../store/new-instance.ts";
import type { Instance, Message } from "../store/store.ts";
import { carryOut, type Effects } from "./effects.ts";
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

/** Why a work item cannot be done now. */
export type Waits = "missing" | "other version" | "not started";

/** The framework's words (TaskOrchestrationDispatcher) for an instance its versioning settings refuse. */
const VERSION_MISMATCH: Answer = {
  kind: "refused",
  failure: {
    ErrorType: "VersionMismatch",
    ErrorMessage: "Orchestration version did not comply with Worker Versioning",
    StackTrace: null,
    IsNonRetriable: true,
    InnerFailure: null,
    Properties: null,
  },
};

export interface EpisodeDeps {
  readonly invoker: FunctionInvoker;
  readonly now: () => number;
  readonly settings: DurableSettings;
  readonly newId: () => string;
  readonly faults?: Faults | undefined;
}

/**
 * One work item of an instance: its new messages become history, the orchestrator function runs against the whole
 * of it, and what it decided becomes a plan. Returns undefined when none of the messages is for this execution; a
 * word when they have to wait: for an app that has the orchestrator ("missing"), for a host of its version
 * ("other version"), for its start ("not started").
 */
export async function runEpisode(
  deps: EpisodeDeps,
  instance: Instance,
  stored: readonly StoredEvent[],
  messages: readonly Message[],
): Promise<Plan | Waits | undefined> {
  const accepted = accept(instance, stored, messages);
  if (accepted.length === 0) return undefined;
  if (findStarted(stored, accepted) === undefined) return "not started";
  const terminates = accepted.some(({ event }) => event.EventType === EventType.ExecutionTerminated);
  const otherVersion = !acceptsVersion(deps.settings, instance.version);
  if (otherVersion && !deps.settings.failOtherVersions && !terminates) return "other version";
  const now = episodeTime(deps.now(), stored, accepted);
  const timestamp = toIso(now);

  let past = stored;
  let fresh: StoredEvent[] = [started(timestamp), ...accepted.map((event) => arrived(event, timestamp))];
  let { executionId } = instance;
  let customStatus: string | null = null;
  const effects: Effects = { activities: [], messages: [], starts: [] };
  const notes: Note[] = [];

  for (let generation = 1; ; generation++) {
    const begin = findStarted(past, fresh);
    if (begin === undefined) return undefined;
    const parentInstanceId = begin.ParentInstance?.OrchestrationInstance.InstanceId ?? null;
    const found = otherVersion ? undefined : deps.invoker.find(begin.Name, "orchestrationTrigger");
    let answer: Answer;
    if (found === undefined) {
      // Another version of the app may have it again; until then only terminating has a sense.
      if (!terminates && !otherVersion) return "missing";
      answer = otherVersion ? VERSION_MISMATCH : { kind: "broken", message: "", stack: "" };
    } else {
      const trigger = orchestratorTrigger({
        past,
        fresh,
        input: begin.Input,
        instanceId: instance.id,
        parentInstanceId,
        isReplaying: past.length > 0,
        schema: deps.settings.schema,
        httpPollMs: deps.settings.httpPollMs,
      });
      answer = await ask(deps, found.name, trigger, notes);
    }
    // Without the function only the end can be looked at: the rest would not match its actions.
    const history =
      found === undefined ? endings(fresh, otherVersion ? begin : undefined) : events(past, fresh);
    const { id: instanceId } = instance;
    const { maxActions, httpPollMs } = deps.settings;
    const scene = { name: begin.Name, instanceId, executionId, parentInstanceId, maxActions, httpPollMs };
    const result = replay({ ...scene, history, answer });
    notes.push(
      ...traps({
        ...result,
        name: begin.Name,
        instanceId,
        input: begin.Input,
        events: past.length + fresh.length,
        droppedStatus: answer.kind === "state" ? answer.droppedStatus : undefined,
      }),
    );
    const shown = answer.kind === "state" ? answer.state.customStatus : undefined;
    if (shown != null && customStatusFault(shown) === undefined) customStatus = JSON.stringify(shown);

    const decided: HistoryEvent[] = [];
    const scope = { deps, instance, executionId, begin, timestamp, effects };
    for (const decision of result.decisions)
      if (decision.kind !== "continueAsNew") decided.push(carryOut(decision, scope));
    const end = result.decisions.find((decision) => decision.kind === "complete");
    const again = result.decisions.find((decision) => decision.kind === "continueAsNew");

    if (again !== undefined && end === undefined) {
      // Timers of the execution that ends would be dropped on arrival.
      effects.messages = effects.messages.filter(({ due }) => due === null);
      executionId = deps.newId();
      const next = { ...instance, executionId, input: again.input, version: begin.Version };
      const begun = startMessage(next, begin.ParentInstance, timestamp);
      const carried = result.carryOver.map((event) => store(event));
      if (generation < GENERATIONS_PER_WORK_ITEM) {
        past = [];
        fresh = [started(timestamp), begun.event, ...carried, completed(timestamp)];
        continue;
      }
      effects.messages.push(
        begun,
        ...carried.map((event) => ({ instanceId: instance.id, executionId: null, due: null, event })),
      );
      const change = {
        executionId,
        version: begin.Version,
        status: Status.Running,
        input: again.input,
        output: null,
        customStatus,
        updatedAt: now,
      };
      return { consumed: messages, change, kept: 0, history: [], effects, notes };
    }

    return {
      effects,
      notes: end === undefined ? [...notes, ...diagnose(instance.id, begin.Name, answer, result)] : notes,
      consumed: messages,
      change: {
        executionId,
        version: begin.Version,
        status: end?.status ?? (result.suspended ? Status.Suspended : Status.Running),
        input: begin.Input,
        output: end?.result ?? null,
        customStatus,
        updatedAt: now,
      },
      kept: past.length,
      history: [...fresh, ...decided.map(store), completed(timestamp)],
    };
  }
}

const started = (timestamp: string): StoredEvent =>
  store({ EventType: EventType.OrchestratorStarted, EventId: -1, Timestamp: timestamp });
const completed = (timestamp: string): StoredEvent =>
  store({ EventType: EventType.OrchestratorCompleted, EventId: -1, Timestamp: timestamp });

/** A timer's message was written when the timer was created; its event happens now. */
const arrived = (stored: StoredEvent, timestamp: string): StoredEvent =>
  stored.event.EventType === EventType.TimerFired ? store({ ...stored.event, Timestamp: timestamp }) : stored;

function* events(past: readonly StoredEvent[], fresh: readonly StoredEvent[]): Iterable<HistoryEvent> {
  for (const { event } of past) yield event;
  for (const { event } of fresh) yield event;
}

function* endings(
  fresh: readonly StoredEvent[],
  begin: ExecutionStarted | undefined,
): Iterable<HistoryEvent> {
  if (begin !== undefined) yield begin;
  for (const { event } of fresh) if (event.EventType === EventType.ExecutionTerminated) yield event;
}

/** Calls the orchestrator function; in fault mode now and then a second time, which must come to the same. */
async function ask(
  { invoker, faults }: EpisodeDeps,
  name: string,
  trigger: TypedData,
  notes: Note[],
): Promise<Answer> {
  const answer = readAnswer(await invoker.invoke(name, trigger));
  if (faults?.strikes("replay") !== true) return answer;
  const again = readAnswer(await invoker.invoke(name, trigger));
  if (told(answer) !== told(again))
    notes.push({
      level: "error",
      once: `determinism ${name}`,
      text:
        `Orchestrator '${name}' is not deterministic: the same history gave two different answers. ` +
        "It reads a clock, a random number or state outside of its context.",
    });
  return again;
}

const told = (answer: Answer): string => JSON.stringify(answer.kind === "state" ? answer.state : answer.kind);

function findStarted(...lists: (readonly StoredEvent[])[]): ExecutionStarted | undefined {
  for (const list of lists)
    for (const { event } of list) if (event.EventType === EventType.ExecutionStarted) return event;
  return undefined;
}

/** Drops what is for an earlier execution, for an instance that is over, and duplicate starts. */
function accept(
  instance: Instance,
  stored: readonly StoredEvent[],
  messages: readonly Message[],
): StoredEvent[] {
  if (isTerminal(instance.status)) return [];
  let begun = findStarted(stored) !== undefined;
  const accepted: StoredEvent[] = [];
  for (const { executionId, event } of messages) {
    if (executionId !== null && executionId !== instance.executionId) continue;
    if (event.event.EventType === EventType.ExecutionStarted) {
      if (begun) continue;
      begun = true;
    }
    accepted.push(event);
  }
  return accepted;
}

/**
 * The orchestrator's clock never goes back and is never before a timer that fired, or the SDK's long timer would
 * schedule itself again.
 */
function episodeTime(now: number, stored: readonly StoredEvent[], accepted: readonly StoredEvent[]): number {
  let time = now;
  const last = stored.findLast(({ event }) => event.EventType === EventType.OrchestratorStarted);
  if (last !== undefined) time = Math.max(time, Date.parse(last.event.Timestamp));
  for (const { event } of accepted)
    if (event.EventType === EventType.TimerFired) time = Math.max(time, Date.parse(event.FireAt));
  return time;
}
