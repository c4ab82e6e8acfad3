import type { Settings } from "../config/settings.ts";
import type { KeyedRequest } from "../doors/keyed-request.ts";
import { noSuchRecord } from "../doors/no-such-record.ts";
import { NAMELESS_WRITERS } from "../doors/writer.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import { type Clock, toIso } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import { invalid } from "../kernel/errors.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import { hashedId } from "../kernel/ids.ts";
import { canonicalName } from "../kernel/names.ts";
import { bare, type Ledger, type Page, type Stored } from "../ledger/ledger.ts";
import { createOnce, unlessKind } from "../ledger/races.ts";
import { redact } from "../redaction/redact.ts";
import { withCheckedCorrection } from "./check-correction.ts";
import { type Reward, type RewardInput, rewardInputSchema, type SlotReward } from "./contract.ts";
import { type RewardSettings, rewardValue } from "./rules.ts";
import { earlierOf, latestPerSlot } from "./slots.ts";
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

/** The same judgement is the same in all that was said: another severity in the metadata makes another judgement. */
const saysTheSame = (
  a: Reward,
  b: { value: number; raw_value?: number | undefined; comments?: string | undefined; metadata: object },
): boolean =>
  a.value === b.value &&
  a.raw_value === b.raw_value &&
  a.comments === b.comments &&
  canonicalJson(a.metadata) === canonicalJson(b.metadata);

type Noting = Pick<KeyedRequest, "noted" | "note">;

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
   * @param writer whose slot it goes into: the signed-in person, else `local` or `key`
   * @param request under an idempotency key: a later try finds the reward of the first, superseded or not
   * @throws invalid `invalid_reward`, `unknown_source`, `correction_invalid`, not_found `episode_not_found`; nothing is
   *   stored then
   */
  async function assign(raw: Judged, writer?: string, request?: Noting): Promise<AssignedReward>;
  async function assign(
    raw: Unassigned,
    writer?: string,
    request?: Noting,
  ): Promise<AssignedReward | undefined>;
  async function assign(
    raw: Unassigned,
    writer: string = NAMELESS_WRITERS.local,
    request?: Noting,
  ): Promise<AssignedReward | undefined> {
    const input = check(raw);
    const known = await assignedBefore(input, request);
    if (known !== undefined) return known;
    const value = rewardValue(input, settings);
    const { agent_id, episode_id, source } = input;
    const evaluator = canonicalName(input.evaluator);
    const rubric = canonicalName(input.rubric);
    const slot = { writer, source, evaluator, rubric };
    const episode = await episodes.find(agent_id, episode_id);
    if (episode === undefined) throw noSuchRecord("episode", agent_id, episode_id);
    const [earlier, ...others] = earlierOf(await store.slotsOfEpisode(agent_id, episode_id), slot);
    if (value === undefined) {
      const reward = await withdrawn(earlier, request);
      return reward && { reward, deduplicated: false };
    }
    const free = {
      comments: input.comments,
      metadata: await withCheckedCorrection(episode, input.metadata),
    };
    const said = settings.redactSecrets ? redact(free).value : free;
    const given = { value, raw_value: input.raw_value, ...said };
    const stands = earlier !== undefined && earlier.withdrawn !== true && others.length === 0;
    const same =
      stands && earlier.value === value ? await store.find(agent_id, episode_id, earlier.id) : undefined;
    if (same !== undefined && saysTheSame(same, given)) {
      await request?.note({ reward_id: same.id, deduplicated: true });
      return { reward: bare(same), deduplicated: true };
    }

    const now = clock.now();
    const reward = defined({
      id: hashedId("rew", { episode_id, ...slot, ...given, supersedes: earlier?.id }),
      agent_id,
      episode_id,
      source,
      value,
      raw_value: input.raw_value,
      rubric,
      evaluator,
      writer,
      comments: said.comments,
      supersedes: earlier?.id,
      metadata: said.metadata,
      // Later than what it supersedes, whatever the clock says: the order of a slot is the order of its times.
      created_at: toIso(earlier === undefined ? now : Math.max(now, Date.parse(earlier.created_at) + 1)),
    }) as Reward;
    await request?.note({ reward_id: reward.id, deduplicated: false });
    const { record, existed } = await createOnce(
      () => store.create(reward),
      () => store.find(agent_id, episode_id, reward.id),
    );
    return { reward: existed ? bare(record) : reward, deduplicated: existed };
  }

  /** What an earlier try of the request noted before it stored it, if it came so far. */
  async function assignedBefore(
    { agent_id, episode_id }: { readonly agent_id: string; readonly episode_id: string },
    request: Noting | undefined,
  ): Promise<AssignedReward | undefined> {
    const { reward_id, deduplicated } = request?.noted ?? {};
    if (typeof reward_id !== "string") return undefined;
    const found = await store.find(agent_id, episode_id, reward_id);
    return found && { reward: bare(found), deduplicated: deduplicated === true };
  }

  /** A reward without weight in the place of one that stands; undefined when it does not. */
  async function withdrawn(
    standing: Stored<SlotReward> | undefined,
    request?: Noting,
  ): Promise<Reward | undefined> {
    if (standing === undefined || standing.withdrawn === true) return undefined;
    const reward: Reward = {
      ...bare(standing),
      id: hashedId("rew", { episode_id: standing.episode_id, withdraws: standing.id }),
      supersedes: standing.id,
      withdrawn: true,
      metadata: {},
      created_at: toIso(Math.max(clock.now(), Date.parse(standing.created_at) + 1)),
    };
    await request?.note({ reward_id: reward.id, deduplicated: false });
    await unlessKind(store.create(reward), "conflict");
    return reward;
  }

  /**
   * Takes one judgement back, if it still stands: a reward without weight supersedes it, so that what was said and that
   * it was taken back both stay readable. Undefined when it is gone, withdrawn or superseded: then nothing changes.
   */
  async function withdraw(agentId: string, episodeId: string, rewardId: string): Promise<Reward | undefined> {
    const latest = latestPerSlot(await store.slotsOfEpisode(agentId, episodeId));
    return withdrawn(latest.find(({ id }) => id === rewardId));
  }

  /** Whether what stands last in a reward's slot is that it was taken back. */
  async function isTakenBack(reward: Reward): Promise<boolean> {
    const { agent_id, episode_id, writer } = reward;
    if (writer === undefined) return false;
    const [last] = earlierOf(await store.slotsOfEpisode(agent_id, episode_id), { ...reward, writer });
    return last?.withdrawn === true;
  }

  return {
    assign,
    withdraw,
    isTakenBack,

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
