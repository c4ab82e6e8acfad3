import { type Clock, toIso } from "../../../kernel/clock.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/logger.ts";
import { activityFailure, type Failure, lostActivity } from "../history/failures.ts";
import { EventType, type HistoryEvent } from "../history/history.ts";
import type { FunctionInvoker, InvocationResult } from "../port.ts";
import { HTTP_ACTIVITY } from "../replay/call-http.ts";
import { activityTrigger, resultJson } from "../replay/trigger.ts";
import type { Activity } from "../store/store.ts";
import { httpActivity } from "./http-activity.ts";

/** Runs one activity and returns the event its orchestration gets. Never throws. */
export async function runActivity(
  deps: { readonly invoker: FunctionInvoker; readonly clock: Clock; readonly logger: Logger },
  activity: Activity,
): Promise<HistoryEvent> {
  const base = () => ({ EventId: -1, Timestamp: toIso(deps.clock.now()), TaskScheduledId: activity.taskId });
  const failed = (failure: Failure): HistoryEvent => ({
    EventType: EventType.TaskFailed,
    ...base(),
    ...failure,
  });
  const completed = (Result: string | null): HistoryEvent => ({
    EventType: EventType.TaskCompleted,
    ...base(),
    Result,
  });
  const told = (error: string) =>
    deps.logger.warn("an activity failed", {
      activity: activity.name,
      instance: activity.instanceId,
      task: activity.taskId,
      error: error.slice(0, 500),
    });
  if (activity.name === HTTP_ACTIVITY) {
    const outcome = await httpActivity(activity.input);
    if (outcome.ok) return completed(outcome.json);
    told(outcome.failure.Reason);
    return failed(outcome.failure);
  }
  const found = deps.invoker.find(activity.name, "activityTrigger");
  if (found === undefined) return failed(lostActivity(activity.name, deps.invoker.names("activityTrigger")));
  let result: InvocationResult;
  try {
    result = await call(deps.invoker, found, activity);
  } catch (error) {
    result = { ok: false, error: error instanceof Error ? error : new Error(messageOf(error)) };
  }
  if (result.ok) return completed(resultJson(result.returnValue));
  told(result.error.message);
  return failed(activityFailure(activity.name, result.error));
}

function call(
  invoker: FunctionInvoker,
  found: { readonly name: string; readonly triggerBinding: string },
  activity: Activity,
): Promise<InvocationResult> {
  const data = activityTrigger(activity.input);
  return invoker.invoke(found.name, data, {
    instanceId: { string: activity.instanceId },
    data,
    [found.triggerBinding]: data,
  });
}
