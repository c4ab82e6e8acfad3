import { findNamed } from "../episodes/names.ts";
import type { EpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { without } from "../kernel/defined.ts";
import { isKind, isLightningError } from "../kernel/errors.ts";
import type { Logger } from "../kernel/logger.ts";
import { bare, type Stored } from "../ledger/ledger.ts";
import { isLostRace, retryRaces } from "../ledger/races.ts";
import type { CheckedJudgement } from "./contract.ts";
import type { Noting, RewardService } from "./service.ts";
import { TOLD_SECONDS, type WaitingReward, type WaitingState } from "./waiting-contract.ts";
import type { WaitingStore } from "./waiting-store.ts";

interface SettlerDeps {
  readonly store: WaitingStore;
  readonly episodes: Pick<EpisodeStore, "find" | "ids">;
  readonly rewards: Pick<RewardService, "assign">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Gives waiting rewards, each once, whoever tries and wherever a try dies. */
export function createSettler({ store, episodes, rewards, clock, logger }: SettlerDeps) {
  /** One try: each of its writes is over the state that the one before left. */
  class Attempt {
    #stored: Stored<WaitingReward>;
    constructor(seen: Stored<WaitingReward>) {
      this.#stored = seen;
    }

    /** Undefined: the episode was deleted between the look and the reward. */
    async assign(judgement: CheckedJudgement, found: string): Promise<WaitingReward | undefined> {
      const { writer, created_at, must_correct, noted } = this.#stored;
      // A try that died after the reward has left its id, and which episode it was for.
      const episode_id = typeof noted.episode_id === "string" ? noted.episode_id : found;
      const request: Noting = {
        noted,
        note: async (facts) => {
          const next = { ...this.#document(), noted: { ...noted, ...facts, episode_id } };
          this.#stored = await store.write(this.#stored, next);
        },
      };
      const before = { saidAt: created_at, mustCorrect: must_correct };
      try {
        const assigned = await rewards.assign({ ...judgement, episode_id }, writer, request, before);
        return await this.end(
          "given",
          assigned === undefined
            ? { episode_id, reason: "It is not above its threshold; nothing was stored." }
            : { episode_id, reward_id: assigned.reward.id },
        );
      } catch (thrown) {
        if (isKind(thrown, "not_found")) return undefined;
        throw thrown;
      }
    }

    async end(
      state: Exclude<WaitingState, "waiting">,
      facts: Pick<WaitingReward, "reason" | "episode_id" | "reward_id">,
    ): Promise<WaitingReward> {
      const settled_at = toIso(clock.now());
      const next = {
        ...without(this.#document(), "judgement"),
        ...facts,
        state,
        settled_at,
        ttl: TOLD_SECONDS,
      };
      await store.write(this.#stored, next);
      if (state !== "given")
        logger.warn("a waiting reward was not given", { state, awaits: next.awaits, reason: facts.reason });
      return next;
    }

    #document(): WaitingReward {
      return bare(this.#stored);
    }
  }

  async function settled(seen: Stored<WaitingReward>, judgement: CheckedJudgement): Promise<WaitingReward> {
    const attempt = new Attempt(seen);
    try {
      const found = await findNamed(episodes, seen.agent_id, seen.named);
      const given = found === undefined ? undefined : await attempt.assign(judgement, found);
      if (given !== undefined) return given;
    } catch (thrown) {
      if (!isLightningError(thrown) || isLostRace(thrown)) throw thrown;
      // The ledger's own trouble says nothing about the reward.
      if (thrown.kind === "unavailable" || thrown.kind === "precondition") throw thrown;
      return attempt.end("refused", { reason: `${thrown.code}: ${thrown.message}`.slice(0, 1000) });
    }
    if (toIso(clock.now()) < seen.expires_at) return bare(seen);
    return attempt.end("expired", { reason: `No episode with ${seen.awaits} came by ${seen.expires_at}.` });
  }

  /** Gives a waiting reward if its episode is there, or ends it when its time is over. Undefined: there is none. */
  return (agentId: string, id: string): Promise<WaitingReward | undefined> =>
    retryRaces(async () => {
      const seen = await store.read(agentId, id);
      if (seen === undefined) return undefined;
      const { state, judgement } = seen;
      return state === "waiting" && judgement !== undefined ? settled(seen, judgement) : bare(seen);
    });
}
