import type { Episode, Message } from "../../episodes/contract.ts";
import type { Reward } from "../../rewards/contract.ts";
import { correctionInputSchema } from "../../rewards/correction-contract.ts";
import { isMisplaced, type Placed, placeCorrection } from "../../rewards/place-correction.ts";
import type { Example, Preference } from "../contract.ts";
import { withoutWeight } from "./encode.ts";
import { endingLeftOut } from "./ending.ts";
import { type ExampleOptions, toExample } from "./example.ts";
import { failedCalls, unlearnFailed } from "./failed-calls.ts";
import { contentText } from "./normalise.ts";

/** Why a correction makes no line. */
export type NoLine =
  | "withheld"
  | "unreadable"
  | "no_such_turn"
  | "unedited"
  | "after_wrong_call"
  | "nothing_said"
  | "answer_not_whole"
  | "tools_left_out";

/** A correction that stands, in the conversation that it ends. */
interface Corrected extends Placed {
  /** The turns before it, with weight 0 on those that nobody should learn. */
  readonly before: readonly Message[];
}

/** Tags that find fault with a call, however they are spelt: "wrong tool", `wrong_arguments`. */
const WRONG_CALL =
  /^(?:wrong|bad|incorrect)[\s_-]*(?:tools?|tool[\s_-]*calls?|calls?|arg(?:ument)?s?|param(?:eter)?s?)$/i;

const tagsOf = ({ metadata: { tags } }: Reward): unknown[] => (Array.isArray(tags) ? tags : [tags]);
const findsFaultWithCall = (reward: Reward): boolean =>
  tagsOf(reward).some((tag) => typeof tag === "string" && WRONG_CALL.test(tag.trim()));

function placeOf(episode: Episode, reward: Reward): Placed | NoLine {
  const parsed = correctionInputSchema.safeParse(reward.metadata.correction);
  if (!parsed.success) return "unreadable";
  const placed = placeCorrection(episode, parsed.data);
  if (isMisplaced(placed)) return "no_such_turn";
  return placed.isEdited ? placed : "unedited";
}

/** Whether any of the episode's turns was corrected by somebody whose word stands. */
export const isCorrected = (episode: Episode, standing: readonly Reward[]): boolean =>
  standing.some(
    (reward) => reward.metadata.correction !== undefined && typeof placeOf(episode, reward) !== "string",
  );

/**
 * The conversation up to a corrected turn. A turn after a call that was itself found wrong, and not corrected here,
 * answers what should not have come up: it makes no line.
 * @param standing all rewards of the episode that stand, this one among them
 */
export function correctedOf(
  episode: Episode,
  reward: Reward,
  standing: readonly Reward[],
): Corrected | NoLine {
  if (episode.redaction.withheld === true) return "withheld";
  const placed = placeOf(episode, reward);
  if (typeof placed === "string") return placed;
  const { index, turns, right, isLocated } = placed;
  const earlier = turns.slice(0, index);
  const rejected = new Set<number>();
  for (const other of standing) {
    if (other === reward || other.metadata.correction === undefined) continue;
    const at = placeOf(episode, other);
    if (typeof at !== "string" && at.index < index) rejected.add(at.index);
  }
  const called = (at: number) => (turns[at]?.tool_calls?.length ?? 0) > 0;
  // A turn of calls that is corrected, be it to a text, is what the tag is about.
  const isOfText = right.tool_calls === undefined && !called(index);
  const isTagged = isOfText && standing.some(findsFaultWithCall) && earlier.some((_, at) => called(at));
  if (isTagged || [...rejected].some(called)) return "after_wrong_call";
  // Bad, and nobody said where: no turn before it is known to be good.
  const isDoubtful = reward.value < 0 && !isLocated;
  const doubted = earlier.map((turn, at) =>
    turn.role === "assistant" && (isDoubtful || rejected.has(at)) ? { ...turn, weight: 0 as const } : turn,
  );
  return { ...placed, before: unlearnFailed(doubted, failedCalls(turns, episode.tool_calls)) };
}

/** The conversation as it should have gone, up to the corrected turn. */
export function goldenOf(
  episode: Episode,
  { before, right }: Corrected,
  options: ExampleOptions,
): Example | NoLine {
  if (right.tool_calls !== undefined && !options.includeTools) return "tools_left_out";
  return endingIn(episode, before, right, options);
}

/** What the agent did in the corrected turn beside what it should have done, after the same turns. */
export function pairOf(episode: Episode, corrected: Corrected, options: ExampleOptions): Preference | NoLine {
  const { before, said, right } = corrected;
  if (
    said === undefined ||
    (!said.tool_calls?.length && !said.refusal && contentText(said.content).trim() === "")
  )
    return "nothing_said";
  if (isAnswer(corrected) && endingLeftOut(episode, options.includeEndings) !== undefined)
    return "answer_not_whole";
  if (!options.includeTools && (said.tool_calls?.length || right.tool_calls !== undefined))
    return "tools_left_out";
  const good = endingIn(episode, before, right, options);
  const bad = endingIn(episode, before, said, options);
  const tools = bad.tools ?? [];
  const known = new Set(tools.map((tool) => tool.function.name));
  const all = [...tools, ...(good.tools ?? []).filter((tool) => !known.has(tool.function.name))];
  return {
    input: {
      ...good,
      messages: good.messages.slice(0, -1).map(withoutWeight),
      ...(all.length === 0 ? {} : { tools: all }),
    },
    preferred_output: good.messages.slice(-1).map(withoutWeight),
    non_preferred_output: bad.messages.slice(-1).map(withoutWeight),
  };
}

/** Whether it is the last turn, which the episode's ending is about. */
const isAnswer = ({ index, turns }: Corrected): boolean => index >= turns.length - 1;

const endingIn = (
  episode: Episode,
  before: readonly Message[],
  last: Message,
  options: ExampleOptions,
): Example => toExample({ ...episode, messages: [...before, last], assistant_output: "" }, options).example;
