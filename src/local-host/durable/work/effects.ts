import { toIso } from "../../../kernel/clock.ts";
import { dueOf } from "../entity.ts";
import { missingFunction } from "../history/failures.ts";
import {
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
  type ParentInstance,
  Status,
  store,
} from "../history/history.ts";
import type { DurableSettings } from "../options.ts";
import type { FunctionInvoker } from "../port.ts";
import { HTTP_ACTIVITY } from "../replay/call-http.ts";
import type { Decision } from "../replay/decision.ts";
import { executionIdOf, type NewInstance, startMessage } from "../store/new-instance.ts";
import type { Activity, Instance, Message } from "../store/store.ts";

/** What decisions set going, gathered over a work item. */
export interface Effects {
  activities: Omit<Activity, "id">[];
  messages: Omit<Message, "id">[];
  starts: { readonly instance: NewInstance; readonly started: Omit<Message, "id"> }[];
}

interface Scope {
  readonly deps: {
    readonly invoker: FunctionInvoker;
    readonly settings: DurableSettings;
    readonly newId: () => string;
  };
  readonly instance: Instance;
  readonly executionId: string;
  readonly begin: ExecutionStarted;
  readonly timestamp: string;
  readonly effects: Effects;
}

/** Adds a decision's effects and returns the event that history keeps of it. */
export function carryOut(decision: Exclude<Decision, { kind: "continueAsNew" }>, scope: Scope): HistoryEvent {
  const { deps, instance, executionId, begin, timestamp, effects } = scope;
  const base = { EventId: decision.id, Timestamp: timestamp };
  const toSelf = (event: HistoryEvent, due: number | null = null) =>
    effects.messages.push({ instanceId: instance.id, executionId, due, event: store(event) });
  switch (decision.kind) {
    case "activity": {
      const { id: taskId, name, input } = decision;
      if (name === HTTP_ACTIVITY || deps.invoker.find(name, "activityTrigger") !== undefined)
        effects.activities.push({ instanceId: instance.id, executionId, taskId, name, input });
      else {
        const failed = { EventId: -1, Timestamp: timestamp, TaskScheduledId: taskId };
        toSelf({ EventType: EventType.TaskFailed, ...failed, ...missingFunction("activity", name) });
      }
      return { ...base, EventType: EventType.TaskScheduled, Name: decision.name, Version: "", Input: null };
    }
    case "timer": {
      const FireAt = toIso(decision.fireAt);
      const fired = { EventId: -1, Timestamp: FireAt, TimerId: decision.id, FireAt };
      toSelf({ EventType: EventType.TimerFired, ...fired }, decision.fireAt);
      return { ...base, EventType: EventType.TimerCreated, FireAt };
    }
    case "subOrchestration": {
      const { name, instanceId: id, input } = decision;
      const version = decision.version ?? deps.settings.defaultVersion;
      const parent: ParentInstance = {
        Name: begin.Name,
        OrchestrationInstance: { InstanceId: instance.id, ExecutionId: executionId },
        TaskScheduleId: decision.id,
        Version: begin.Version ?? "",
      };
      if (deps.invoker.find(name, "orchestrationTrigger") === undefined) {
        const failure = missingFunction("orchestrator", name);
        const failed = { EventId: -1, Timestamp: timestamp, TaskScheduledId: decision.id, ...failure };
        toSelf({ EventType: EventType.SubOrchestrationInstanceFailed, ...failed });
      } else {
        const createdAt = Date.parse(timestamp);
        const child = { id, executionId: executionIdOf(deps.newId()), name, version, input, createdAt };
        effects.starts.push({ instance: child, started: startMessage(child, parent, timestamp) });
      }
      const created = { Name: name, Version: version, InstanceId: id, Input: null };
      return { ...base, EventType: EventType.SubOrchestrationInstanceCreated, ...created };
    }
    case "send": {
      const raised = { EventId: -1, Timestamp: timestamp, Name: decision.name, Input: decision.input };
      effects.messages.push({
        instanceId: decision.instanceId,
        executionId: null,
        due: dueOf(decision.name),
        event: store({ EventType: EventType.EventRaised, ...raised }),
      });
      const sent = { InstanceId: decision.instanceId, Name: decision.name, Input: decision.input };
      return { ...base, EventType: EventType.EventSent, ...sent };
    }
    case "complete":
      break;
  }
  if (begin.ParentInstance !== null)
    effects.messages.push(toParent(begin.ParentInstance, decision, timestamp));
  return {
    ...base,
    EventType: EventType.ExecutionCompleted,
    OrchestrationStatus: decision.status,
    Result: decision.result,
    FailureDetails: decision.failureDetails,
  };
}

function toParent(
  parent: ParentInstance,
  end: Extract<Decision, { kind: "complete" }>,
  timestamp: string,
): Omit<Message, "id"> {
  const base = { EventId: -1, Timestamp: timestamp, TaskScheduledId: parent.TaskScheduleId };
  const event: HistoryEvent =
    end.status === Status.Completed
      ? { EventType: EventType.SubOrchestrationInstanceCompleted, ...base, Result: end.result }
      : {
          EventType: EventType.SubOrchestrationInstanceFailed,
          ...base,
          Reason: end.result ?? "",
          Details: end.details ?? "",
          FailureDetails: end.failureDetails,
        };
  const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
  return { instanceId: InstanceId, executionId: ExecutionId, due: null, event: store(event) };
}
