import type { Operation, Reply } from "../doors/operation.ts";
import type { Workloads } from "./workloads.ts";

/**
 * A row whose orchestrations begin in their agent's turn. Its answer says the place of a record that waits; one that
 * would begin more than may wait is refused before anything is stored.
 */
export function inTurn(operation: Operation, workloads: Workloads): Operation {
  const { work, effect, ends } = operation;
  return {
    ...operation,
    async run(input, context) {
      const { agent_id: agentId } = input as { readonly agent_id?: unknown };
      // What is there already has its place, or needs none: only what begins something is refused.
      const roomFor =
        work !== undefined && effect !== "read" && typeof agentId === "string"
          ? (id: string) => workloads.demandRoom(work.type, agentId, id)
          : undefined;
      const orchestrations = workloads.inTurn(context.orchestrations);
      const reply = await operation.run(input, { ...context, orchestrations, roomFor });
      if (ends !== undefined) {
        const { agent_id, [ends.id]: id } = reply.body as Readonly<Record<string, unknown>>;
        // It has ended whether or not the next can be begun now, which the sweep begins.
        if (typeof agent_id === "string" && typeof id === "string")
          await workloads.stepped(context.orchestrations, ends.type, agent_id, id).catch(() => undefined);
      }
      return work === undefined ? reply : withPlace(reply, work, workloads);
    },
  };
}

/** Statuses that an answer has of what nobody has begun: of a training that was just asked for, `running`. */
const MAY_WAIT: readonly unknown[] = ["pending", "running"];

async function withPlace(
  reply: Reply<unknown>,
  { type, id: field }: NonNullable<Operation["work"]>,
  workloads: Workloads,
): Promise<Reply<unknown>> {
  const body = reply.body as Readonly<Record<string, unknown>>;
  const { agent_id: agentId, status, [field]: id } = body;
  if (!MAY_WAIT.includes(status) || typeof agentId !== "string" || typeof id !== "string") return reply;
  const place_in_queue = await workloads.placeOf(type, agentId, id);
  return place_in_queue === undefined
    ? reply
    : { ...reply, body: { ...body, status: "pending", place_in_queue } };
}
