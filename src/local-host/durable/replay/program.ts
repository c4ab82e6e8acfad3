import { entityId, entityParts, operationEvent } from "../entity.ts";
import type { EntityRequest } from "../entity-request.ts";
import { missingFunction, neverAnswered, unknownFunction } from "../history/failures.ts";
import type { Action, HttpRequestAction, OrchestratorState, RetryOptions } from "./actions.ts";
import { ActionType } from "./actions.ts";
import { callHttp } from "./call-http.ts";
import type { ReplayContext } from "./replay-context.ts";
import { done, type Outcome, ReplayTask, run, type Steps, whenAll, whenAny } from "./task.ts";

const DAY_MS = 86_400_000;
/** Azure Storage's longest timer; longer ones are made of several (`maximumShortTimerDuration` in the trigger). */
const LONGEST_TIMER_MS = 6 * DAY_MS;
const LONG_TIMER_STEP_MS = 3 * DAY_MS;
/** RetryOptions.MaxRetryInterval of the extension when the app gives none. */
const LONGEST_RETRY_MS = 6 * DAY_MS;

/** Where the program runs. */
export interface ProgramScope {
  readonly context: ReplayContext;
  readonly instanceId: string;
  readonly executionId: string;
  readonly parentInstanceId: string | null;
  /** Between polls of `callHttp` that name no Retry-After; the SDK has it from the trigger. */
  readonly httpPollMs: number;
  /** Names of the app's entities. */
  readonly entities: () => readonly string[];
  /** Called when an action cannot be carried out: the instance fails. */
  readonly fault: (thrown: unknown) => void;
}

/**
 * What the extension does with the SDK's action list: call the framework for one entry after another and wait for
 * each; how an entry ends is the SDK's business and is ignored here.
 */
export function* program(state: OrchestratorState, scope: ProgramScope): Steps {
  if (state.actions.length !== 1)
    throw new Error(`expected one list of actions but got ${state.actions.length}`);
  for (const action of state.actions[0] ?? []) yield invoke(action, scope);
  return done;
}

function invoke(action: Action, scope: ProgramScope): ReplayTask {
  const { context } = scope;
  const name = action.functionName ?? "";
  const nested = (steps: Steps) => run(steps, scope.fault);
  switch (action.actionType) {
    case ActionType.CallActivity:
      return context.scheduleActivity(name, JSON.stringify([action.input ?? null]));
    case ActionType.CallActivityWithRetry: {
      const input = JSON.stringify([action.input ?? null]);
      return nested(retry(action.retryOptions, scope, () => context.scheduleActivity(name, input)));
    }
    case ActionType.CallSubOrchestrator:
      return subOrchestration(action, scope);
    case ActionType.CallSubOrchestratorWithRetry:
      return nested(retry(action.retryOptions, scope, () => subOrchestration(action, scope)));
    case ActionType.ContinueAsNew:
      context.continueAsNew(action.input == null ? null : JSON.stringify(action.input));
      return ReplayTask.settled();
    case ActionType.CreateTimer:
      return nested(timer(Date.parse(action.fireAt ?? ""), action.isCanceled === true, context));
    case ActionType.WaitForExternalEvent:
      return context.waitForEvent(action.externalEventName ?? "");
    case ActionType.CallHttp:
      return nested(callHttp(action.httpRequest as HttpRequestAction, context, scope.httpPollMs));
    case ActionType.CallEntity:
    case ActionType.SignalEntity:
    case ActionType.ScheduledSignalEntity:
      return operateEntity(action, scope);
    case ActionType.LockEntities:
      return lockEntities(action, scope);
    case ActionType.ReleaseEntities:
      scope.context.releaseLocks();
      return ReplayTask.settled();
    case ActionType.WhenAll:
      return whenAll((action.compoundActions ?? []).map((child) => invoke(child, scope)));
    case ActionType.WhenAny:
      return whenAny((action.compoundActions ?? []).map((child) => invoke(child, scope)));
    default:
      throw new Error(notServed(action.actionType));
  }
}

function notServed(actionType: number): string {
  const name =
    Object.entries(ActionType).find(([, value]) => value === actionType)?.[0] ?? String(actionType);
  return `the local host does not serve the orchestration action ${name}`;
}

