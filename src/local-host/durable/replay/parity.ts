import type { SdkTask } from "../port.ts";
import { type Action, ActionType, type OrchestratorState } from "./actions.ts";
import type { OpenTask } from "./replay-context.ts";
import type { Note } from "./traps.ts";

const KIND_OF: Readonly<Record<number, OpenTask["action"]["kind"]>> = {
  [ActionType.CallActivity]: "activity",
  [ActionType.CallActivityWithRetry]: "activity",
  [ActionType.CallSubOrchestrator]: "subOrchestration",
  [ActionType.CallSubOrchestratorWithRetry]: "subOrchestration",
  [ActionType.CreateTimer]: "timer",
};

/**
 * Compares the host's open tasks with the SDK's. Both number tasks by themselves, from the same list of actions; a
 * task under another number means that the orchestrator will get another task's result, here and in Azure.
 */
export function parityNotes(
  id: string,
  name: string,
  state: OrchestratorState,
  open: readonly OpenTask[],
  sdk: ReadonlyMap<number, SdkTask> | undefined,
): Note[] {
  // While callHttp polls, the SDK holds the number of its next request beforehand: a harmless difference.
  if (sdk === undefined || state.actions.some((list) => contains(list, ActionType.CallHttp))) return [];
  const astray = open.find(({ id: task, action }) => {
    const own = sdk.get(task);
    if (own === undefined) return true;
    const kind = own.actionType === undefined ? undefined : KIND_OF[own.actionType];
    return kind !== undefined && (kind !== action.kind || !sameName(own.functionName, action));
  });
  if (astray === undefined) return [];
  const { action } = astray;
  const named = "name" in action ? `${action.kind} '${action.name}'` : action.kind;
  const text =
    `Orchestration '${name}' (${id}): the host runs ${named} as task ${astray.id}, which the SDK counts as another ` +
    "task or as none; results may reach the wrong task, here and in Azure. Usual causes: Task.any over a task that " +
    "was yielded before (durable-functions issue 574; make a new task each time), or Task.all with a retried call " +
    "whose failure is caught.";
  return [{ level: "warn", once: `parity ${id}`, text }];
}

function sameName(functionName: string | undefined, action: OpenTask["action"]): boolean {
  return (
    functionName === undefined ||
    !("name" in action) ||
    action.name.toLowerCase() === functionName.toLowerCase()
  );
}

function contains(actions: readonly Action[], actionType: number): boolean {
  return actions.some(
    (action) => action.actionType === actionType || contains(action.compoundActions ?? [], actionType),
  );
}
