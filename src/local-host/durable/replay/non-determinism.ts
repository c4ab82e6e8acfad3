import { EventType, type HistoryEvent } from "../history/history.ts";
import type { Decision } from "./decision.ts";

/** History and orchestrator disagree about what was scheduled. */
export class NonDeterminism extends Error {
  override readonly name = "NonDeterministicOrchestrationException";
}

/** The events that keep what an orchestrator decided. */
export type DecisionEvent = Extract<
  HistoryEvent,
  {
    EventType: (typeof EventType)[
      | "TaskScheduled"
      | "TimerCreated"
      | "SubOrchestrationInstanceCreated"
      | "EventSent"];
  }
>;

/** The framework's classes of what an orchestrator decides. */
const CLASS: Readonly<Record<Decision["kind"], string>> = {
  activity: "ScheduleTaskOrchestratorAction",
  timer: "CreateTimerOrchestratorAction",
  subOrchestration: "CreateSubOrchestrationAction",
  send: "SendEventOrchestratorAction",
  complete: "OrchestrationCompleteOrchestratorAction",
  continueAsNew: "OrchestrationCompleteOrchestratorAction",
};

/**
 * How what was decided differs from what an event says, in the words of the framework's TaskOrchestrationContext (3.11.2),
 * slips of the pen included; undefined when it does not. Names are compared without case.
 */
export function mismatchOf(event: DecisionEvent, action: Decision | undefined): string | undefined {
  const scheduled = difference(event, action);
  return scheduled === undefined
    ? undefined
    : `Non-Deterministic workflow detected: A previous execution of this orchestration scheduled ${scheduled} Was a change ` +
        "made to the orchestrator code after this instance had already started running?";
}

const MISSING = "the current replay execution hasn't (yet?) scheduled this task.";

function difference(event: DecisionEvent, action: Decision | undefined): string | undefined {
  const id = event.EventId;
  const instead =
    action && `the current orchestration replay instead produced a ${CLASS[action.kind]} action`;
  switch (event.EventType) {
    case EventType.TaskScheduled: {
      if (action === undefined)
        return `an activity task with sequence ID ${id} and name '${event.Name}' (version ''), but ${MISSING}`;
      const told = `an activity task with sequence number ${id} named '${event.Name}', but`;
      if (action.kind !== "activity") return `${told} ${instead} with this sequence number.`;
      return sameName(action.name, event.Name)
        ? undefined
        : `${told} the current orchestration replay instead scheduled an activity task named '${action.name}' with this ` +
            "sequence number. ";
    }
    case EventType.TimerCreated: {
      const told = `a timer task with sequence number ${id}`;
      if (action === undefined) return `${told} but ${MISSING}`;
      return action.kind === "timer" ? undefined : `${told} named but ${instead} with this sequence number.`;
    }
    case EventType.SubOrchestrationInstanceCreated: {
      const told =
        `a sub-orchestration task with sequence ID ${id} and name '${event.Name}' (version '${event.Version}', ` +
        `instance ID '${event.InstanceId}'), but`;
      if (action === undefined) return `${told} ${MISSING}`;
      if (action.kind !== "subOrchestration") return `${told} ${instead} at this sequence number.`;
      return sameName(action.name, event.Name)
        ? undefined
        : `${told} the current orchestration replay instead scheduled a sub-orchestration task with name ${action.name} ` +
            "at this sequence number.";
    }
    case EventType.EventSent: {
      const task = `a send event task with sequence ID ${id}, type 'EventSent'`;
      const target = `name '${event.Name}', instance ID '${event.InstanceId}', but`;
      if (action === undefined) return `${task} ${target} ${MISSING}`;
      if (action.kind !== "send")
        return (
          `${task}, ${target} the current orchestration replay instead scheduled a ${CLASS[action.kind]} task at this ` +
          "sequence number."
        );
      return sameName(action.name, event.Name)
        ? undefined
        : `${task}, ${target} the current orchestration replay instead scheduled a send event task with name ${action.name} ` +
            "at this sequence number.";
    }
  }
}

const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