function operateEntity(
  action: Action,
  { context, instanceId, executionId, entities }: ProgramScope,
): ReplayTask {
  const signal = action.actionType !== ActionType.CallEntity;
  const due =
    action.actionType === ActionType.ScheduledSignalEntity ? Date.parse(action.fireAt ?? "") : Number.NaN;
  const { name: entity } = entityParts(action.instanceId ?? "");
  // A call of one is answered by the entity's queue, with the error; a signal fails the orchestration at once, as there.
  if (signal && !isKnown(entity, entities)) throw new Error(unknownFunction("entity", entity, entities()));
  const id = context.newGuid(instanceId, executionId);
  const request: EntityRequest = {
    op: action.operation ?? "",
    ...(signal ? { signal } : {}),
    ...(action.input === undefined || action.input === null ? {} : { input: JSON.stringify(action.input) }),
    id,
    parent: instanceId,
    parentExecution: executionId,
  };
  const name = operationEvent(Number.isNaN(due) ? null : due);
  context.sendEvent(action.instanceId ?? "", name, JSON.stringify(request));
  return signal ? ReplayTask.settled() : context.waitForEvent(id);
}

const isKnown = (entity: string, entities: ProgramScope["entities"]): boolean =>
  entities().some((known) => known.toLowerCase() === entity.toLowerCase());

/** One request travels through all entities of the set, which the SDK has sorted. */
function lockEntities(
  action: Action,
  { context, instanceId, executionId, entities }: ProgramScope,
): ReplayTask {
  const { lockSet: lockset = [], lockRequestId: id = "" } = action;
  for (const { name } of lockset)
    if (!isKnown(name, entities)) throw new Error(missingFunction("entity", name).Reason);
  const targets = lockset.map(({ name, key }) => entityId(name, key));
  const request: EntityRequest = { id, parent: instanceId, parentExecution: executionId, lockset };
  context.sendEvent(targets[0] ?? "", "op", JSON.stringify(request));
  context.holdLocks(
    targets,
    JSON.stringify({ id, parent: instanceId, release: true } satisfies EntityRequest),
  );
  return context.waitForEvent(id);
}

function subOrchestration(action: Action, scope: ProgramScope): ReplayTask {
  const id = action.instanceId ?? undefined;
  const same = (other: string | null) => id !== undefined && id.toLowerCase() === other?.toLowerCase();
  if (same(scope.instanceId) || same(scope.parentInstanceId))
    throw new Error(
      neverAnswered(
        "The instance ID of a sub-orchestration must be different than the instance ID of a parent orchestration.",
      ),
    );
  if (id?.startsWith("@"))
    throw new Error(neverAnswered("Orchestration instance ids must not start with @."));
  const input = action.input === undefined ? null : JSON.stringify(action.input);
  return scope.context.createSubOrchestration(
    action.functionName ?? "",
    action.version ?? undefined,
    id,
    scope.executionId,
    input,
  );
}

/** One framework timer up to six days, else steps of three days, as the SDK's LongTimerTask expects. */
function* timer(fireAt: number, canceled: boolean, context: ReplayContext): Steps {
  if (Number.isNaN(fireAt)) throw new Error("a timer's fireAt is not a time");
  if (fireAt - context.now <= LONGEST_TIMER_MS) {
    yield context.createTimer(fireAt, canceled);
    return done;
  }
  let next = context.now + LONG_TIMER_STEP_MS;
  while (context.now < fireAt) {
    yield context.createTimer(next, canceled);
    if (canceled) return done;
    const rest = fireAt - context.now;
    next = rest < LONG_TIMER_STEP_MS ? fireAt : context.now + LONG_TIMER_STEP_MS;
  }
  return done;
}

/**
 * The framework's RetryInterceptor. After the last failure one more timer, due at once, keeps the ids of old
 * histories; the SDK waits for it. A retry time-out and a non-retriable failure end without a timer, so the SDK
 * waits for ever (azure-functions-durable-js#629); the engine reports that.
 */
function* retry(
  options: RetryOptions | undefined,
  scope: ProgramScope,
  attempt: () => ReplayTask,
): Generator<ReplayTask, Outcome, Outcome> {
  if (options === undefined) throw new Error("a call with retry came without retryOptions");
  const { context } = scope;
  const first = context.now;
  let last: Outcome = done;
  for (let count = 0; count < options.maxNumberOfAttempts; count++) {
    last = yield attempt();
    if (last.ok || last.failureDetails?.IsNonRetriable === true) return last;
    const timeout = options.retryTimeoutInMilliseconds;
    if (timeout !== undefined && timeout > 0 && context.now >= first + timeout) return last;
    const delay = Math.min(
      options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** count,
      options.maxRetryIntervalInMilliseconds ?? LONGEST_RETRY_MS,
    );
    const isLast = count === options.maxNumberOfAttempts - 1;
    yield context.createTimer(context.now + (isLast ? 0 : delay), false);
  }
  return last;
}
