import type { Settings } from "../config/settings.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import { hashedId } from "../kernel/ids.ts";
import { bare, type Ledger, type Page } from "../ledger/ledger.ts";
import { createOnce, unlessKind } from "../ledger/races.ts";
import { redact } from "../redaction/redact.ts";
import { withCheckedCorrection } from "./check-correction.ts";
import { type Reward, type RewardInput, rewardInputSchema } from "./contract.ts";
import { latestPerSlot, type RewardSettings, rewardValue, slotOf } from "./rules.ts";
import { createRewardStore } from "./store.ts";

export interface RewardServiceDeps {
  readonly ledger: Ledger;
  readonly settings: RewardSettings & Pick<Settings, "agentId" | "redactSecrets">;
  readonly clock: Clock;
}

export interface AssignedReward {
  readonly reward: Reward;
  /** The same judgement stood already; nothing was stored. */
  readonly deduplicated: boolean;
}

type Unassigned = Omit<RewardInput, "agent_id"> & { agent_id?: string | undefined };

/** What somebody judged, and did not only measure. */
type Judged = Unassigned & {
  readonly source?: Exclude<Reward["source"], "latency_penalty" | "cost_penalty"> | undefined;
};

export type RewardService = ReturnType<typeof createRewardService>;

/** Writes and reads rewards. A reward is never edited: a later one of the same slot supersedes it. */
export function createRewardService({ ledger, settings, clock }: RewardServiceDeps) {
  const store = createRewardStore(ledger);
  const episodes = createEpisodeStore(ledger);

  function check(raw: Unassigned) {
    const parsed = rewardInputSchema.safeParse(
      defined({ ...raw, agent_id: raw.agent_id ?? settings.agentId }),
    );
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const field = issue?.path.join(".") || undefined;
    throw invalid(
      field === "source" ? "unknown_source" : "invalid_reward",
      `${field ?? "The reward"}: ${issue?.message ?? "not valid"}`,
      { field, remedy: "See the input of assignReward in the API description." },
    );
  }

  /**
   * Stores a reward, or finds that the same judgement stands already. A measured latency or cost that is not above its
   * threshold judges nothing: it withdraws the penalty that an earlier measurement left in its slot, or, where none
   * stands, nothing is stored and the answer is undefined. The thresholds are settings, so this is decided here alone.
   * @throws invalid `invalid_reward`, `unknown_source`, `correction_invalid`, not_found `episode_not_found`; nothing is
   *   stored then
   */
  async function assign(raw: Judged): Promise<AssignedReward>;
  async function assign(raw: Unassigned): Promise<AssignedReward | undefined>;
  async function assign(raw: Unassigned): Promise<AssignedReward | undefined> {
    const input = check(raw);
    const value = rewardValue(input, settings);
    const { agent_id, episode_id, source, evaluator, rubric } = input;
    const episode = await episodes.find(agent_id, episode_id);
    if (episode === undefined) throw noSuchRecord("episode", agent_id, episode_id);
    if (value === undefined) {
      const reward = await withdraw({ agentId: agent_id, episodeId: episode_id, source, evaluator, rubric });
      return reward && { reward, deduplicated: false };
    }
    const metadata = await withCheckedCorrection(episode, input.metadata);
    const said = settings.redactSecrets
      ? redact({ comments: input.comments, metadata }).value
      : { comments: input.comments, metadata };
    const slot = slotOf(input);
    const earlier = latestPerSlot(
      (await store.ofEpisode(agent_id, episode_id)).filter((reward) => slotOf(reward) === slot),
    )[0];
    const stands = earlier !== undefined && earlier.withdrawn !== true;
    if (stands && earlier.value === value && earlier.comments === said.comments)
      return { reward: bare(earlier), deduplicated: true };

    const now = clock.now();
    const reward = defined({
      id: hashedId("rew", {
        episode_id,
        source,
        evaluator,
        rubric,
        value,
        comments: said.comments,
        supersedes: earlier?.id,
      }),
      agent_id,
      episode_id,
      source,
      value,
      raw_value: input.raw_value,
      rubric,
      evaluator,
      comments: said.comments,
      supersedes: earlier?.id,
      metadata: said.metadata,
      // Later than what it supersedes, whatever the clock says: the order of a slot is the order of its times.
      created_at: toIso(earlier === undefined ? now : Math.max(now, Date.parse(earlier.created_at) + 1)),
    }) as Reward;
    const { record, existed } = await createOnce(
      () => store.create(reward),
      () => store.find(agent_id, episode_id, reward.id),
    );
    return { reward: existed ? bare(record) : reward, deduplicated: existed };
  }

  /**
   * Takes the standing judgement of one slot back: a reward without weight supersedes it, so that what was said and
   * that it was taken back both stay readable. Undefined when nothing stands there.
   */
  async function withdraw(input: {
    readonly agentId: string;
    readonly episodeId: string;
    readonly source: Reward["source"];
    readonly evaluator?: string | undefined;
    readonly rubric?: string | undefined;
  }): Promise<Reward | undefined> {
    const slot = slotOf(input);
    const own = (await store.ofEpisode(input.agentId, input.episodeId)).filter((one) => slotOf(one) === slot);
    const standing = latestPerSlot(own)[0];
    if (standing === undefined || standing.withdrawn === true) return undefined;
    const { comments: _said, raw_value: _raw, ...slotFields } = bare(standing);
    const reward: Reward = {
      ...slotFields,
      id: hashedId("rew", { episode_id: input.episodeId, withdraws: standing.id }),
      supersedes: standing.id,
      withdrawn: true,
      metadata: {},
      created_at: toIso(Math.max(clock.now(), Date.parse(standing.created_at) + 1)),
    };
    await unlessKind(store.create(reward), "conflict");
    return reward;
  }

  return {
    assign,
    withdraw,

    /** One page, newest first. */
    list(
      filter: {
        agentId?: string | undefined;
        episodeId?: string | undefined;
        source?: string | undefined;
        evaluator?: string | undefined;
      },
      limit: number,
      after?: string,
    ): Promise<Page<Reward>> {
      return store.page({ ...filter, agentId: filter.agentId ?? settings.agentId }, limit, after);
    },
  };
}
