import type { SdkTask } from "../durable/port.ts";

/** What durable-functions 3.5.0 hangs on the invocation context of an orchestrator. */
interface OrchestratorContext {
  readonly df?: {
    readonly customStatus?: unknown;
    readonly taskOrchestratorExecutor?: {
      readonly openTasks?: Readonly<Record<string, { readonly actionObj?: Record<string, unknown> }>>;
    };
  };
}

/**
 * The tasks that the SDK believes are open at the end of a work item, by the number it gave them. The host derives its
 * own numbers from the action list, as in Azure; where the two differ, results reach the wrong task there.
 */
export function openTasksOf(context: unknown): ReadonlyMap<number, SdkTask> | undefined {
  const open = (context as OrchestratorContext | undefined)?.df?.taskOrchestratorExecutor?.openTasks;
  if (open === undefined) return undefined;
  const tasks = new Map<number, SdkTask>();
  for (const [id, { actionObj = {} }] of Object.entries(open)) {
    // Calls of entities are filed under the ids of their requests.
    if (!/^\d+$/.test(id)) continue;
    const { actionType, functionName } = actionObj;
    tasks.set(Number(id), {
      actionType: typeof actionType === "number" ? actionType : undefined,
      functionName: typeof functionName === "string" ? functionName : undefined,
    });
  }
  return tasks;
}

/** JSON text of a custom status that the SDK keeps to itself because it counts as false; `null` is meant to clear. */
export function droppedStatusOf(context: unknown): string | undefined {
  const status = (context as OrchestratorContext | undefined)?.df?.customStatus;
  return status === undefined || status === null || status ? undefined : JSON.stringify(status);
}
