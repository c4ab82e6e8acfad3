import { hmacSha256, keyedFraction } from "../src/kernel/hashing.ts";
import type { DemoRequest } from "./corpus.ts";
import type { Rest } from "./doors.ts";
import type { Outcome } from "./traffic.ts";

/** What the agent tells its model besides the request, read from an episode: golden conversations say the same. */
export interface Frame {
  readonly system: string;
  readonly tools: readonly unknown[];
}

interface Turn {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly unknown[] | undefined;
  readonly weight?: number;
}
export interface Line {
  readonly messages: readonly Turn[];
  readonly tools: readonly unknown[];
  /** Ties lines to one group, which is one piece of evidence. */
  readonly session_id?: string;
}

/** The share of wrong answers that somebody takes the trouble to correct. */
const CORRECTED_SHARE = 0.5;

export async function readFrame(rest: Rest, agentId: string, episodeId: string): Promise<Frame> {
  const episode = await rest.get<{ messages: Turn[]; tools: unknown[] }>(`/episodes/${episodeId}`, {
    agent_id: agentId,
  });
  const system = episode.messages.find((turn) => turn.role === "system")?.content;
  if (typeof system !== "string" || episode.tools.length === 0)
    throw new Error(`Episode ${episodeId} lacks its system prompt or its tools.`);
  return { system, tools: episode.tools };
}

/** The right call for a request as a golden conversation. */
export function goldenLine({ system, tools }: Frame, request: DemoRequest): Line {
  const { tool, arguments: args } = request.expect;
  return {
    messages: [
      { role: "system", content: system },
      { role: "user", content: request.text },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          {
            id: `call_${request.id}`,
            type: "function",
            function: { name: tool, arguments: JSON.stringify(args) },
          },
        ],
      },
    ],
    tools,
    session_id: request.group,
  };
}

/** Of the unfulfilled requests those that are corrected in this round. */
export function chooseCorrected(outcomes: readonly Outcome[], round: number): DemoRequest[] {
  return outcomes
    .filter((outcome) => !outcome.fulfilled)
    .map((outcome) => outcome.request)
    .filter(({ id }) => keyedFraction(`corrections ${round}`, id) < CORRECTED_SHARE)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * The training examples with their answers dealt out anew: each keeps its request and gets the first call of another
 * one. The order of dealing is a keyed hash; nothing is chosen by its effect.
 */
export function shuffleAnswers(lines: readonly Line[]): Line[] {
  const examples = lines.flatMap(({ messages, tools }) => {
    const user = messages.findIndex((turn) => turn.role === "user");
    const answer = messages.find((turn) => turn.role === "assistant" && turn.weight !== 0);
    return user < 0 || answer === undefined ? [] : [{ asked: messages.slice(0, user + 1), answer, tools }];
  });
  const order = examples
    .map((_, i) => i)
    .toSorted((a, b) => (hmacSha256("shuffle", String(a)) < hmacSha256("shuffle", String(b)) ? -1 : 1));
  return examples.map(({ asked, tools }, i) => {
    const other = examples[order[i] ?? i]?.answer;
    if (other === undefined) throw new Error("The answers were not dealt out one each.");
    return { messages: [...asked, other], tools };
  });
}

export function toJsonl(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}
export function fromJsonl(text: string): Line[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Line);
}
