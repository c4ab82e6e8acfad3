import { type Clock, toIso } from "../../../kernel/clock.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/logger.ts";
import { activityFailure, type Failure, missingFunction } from "../history/failures.ts";
import { EventType, type HistoryEvent } from "../history/history.ts";
import type { FunctionInvoker, InvocationResult } from "../port.ts";
import { HTTP_ACTIVITY } from "../replay/program.ts";
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
  const found =
    activity.name === HTTP_ACTIVITY ? undefined : deps.invoker.find(activity.name, "activityTrigger");
  if (found === undefined && activity.name !== HTTP_ACTIVITY)
    return failed(missingFunction("activity", activity.name));
  let result: InvocationResult;
  try {
    result =
      found === undefined ? await httpActivity(activity.input) : await call(deps.invoker, found, activity);
  } catch (error) {
    result = { ok: false, error: error instanceof Error ? error : new Error(messageOf(error)) };
  }
  if (result.ok)
    return { EventType: EventType.TaskCompleted, ...base(), Result: resultJson(result.returnValue) };
  deps.logger.warn("an activity failed", {
    activity: activity.name,
    instance: activity.instanceId,
    task: activity.taskId,
    error: result.error.message.slice(0, 500),
  });
  return failed(activityFailure(activity.name, result.error.message));
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
