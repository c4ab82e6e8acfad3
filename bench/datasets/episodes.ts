import type { Episode } from "../../src/episodes/contract.ts";
import { REDACTION_VERSION } from "../../src/redaction/redact.ts";
import type { Reward } from "../../src/rewards/contract.ts";

/** Small, fast, seeded: the same N always gives the same episodes (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  "list read write move find show the a of in file folder note page report budget plan draft summary week".split(
    " ",
  );
const TOOLS = ["read_file", "write_file", "search_files", "create_entities", "echo"].map((name) => ({
  type: "function" as const,
  function: {
    name,
    description: `Does what ${name} says.`,
    parameters: { type: "object", properties: { path: { type: "string" }, text: { type: "string" } } },
  },
}));

/**
 * Episodes of about 2 KB with a tool call each, five to a session; one in ten repeats an earlier question word for
 * word with the same answer, one in five is rewarded badly, one in ten not at all, one in a hundred is vetoed.
 */
export function* generateEpisodes(count: number, batch: number): Generator<Episode[]> {
  const random = randomNumbers(42);
  const text = (words: number) =>
    Array.from({ length: words }, () => WORDS[Math.floor(random() * WORDS.length)]).join(" ");
  let episodes: Episode[] = [];
  for (let n = 0; n < count; n++) {
    // The ten repeats among a hundred all ask the same.
    const subject = n % 10 === 0 ? n - (n % 100) : n;
    const repeats = subject !== n || n % 100 === 0;
    const about = `request ${subject} ${repeats ? "" : text(12)}`;
    episodes.push(one(n, subject, about, repeats ? "Done." : text(60), random()));
    if (episodes.length < batch) continue;
    yield episodes;
    episodes = [];
  }
  if (episodes.length > 0) yield episodes;
}

function one(n: number, subject: number, about: string, answer: string, luck: number): Episode {
  const at = new Date(Date.UTC(2026, 0, 1) + n * 250).toISOString();
  const tool = TOOLS[subject % TOOLS.length]?.function.name ?? "echo";
  return {
    id: `ep-${String(n).padStart(9, "0")}`,
    agent_id: "bench",
    user_input: about,
    assistant_output: answer,
    tools: TOOLS,
    tool_calls: [
      { tool_name: tool, arguments: { path: `/notes/${subject % 500}.md` }, result: answer, duration_ms: 12 },
    ],
    tool_names: [tool],
    session_id: `session-${Math.floor(n / 5)}`,
    metadata: {},
    request_latency_ms: 800,
    created_at: at,
    recorded_at: at,
    redaction: { version: REDACTION_VERSION, counts: {} },
    schema_version: 1,
    ...judgement(n, luck, at),
  };
}

/** The judgement that the episode's aggregate sums up; none where nobody judged it. */
export function rewardOf(episode: Episode): Reward[] {
  if (episode.reward_avg === undefined) return [];
  return [
    {
      id: `rw-${episode.id.slice(3)}`,
      agent_id: episode.agent_id,
      episode_id: episode.id,
      source: "human_approval",
      value: episode.reward_avg,
      evaluator: "bench",
      metadata: {},
      created_at: episode.created_at,
    },
  ];
}

function judgement(n: number, luck: number, at: string): Partial<Episode> {
  if (luck < 0.1) return {};
  const value = luck < 0.3 ? -0.5 : Math.round(luck * 100) / 100;
  return {
    reward_count: 1,
    reward_sum: value,
    reward_avg: value,
    reward_sources: ["human_approval"],
    reward_by_source: { human_approval: { count: 1, sum: value, latest_at: at } },
    ...(n % 100 === 99 ? { reward_vetoed: true } : {}),
  };
}
