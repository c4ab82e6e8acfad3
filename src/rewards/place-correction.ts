import type { Episode, Message } from "../episodes/contract.ts";
import { turnsOfEpisode } from "../episodes/turns.ts";
import { DEEPEST_JSON, placeDeeperThan } from "../kernel/depth.ts";
import { canonicalJson } from "../kernel/hashing.ts";
import type { CorrectedCall, CorrectionInput } from "./correction-contract.ts";

type Told = Pick<Episode, "user_input" | "assistant_output" | "tool_calls"> &
  Partial<Pick<Episode, "messages">>;

/** A correction at its place in the conversation. */
export interface Placed {
  readonly turns: readonly Message[];
  /** Of the corrected turn among `turns`; their number when the agent said nothing there. */
  readonly index: number;
  /** The same as people count it: the agent's turns alone, from 1. */
  readonly turn: number;
  /** What the agent did there; undefined: nothing. */
  readonly said: Message | undefined;
  readonly right: Message;
  /** The turn was named, so the fault is there and not before it. */
  readonly isLocated: boolean;
  /** False: it says what was said. */
  readonly isEdited: boolean;
}

/** Why a correction has no place. */
export interface Misplaced {
  readonly field: "turn" | "tool_calls";
  readonly reason: string;
  readonly remedy: string;
}

export const isMisplaced = (placed: Placed | Misplaced): placed is Misplaced => "reason" in placed;

/** Finds the turn that a correction is about. */
export function placeCorrection(episode: Told, correction: CorrectionInput): Placed | Misplaced {
  const { turn, text, tool_calls: calls } = asTurn(correction);
  const turns = turnsOfEpisode(episode);
  const own = turns.flatMap(({ role }, index) => (role === "assistant" ? [index] : []));
  // The agent may have ended without a word: that turn can be corrected, too.
  if (turns.at(-1)?.role !== "assistant") own.push(turns.length);
  const number = turn ?? (calls === undefined ? own.length : turnOfCalls(turns, own));
  if (typeof number !== "number") return number;
  const index = own[number - 1];
  if (index === undefined)
    return {
      field: "turn",
      reason: `the agent has no turn ${number} in this episode`,
      remedy: `Name one from 1 to ${own.length}.`,
    };
  const said = turns[index];
  const right: Message =
    calls === undefined
      ? { role: "assistant", content: (text ?? "").trim() }
      : { role: "assistant", content: null, tool_calls: callsOf(calls, turns) };
  const isEdited =
    calls === undefined
      ? !saysTheSame(said, text ?? "") &&
        (turn !== undefined || episode.assistant_output.trim() !== (text ?? "").trim())
      : comparable(said?.tool_calls ?? []) !== comparable(right.tool_calls ?? []);
  return { turns, index, turn: number, said, right, isLocated: turn !== undefined, isEdited };
}

const asTurn = (correction: CorrectionInput): Exclude<CorrectionInput, string> =>
  typeof correction === "string" ? { text: correction } : correction;

/** The turn that calls are corrected in where none is named: the one that called, of the last exchange before others. */
function turnOfCalls(turns: readonly Message[], own: readonly number[]): number | Misplaced {
  const calling = own.flatMap((index, n) =>
    turns[index]?.tool_calls?.length ? [{ index, number: n + 1 }] : [],
  );
  const asked = turns.findLastIndex(({ role }) => role === "user");
  const late = calling.filter(({ index }) => index > asked);
  const [only, ...others] = late.length > 0 ? late : calling;
  if (only === undefined) return own.length;
  if (others.length === 0) return only.number;
  const numbers = [only, ...others].map(({ number }) => number).join(", ");
  return {
    field: "turn",
    reason: `the agent called tools in several turns (${numbers})`,
    remedy: "Name the first one that was wrong in `turn`.",
  };
}

/** Chat form; ids that no call of the conversation has. */
function callsOf(calls: readonly CorrectedCall[], turns: readonly Message[]) {
  const taken = new Set(turns.flatMap((turn) => (turn.tool_calls ?? []).map(({ id }) => id)));
  let next = 0;
  return calls.map(({ name, arguments: given }) => {
    do next++;
    while (taken.has(`call_corrected_${next}`));
    return {
      id: `call_corrected_${next}`,
      type: "function" as const,
      function: { name, arguments: JSON.stringify(given) },
    };
  });
}

const saysTheSame = (said: Message | undefined, text: string): boolean =>
  said !== undefined && !said.tool_calls?.length && textOfTurn(said).trim() === text.trim();

export function textOfTurn({ content }: Pick<Message, "content">): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => part.text ?? "").join("\n");
}

function comparable(calls: NonNullable<Message["tool_calls"]>): string {
  return canonicalJson(calls.map(({ function: call }) => [call.name, parsed(call.arguments)]));
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return placeDeeperThan(DEEPEST_JSON, value) === undefined ? value : text;
  } catch {
    return text;
  }
}
