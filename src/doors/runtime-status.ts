/** Runtime statuses of Durable Functions in which an orchestration still moves by itself. */
const MOVING: readonly string[] = ["Running", "Pending", "ContinuedAsNew", "Suspended"];

/** Whether an orchestration is still alive: not completed, failed, terminated or cancelled. */
export const isMoving = ({ runtimeStatus }: { readonly runtimeStatus: string }): boolean =>
  MOVING.includes(runtimeStatus);
