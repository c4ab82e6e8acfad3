import type { Example } from "../datasets/contract.ts";
import { toExample } from "../datasets/line/example.ts";
import { checkExample } from "../datasets/validate/line.ts";
import type { Episode, Message } from "../episodes/contract.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import type { Correction, CorrectionFormat, ReviewItem } from "./contract.ts";
import type { ReviewStore } from "./store.ts";

/** One line of a preference file, as Azure OpenAI and OpenAI take it for DPO. */
export interface PreferencePair {
  readonly input: Example;
  readonly preferred_output: readonly Message[];
  readonly non_preferred_output: readonly Message[];
}

interface Found {
  readonly episode: Episode;
  readonly reward: Reward;
  readonly correction: string;
}

/** The turns up to the last answer, and that answer. */
function parted(episode: Episode): { before: Example; answer: Message } | undefined {
  const { example } = toExample(episode, { includeTools: true });
  const answer = example.messages.at(-1);
  if (answer?.role !== "assistant") return undefined;
  return { before: { ...example, messages: example.messages.slice(0, -1) }, answer };
}

/** The conversation as it should have gone: everything up to the last answer, then the correction. */
function goldenOf({ episode, correction }: Pick<Found, "episode" | "correction">): Example | undefined {
  const parts = parted(episode);
  if (parts === undefined) return undefined;
  const golden = {
    ...parts.before,
    messages: [...parts.before.messages, { role: "assistant" as const, content: correction }],
  };
  return checkExample(golden).ok ? golden : undefined;
}

/** The correction beside what was said, after the same turns. */
function pairOf({ episode, correction }: Pick<Found, "episode" | "correction">): PreferencePair | undefined {
  const parts = parted(episode);
  const said = episode.assistant_output;
  if (parts === undefined || said.trim() === "" || said === correction || parts.before.messages.length === 0)
    return undefined;
  return {
    input: parts.before,
    preferred_output: [{ role: "assistant", content: correction }],
    non_preferred_output: [{ role: "assistant", content: said }],
  };
}

/** What reviewers would have had the agent say. */
export function createCorrections({
  ledger,
  store,
}: {
  readonly ledger: Ledger;
  readonly store: ReviewStore;
}) {
  const episodes = createEpisodeStore(ledger);

  async function ofItem(item: ReviewItem): Promise<Found[]> {
    const episode = await episodes.find(item.agent_id, item.episode_id);
    if (episode === undefined) return [];
    const labels = item.labels.filter((label) => label.corrected);
    const found = await Promise.all(
      labels.map((label) =>
        ledger.read<Reward>("rewards", [item.agent_id, item.episode_id], label.reward_id),
      ),
    );
    return found.flatMap((reward) => {
      const correction = reward?.metadata.correction;
      return reward === undefined || typeof correction !== "string" ? [] : [{ episode, reward, correction }];
    });
  }

  async function* all(agentId: string): AsyncGenerator<Found> {
    let after: string | undefined;
    do {
      const page = await store.corrected(agentId, 100, after);
      for (const item of page.items) yield* await ofItem(item);
      after = page.continuation;
    } while (after !== undefined);
  }

  return {
    async list(
      agentId: string,
      limit: number,
      after?: string,
    ): Promise<{ corrections: Correction[]; continuation?: string | undefined }> {
      const page = await store.corrected(agentId, limit, after);
      const found = (await Promise.all(page.items.map(ofItem))).flat();
      return {
        corrections: found.map(({ episode, reward, correction }) => ({
          episode_id: episode.id,
          reward_id: reward.id,
          reviewer: reward.evaluator ?? "",
          user_input: episode.user_input,
          original: episode.assistant_output,
          correction,
          at: reward.created_at,
        })),
        continuation: page.continuation,
      };
    },

    /** Lines of a golden file, or of a preference file; what cannot be a valid line is left out. */
    async *lines(agentId: string, format: CorrectionFormat): AsyncGenerator<string> {
      for await (const one of all(agentId)) {
        const line = format === "golden" ? goldenOf(one) : pairOf(one);
        if (line !== undefined) yield JSON.stringify(line);
      }
    },
  };
}
