import { z } from "zod";
import { agentIdSchema, idSchema, storedTimeSchema } from "../doors/schemas.ts";
import type { EpisodeName } from "../episodes/names.ts";
import type { LedgerDocument } from "../ledger/ledger.ts";
import type { CheckedJudgement } from "./contract.ts";

/**
 * `given`: its episode came, and it was assigned; `expired`: its episode did not come in time; `refused`: its episode came
 * and the judgement does not fit it, or was replaced by its author meanwhile.
 */
export const WAITING_STATES = ["waiting", "given", "expired", "refused"] as const;
export type WaitingState = (typeof WAITING_STATES)[number];

/** How long it is told what became of one, in seconds. */
export const TOLD_SECONDS = 30 * 86_400;

/** The names that an episode may have, as they are answered. */
const namedShape = {
  episode_id: z.string().optional().meta({ description: "The episode's own id, where it is known." }),
  response_id: z.string().optional(),
  correlation_id: z.string().optional(),
  span_id: z.string().optional(),
  trace_id: z.string().optional(),
};

/** A reward that came before its episode, as it is answered: without what it says. */
export const waitingRewardSchema = z.object({
  waiting_id: idSchema,
  agent_id: agentIdSchema,
  state: z.enum(WAITING_STATES).meta({
    description:
      "`waiting`; `given` when its episode had come; `expired` when none came in time; `refused` when it did not fit the episode that came.",
  }),
  named: z.object(namedShape).meta({ description: "The name of the episode that it waits for." }),
  source: z.string(),
  reason: z.string().optional().meta({ description: "Why it was not given." }),
  episode_id: z.string().optional().meta({ description: "The episode that came." }),
  reward_id: z.string().optional().meta({ description: "The reward that it became." }),
  created_at: storedTimeSchema,
  expires_at: storedTimeSchema,
  settled_at: storedTimeSchema.optional(),
});

/** A judgement that waits for its episode; once it is settled, only what became of it. */
export interface WaitingReward extends LedgerDocument {
  readonly agent_id: string;
  readonly state: WaitingState;
  /** `nameKey` of `named`. */
  readonly awaits: string;
  readonly named: EpisodeName;
  /** Redacted; absent once settled. */
  readonly judgement?: CheckedJudgement | undefined;
  readonly must_correct?: true | undefined;
  readonly source: string;
  readonly writer: string;
  /** Of the judgement as JSON. */
  readonly bytes: number;
  /** What a try to assign it left for the next one. */
  readonly noted: Readonly<Record<string, unknown>>;
  readonly reason?: string | undefined;
  readonly episode_id?: string | undefined;
  readonly reward_id?: string | undefined;
  readonly created_at: string;
  readonly expires_at: string;
  readonly settled_at?: string | undefined;
  readonly ttl: number;
}

export const toldOf = (one: WaitingReward): z.input<typeof waitingRewardSchema> => ({
  waiting_id: one.id,
  agent_id: one.agent_id,
  state: one.state,
  named: one.named,
  source: one.source,
  ...(one.reason === undefined ? {} : { reason: one.reason }),
  ...(one.episode_id === undefined ? {} : { episode_id: one.episode_id }),
  ...(one.reward_id === undefined ? {} : { reward_id: one.reward_id }),
  created_at: one.created_at,
  expires_at: one.expires_at,
  ...(one.settled_at === undefined ? {} : { settled_at: one.settled_at }),
});
