import { silentLogger } from "../kernel/logger.ts";
import { createInvoker } from "./core-api/invoker.ts";
import type { LoadedApp } from "./core-api/load-app.ts";
import {
  EventType,
  type ExecutionStarted,
  type HistoryEvent,
  statusName,
  store,
} from "./durable/history/history.ts";
import { durableSettings } from "./durable/options.ts";
import type { FunctionInvoker } from "./durable/port.ts";
import { replay } from "./durable/replay/replay.ts";
import { orchestratorTrigger, readAnswer } from "./durable/replay/trigger.ts";
import { Tracker } from "./tracker.ts";

/** What today's orchestrator makes of a history recorded earlier. */
export interface Replayed {
  /** `Running` when it waits for something the history does not hold. */
  readonly status: string;
  /** JSON text of the result, plain text of a failure. */
  readonly output: string | null;
  /** What it would do that the history does not show, in words. */
  readonly pending: readonly string[];
}

/**
 * Replays a finished execution's history against the app's orchestrator of the same name, without running anything:
 * an orchestrator that no longer fits comes out as `Failed` with the framework's words on non-determinism.
 * @param app the loaded app (`host.app`, `loadApp`), or what calls its functions
 * @throws Error when the history has no beginning, or the app no orchestrator of its name
 */
export async function replayHistory(
  app: LoadedApp | FunctionInvoker,
  recorded: readonly HistoryEvent[],
): Promise<Replayed> {
  const invoker = "core" in app ? invokerOf(app) : app;
  const history = recorded.filter(({ EventType: type }) => type !== EventType.ExecutionCompleted);
  const begin = history.find(
    (event): event is ExecutionStarted => event.EventType === EventType.ExecutionStarted,
  );
  if (begin === undefined) throw new Error("The history has no ExecutionStarted event.");
  const found = invoker.find(begin.Name, "orchestrationTrigger");
  if (found === undefined) throw new Error(`There is no orchestrator '${begin.Name}'.`);
  const { InstanceId: instanceId, ExecutionId: executionId } = begin.OrchestrationInstance;
  const parentInstanceId = begin.ParentInstance?.OrchestrationInstance.InstanceId ?? null;
  const settings = durableSettings();
  const last = history.findLastIndex(({ EventType: type }) => type === EventType.OrchestratorStarted);
  const { maxActions, httpPollMs } = settings;
  const trigger = orchestratorTrigger({
    past: history.slice(0, last).map(store),
    fresh: history.slice(last).map(store),
    input: begin.Input,
    instanceId,
    parentInstanceId,
    isReplaying: last > 0,
    schema: settings.schema,
    httpPollMs,
  });
  const answer = readAnswer(await invoker.invoke(found.name, trigger));
  const { decisions } = replay({
    name: begin.Name,
    instanceId,
    executionId,
    parentInstanceId,
    maxActions,
    httpPollMs,
    entities: () => invoker.names("entityTrigger"),
    history,
    answer,
  });
  const end = decisions.find((decision) => decision.kind === "complete");
  return {
    status: end === undefined ? "Running" : statusName(end.status),
    output: end?.result ?? null,
    pending: decisions
      .filter((decision) => decision.kind !== "complete")
      .map((decision) => `${decision.kind}${"name" in decision ? ` '${decision.name}'` : ""}`),
  };
}

/** Calls an app's functions outside any host. */
export function invokerOf({ core }: LoadedApp, logger = silentLogger): FunctionInvoker {
  return createInvoker({ core, logger, tracker: new Tracker(), clientBinding: () => undefined });
}
