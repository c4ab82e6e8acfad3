import { z } from "zod";
import type { Orchestrations } from "./operation.ts";
import type { Watched } from "./sweep.ts";
import { deathOf, isAmong, type Turns } from "./take-up.ts";

/** Records looked at; a look at one costs a request to the durable engine. */
const MOST_LOOKED_AT = 200;

/** Agents whose waiting work is told. */
const MOST_AGENTS = 20;

/** Records that have not ended, by what became of the orchestration that works on them. */
export const surveySchema = z.object({
  at_work: z.number().int().meta({ description: "Their orchestration is at work, and was never lost." }),
  taken_up: z.number().int().meta({ description: "At work again, after theirs had been lost." }),
  not_begun: z.number().int().meta({ description: "Asked for and begun by nobody yet." }),
  queued: z.record(z.string(), z.number().int()).meta({
    description: `Waiting for other work of their agent to end, by agent: those of the ${MOST_AGENTS} with the most.`,
  }),
  lost: z.record(z.string(), z.number().int()).meta({
    description: "Not yet taken up, by how their orchestration ended: Failed is the engine's doing.",
  }),
  more: z.boolean().meta({ description: `There are more than the ${MOST_LOOKED_AT} that were looked at.` }),
});
export type Survey = z.infer<typeof surveySchema>;

/** Looks, and changes nothing: what the sweep would find. */
export async function surveyRecords(
  kinds: readonly Pick<Watched, "type" | "orchestration" | "underWay">[],
  orchestrations: Pick<Orchestrations, "status">,
  { waiting }: Pick<Turns, "waiting">,
): Promise<Survey> {
  const survey = {
    at_work: 0,
    taken_up: 0,
    not_begun: 0,
    queued: Object.fromEntries(
      [...waiting]
        .map(([agent, works]) => [agent, works.size] as const)
        .toSorted(([, a], [, b]) => b - a)
        .slice(0, MOST_AGENTS),
    ),
    lost: {} as Record<string, number>,
    more: false,
  };
  let looked = 0;
  for (const { type, orchestration, underWay } of kinds)
    for await (const record of underWay()) {
      if (isAmong(waiting, type, record)) continue;
      if (looked++ >= MOST_LOOKED_AT) return { ...survey, more: true };
      const death = deathOf(
        await orchestrations.status(record.claimed_by ?? orchestration.instanceId(record)),
      );
      if (death === undefined) survey[record.taken_up === undefined ? "at_work" : "taken_up"]++;
      else if (record.claimed_by === undefined && death.runtimeStatus === "NotFound") survey.not_begun++;
      else survey.lost[death.runtimeStatus] = (survey.lost[death.runtimeStatus] ?? 0) + 1;
    }
  return survey;
}
