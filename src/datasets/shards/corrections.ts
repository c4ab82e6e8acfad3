import type { Reward } from "../../rewards/contract.ts";
import type { DatasetLine, Preference } from "../contract.ts";
import { partedAtAnswer } from "../line/encode.ts";
import { isPreference } from "../line/normalise.ts";
import { faultsOf } from "../validate/line.ts";

/**
 * Preference lines that people wrote down on one episode: a reward's `metadata.correction` is better than what was
 * said, its `metadata.rejected_output` (the other of two answers shown) is worse.
 */
export function correctionLines(line: DatasetLine, rewards: readonly Reward[]): Preference[] {
  if (isPreference(line)) return [];
  const parts = partedAtAnswer(line);
  if (typeof parts === "string") return [];
  const { input, output } = parts;
  return rewards.flatMap((reward) => {
    const { correction, rejected_output: rejected } = reward.metadata;
    if (reward.withdrawn === true) return [];
    const pairs: Preference[] = [];
    if (typeof correction === "string" && correction.trim() !== "")
      pairs.push({
        input,
        preferred_output: [{ role: "assistant", content: correction }],
        non_preferred_output: output,
      });
    if (typeof rejected === "string" && rejected.trim() !== "")
      pairs.push({
        input,
        preferred_output: output,
        non_preferred_output: [{ role: "assistant", content: rejected }],
      });
    return pairs.filter((pair) => faultsOf(pair, "dpo").length === 0);
  });
}
