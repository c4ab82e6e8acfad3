import type { Faults } from "../../faults.ts";
import { unknownFunction } from "../history/failures.ts";
import { EventType, type ExecutionStarted, type HistoryEvent, type StoredEvent } from "../history/history.ts";
import type { DurableSettings } from "../options.ts";
import type { FunctionInvoker, TypedData } from "../port.ts";
import { type Answer, type ReplayResult, replay } from "../replay/replay.ts";
import { type Note, traps } from "../replay/traps.ts";
import { orchestratorTrigger, readAnswer } from "../replay/trigger.ts";
import type { Instance } from "../store/store.ts";
import { findStarted } from "./incoming.ts";

export interface WorkItemDeps {
  readonly invoker: FunctionInvoker;
  readonly now: () => number;
  readonly settings: DurableSettings;
  readonly newId: () => string;
  readonly faults?: Faults | undefined;
}

/** What is the same for every generation of a work item. */
export interface WorkItem {
  readonly deps: WorkItemDeps;
  readonly instance: Instance;
  /** The orchestrator's time, ISO 8601. */
  readonly timestamp: string;
  /** The instance's version is not this host's, and the settings say to fail it. */
  readonly otherVersion: boolean;
  /** A message asks to terminate: the only one that is obeyed without the function. */
  readonly terminates: boolean;
  readonly notes: Note[];
}

/** One execution of the instance; continue-as-new begins the next generation of it under another id. */
export interface Execution {
  readonly id: string;
  readonly past: readonly StoredEvent[];
  readonly fresh: readonly StoredEvent[];
}

/** What became of one generation. */
export type Generation =
  | {
      readonly kind: "ran";
      readonly begin: ExecutionStarted;
      readonly answer: Answer;
      readonly result: ReplayResult;
    }
  /** Its history does not say how it began. */
  | { readonly kind: "not begun" };

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

/** Runs the orchestrator function against an execution's history and replays what it answered. */
export async function runGeneration(work: WorkItem, { id, past, fresh }: Execution): Promise<Generation> {
  const { deps, instance, otherVersion, terminates, notes } = work;
  const { maxActions, httpPollMs, schema } = deps.settings;
  const begin = findStarted(past, fresh);
  if (begin === undefined) return { kind: "not begun" };
  const parentInstanceId = begin.ParentInstance?.OrchestrationInstance.InstanceId ?? null;
  const { id: instanceId } = instance;
  const found = otherVersion ? undefined : deps.invoker.find(begin.Name, "orchestrationTrigger");
  let answer: Answer;
  if (found === undefined) {
    const known = deps.invoker.names("orchestrationTrigger");
    const message = unknownFunction("orchestrator", begin.Name, known);
    answer = otherVersion ? VERSION_MISMATCH : { kind: "broken", message, stack: "" };
  } else {
    const trigger = orchestratorTrigger({
      past,
      fresh,
      input: begin.Input,
      instanceId,
      parentInstanceId,
      isReplaying: past.length > 0,
      schema,
      httpPollMs,
    });
    answer = await ask(deps, found.name, trigger, notes);
  }
  // Without the function only the end can be looked at: the rest would not match its actions.
  const history =
    found === undefined
      ? endings(fresh, terminates && !otherVersion ? undefined : begin)
      : events(past, fresh);
  const entities = () => deps.invoker.names("entityTrigger");
  const scene = {
    name: begin.Name,
    instanceId,
    executionId: id,
    parentInstanceId,
    maxActions,
    httpPollMs,
    entities,
  };
  const result = replay({ ...scene, history, answer });
  notes.push(
    ...traps({
      ...result,
      isKnown: (name, trigger) => deps.invoker.find(name, trigger) !== undefined,
      name: begin.Name,
      instanceId,
      input: begin.Input,
      events: past.length + fresh.length,
      droppedStatus: answer.kind === "state" ? answer.droppedStatus : undefined,
    }),
  );
  return { kind: "ran", begin, answer, result };
}

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
  { invoker, faults }: WorkItemDeps,
  name: string,
  trigger: TypedData,
  notes: Note[],
): Promise<Answer> {
  const answer = readAnswer(await invoker.invoke(name, trigger));
  if (answer.kind === "worker exited" || faults?.strikes("replay") !== true) return answer;
  const again = readAnswer(await invoker.invoke(name, trigger));
  if (again.kind !== "worker exited" && told(answer) !== told(again))
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
