import type { Episode } from "../../episodes/contract.ts";
import type { Reward } from "../../rewards/contract.ts";
import type { DatasetLine, Preference } from "../contract.ts";
import { correctedOf, pairOf } from "../line/corrected.ts";
import { partedAtAnswer } from "../line/encode.ts";
import type { ExampleOptions } from "../line/example.ts";
import { isPreference } from "../line/normalise.ts";
import { faultsOf } from "../validate/line.ts";

/**
 * Preference lines that people wrote down on one episode: a reward's `metadata.correction` is better than what was
 * done in its turn, its `metadata.rejected_output` (the other of two answers shown) is worse than what was said.
 * @param line the episode as a line; undefined: it makes none, so there is no answer to compare with
 * @param standing the rewards that count
 * @param leaveOut is told why a correction makes no pair
 */
export function correctionLines(
  episode: Episode,
  line: DatasetLine | undefined,
  standing: readonly Reward[],
  options: ExampleOptions,
  leaveOut: (reason: string) => void,
): Preference[] {
  return standing.flatMap((reward) => {
    const pairs = [correctionPair(episode, reward, standing, options), rejectedPair(line, reward)];
    return pairs.flatMap((pair) => {
      if (pair === undefined) return [];
      const fault = typeof pair === "string" ? pair : faultsOf(pair, "dpo")[0]?.rule;
      if (typeof pair !== "string" && fault === undefined) return [pair];
      leaveOut(`correction:${fault}`);
      return [];
    });
  });
}

function correctionPair(
  episode: Episode,
  reward: Reward,
  standing: readonly Reward[],
  options: ExampleOptions,
): Preference | string | undefined {
  if (reward.metadata.correction === undefined) return undefined;
  const corrected = correctedOf(episode, reward, standing);
  return typeof corrected === "string" ? corrected : pairOf(episode, corrected, options);
}

function rejectedPair(line: DatasetLine | undefined, reward: Reward): Preference | undefined {
  const { rejected_output: rejected } = reward.metadata;
  if (line === undefined || isPreference(line) || typeof rejected !== "string" || rejected.trim() === "")
    return undefined;
  const parts = partedAtAnswer(line);
  if (typeof parts === "string") return undefined;
  return {
    input: parts.input,
    preferred_output: parts.output,
    non_preferred_output: [{ role: "assistant", content: rejected }],
  };
}
