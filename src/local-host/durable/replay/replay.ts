import { messageOf } from "../../../kernel/errors.ts";
import { EventType, type FailureDetails, type HistoryEvent, Status } from "../history/history.ts";
import type { SdkTask } from "../port.ts";
import { type Action, ActionType, type OrchestratorState } from "./actions.ts";
import type { Decision } from "./decision.ts";
import { NonDeterminism } from "./non-determinism.ts";
import { program } from "./program.ts";
import { type OpenTask, ReplayContext } from "./replay-context.ts";
import { run } from "./task.ts";

/** What an orchestrator function's call came to. */
export type Answer =
  | {
      readonly kind: "state";
      readonly state: OrchestratorState;
      readonly stack: string;
      /** What the function threw instead of returning: an error with the state in its text. */
      readonly threw: string | undefined;
      readonly openTasks?: ReadonlyMap<number, SdkTask> | undefined;
      /** JSON text of a custom status that the SDK left out of the state. */
      readonly droppedStatus?: string | undefined;
    }
  /** The function failed without telling its state: it could not be loaded or broke the SDK itself. */
  | { readonly kind: "broken"; readonly message: string; readonly stack: string }
  /** Its worker process ended in the call. */
  | { readonly kind: "worker exited"; readonly message: string }
  /** The function was not called: the host may not run this instance. */
  | { readonly kind: "refused"; readonly failure: FailureDetails };

export interface ReplayInput {
  readonly name: string;
  readonly instanceId: string;
  readonly executionId: string;
  readonly parentInstanceId: string | null;
  /** Actions one execution may take over all. */
  readonly maxActions: number;
  readonly httpPollMs: number;
  /** Names of the app's entities. */
  readonly entities: () => readonly string[];
  /** Everything, the batch's new events last. */
  readonly history: Iterable<HistoryEvent>;
  readonly answer: Answer;
}

export interface ReplayResult {
  /** New decisions in id order. */
  readonly decisions: readonly Decision[];
  readonly open: readonly OpenTask[];
  readonly waitingFor: readonly string[];
  readonly suspended: boolean;
  /** Raised after continue-as-new was asked for. */
  readonly carryOver: ReplayContext["carryOver"];
  readonly unheard: ReplayContext["unheard"];
  readonly misspelt: ReplayContext["misspelt"];
  /** True when the orchestrator function returned, though open tasks may keep the instance running. */
  readonly returned: boolean;
}

/**
 * Turns history and the SDK's action list into decisions the way the framework's TaskOrchestrationExecutor does:
 * the list is run from the start against the whole history; what history does not show is new.
 */
export function replay(input: ReplayInput): ReplayResult {
  const context = new ReplayContext(input.maxActions);
  const failed = (message: string, details: string, failureDetails: FailureDetails | null = null) => {
    const reason = `Orchestrator function '${input.name}' failed: ${message}`;
    return () => context.complete(Status.Failed, reason, details, failureDetails);
  };
  /** Set once the orchestrator function is over; applied when no task is open. */
  let finish: (() => void) | undefined;
  /** The list could not be run at all, so that it cannot match history either; the reason is what to show. */
  let fatal: (() => void) | undefined;
  let finished = false;

  const fault = (thrown: unknown) => {
    fatal ??= failed(messageOf(thrown), String(thrown));
    finish = fatal;
  };
  const start = () => {
    const { answer } = input;
    if (answer.kind === "refused") {
      const { ErrorMessage: message } = answer.failure;
      finish = fatal = () => context.complete(Status.Failed, message, message, answer.failure);
      return;
    }
    if (answer.kind === "broken") {
      finish = fatal = failed(answer.message, answer.stack);
      return;
    }
    if (answer.kind === "worker exited") {
      // Nothing is scheduled: where history shows that something was, the framework's words for changed code win.
      const { message } = answer;
      finish = failed(`One or more errors occurred. (${message})`, message);
      return;
    }
    const { state, stack } = answer;
    const tooLarge = customStatusFault(state.customStatus);
    if (tooLarge !== undefined) {
      finish = fatal = failed(tooLarge, tooLarge);
      return;
    }
    const unreadable = unreadableTime(state.actions);
    if (unreadable !== undefined) {
      finish = fatal = failed(unreadable, unreadable);
      return;
    }
    const task = run(program(state, { ...input, context, fault }), fault);
    task.whenSettled(() => {
      if (state.error && !(state.isDone && answer.threw !== undefined)) {
        const details = `Message: ${state.error}, StackTrace: ${stack}`;
        finish = failed(state.error, details, state.failureDetails ?? null);
      } else if (answer.threw !== undefined) {
        // The state does not say that the orchestrator failed, so the worker's error itself is what is left to report.
        finish = failed(answer.threw, answer.threw);
      } else if (state.isDone) {
        const output = state.output === undefined ? null : JSON.stringify(state.output);
        finish = () => context.complete(Status.Completed, output);
      }
    });
  };

  try {
    for (const event of input.history) {
      if (event.EventType === EventType.OrchestratorStarted) context.now = Date.parse(event.Timestamp);
      else if (event.EventType === EventType.ExecutionStarted) start();
      else context.process(event);
    }
    if (finish !== undefined && context.open.size === 0) {
      finished = true;
      // Locks an orchestration did not give back end with it.
      context.releaseLocks();
      finish();
    }
  } catch (thrown) {
    if (!(thrown instanceof NonDeterminism)) throw thrown;
    if (fatal !== undefined) fatal();
    else context.complete(Status.Failed, thrown.message, thrown.message);
    finished = true;
  }
  return {
    decisions: [...context.actions.values()],
    open: [...context.open.values()],
    waitingFor: context.waitingFor,
    suspended: context.suspended,
    carryOver: context.carryOver,
    unheard: context.unheard,
    misspelt: context.misspelt,
    returned: finished || finish !== undefined,
  };
}

/** The extension refuses a custom status of more than 16 KB of UTF-16 text. */
const CUSTOM_STATUS_LIMIT_BYTES = 16 * 1024;

export function customStatusFault(customStatus: unknown): string | undefined {
  if (customStatus === undefined || customStatus === null) return undefined;
  const bytes = JSON.stringify(customStatus).length * 2;
  if (bytes <= CUSTOM_STATUS_LIMIT_BYTES) return undefined;
  return (
    "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. " +
    `The current payload size is ${Math.floor(bytes / 1024)} KB.`
  );
}

/** Newtonsoft.Json's words for a timer whose time is no time (an invalid Date, which JSON makes null of). */
function unreadableTime(lists: OrchestratorState["actions"]): string | undefined {
  const seek = (actions: readonly Action[], path: string): string | undefined => {
    for (const [at, { actionType, fireAt, compoundActions }] of actions.entries()) {
      const here = `${path}[${at}]`;
      if (actionType === ActionType.CreateTimer && fireAt == null)
        return `Error converting value {null} to type 'System.DateTime'. Path '${here}.fireAt'.`;
      const inner = compoundActions && seek(compoundActions, `${here}.compoundActions`);
      if (inner !== undefined) return inner;
    }
    return undefined;
  };
  return lists.map((actions, at) => seek(actions, `actions[${at}]`)).find((found) => found !== undefined);
}
