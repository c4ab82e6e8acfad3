import { z } from "zod";
import type { Answers, Reply } from "../doors/operation.ts";
import { idSchema } from "../doors/schemas.ts";
import { REWARD_SOURCES, type RewardSource, rewardSchema } from "./contract.ts";
import type { Given } from "./giving.ts";
import { toldOf, waitingRewardSchema } from "./waiting-contract.ts";

const assignedSchema = rewardSchema.extend({
  success: z.literal(true),
  reward_id: idSchema,
  deduplicated: z.boolean().meta({ description: "The same judgement stood already; nothing was stored." }),
});

/** A latency or cost that is not above its threshold: nothing to judge, so nothing is stored. */
const notRecordedSchema = z.object({
  success: z.literal(true),
  recorded: z.literal(false).meta({ description: "Not above the threshold; nothing was stored." }),
  agent_id: z.string(),
  episode_id: z.string(),
  source: z.enum(REWARD_SOURCES),
});

const waitsSchema = waitingRewardSchema.extend({
  success: z.literal(true),
  waiting: z.literal(true).meta({
    description: "No episode has this name yet: it is given when one is recorded, until `expires_at`.",
  }),
});

/** Beside 200, where nothing changed. */
export const GIVEN_ANSWERS: Answers = { stored: "sometimes", waits: true };

export const givenSchema = z.union([assignedSchema, notRecordedSchema, waitsSchema]);

/** The answer of every door that gives a reward: 201, 200 where nothing changed, 202 where it waits. */
export function replyOf(
  given: Given,
  { agent_id, source }: { readonly agent_id: string; readonly source: RewardSource },
): Reply<z.input<typeof givenSchema>> {
  if (given.kind === "waiting")
    return { status: 202, body: { success: true, waiting: true, ...toldOf(given.waiting) } };
  if (given.kind === "nothing")
    return {
      body: { success: true, recorded: false, agent_id, episode_id: given.episode_id, source },
    };
  const { reward, deduplicated } = given;
  return {
    status: deduplicated ? 200 : 201,
    body: { success: true, reward_id: reward.id, ...reward, deduplicated },
  };
}
