import { z } from "zod";
import { defineOperation, type Orchestrations } from "../doors/operation.ts";
import { type Sweep, sweepSchema } from "../doors/sweep.ts";

export type TakeUp = (orchestrations: Orchestrations) => Promise<Sweep>;

/** The operator's row of the sweep, which a timer does every hour: after a lost task hub nobody need wait for it. */
export function takeUpOperations({ takeUp }: { readonly takeUp: TakeUp }) {
  return [
    defineOperation({
      name: "takeUpRecords",
      summary:
        "Takes every dataset, run, evaluation, deployment and pipeline up again whose orchestration has died, or fails it with the reason; an hourly timer does the same.",
      input: z.strictObject({}),
      output: sweepSchema.extend({ success: z.boolean() }),
      role: "owner",
      effect: "write",
      idempotent: true,
      rest: { method: "POST", path: "/records/take-up" },
      cli: "take-up",
      mcp: ["lightning_take_up_records"],
      example: {},
      async run(_input, { orchestrations }) {
        const sweep = await takeUp(orchestrations);
        return { body: { success: sweep.not_looked_after.length === 0, ...sweep } };
      },
    }),
  ];
}
