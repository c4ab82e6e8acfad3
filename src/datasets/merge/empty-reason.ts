import { NOT_WHOLE, type NotWhole } from "../../episodes/endings.ts";
import type { Recipe } from "../recipe-contract.ts";
import type { ShardSummary } from "../shards/shard-file.ts";
import { LEAST_GAP } from "./pairs.ts";

const WORDS: Readonly<Record<string, string>> = {
  no_reward: "had no reward",
  below_reward: "were below the least reward",
  vetoed: "were vetoed by a safety check",
  withheld: "were withheld by redaction",
  unresolved_redaction: "hold what today's redaction rules still find",
  over_long: "were longer than max_tokens",
  unfinished: "stop without an end",
  cut: "were cut at a limit of tokens",
  filtered: "were filtered by the provider",
  unread: "were read by nobody",
  failed: "got no answer",
  spelt_out: "spell out in their question what to call",
  images_not_taken: "hold pictures, which the base model is not trained on",
  part_missing: "point at parts whose files are gone",
  parts_too_large: "hold parts of more than 64 MB together",
  cut_for_size: "were cut for their size when they were captured",
  other_tool: "called none of the tools",
  other_model: "were answered by other models",
  other_tag: "carry none of the tags",
  reserved_for_test: "belong to the test side of an earlier dataset",
  corrected: "were corrected by a reviewer",
  "correction:after_wrong_call": "corrections answer what followed a wrong call",
  "correction:nothing_said": "corrections stand where the agent said nothing",
  "correction:answer_not_whole": "corrections are of answers that were not whole",
  "correction:tools_left_out": "corrections are about calls, and tools are left out",
  "correction:unedited": "corrections say what was said",
  no_pair: "questions had no two answers far enough apart",
};

/** Why nothing is left, in counts, and what to do about the most frequent reason. */
export function emptyReason(recipe: Recipe, total: Pick<ShardSummary, "read" | "dropped">): string {
  if (total.read === 0)
    return recipe.kind === "golden"
      ? "The golden file holds no example."
      : "The agent has no episodes in this range. Record some (ENABLE_LIGHTNING_CAPTURE=true), then build again.";
  const reasons = Object.entries(total.dropped).toSorted(([, a], [, b]) => b - a);
  const said = reasons.map(([reason, times]) => {
    const words = WORDS[reason] ?? `were left out (${reason})`;
    return `${times} ${times === 1 ? words.replace(/^were /, "was ") : words}`;
  });
  return `No example is left of ${total.read} episodes: ${said.join(", ")}. ${remedy(reasons[0]?.[0], recipe)}`;
}

function remedy(reason: string | undefined, recipe: Recipe): string {
  if (reason === "no_reward") return "Assign rewards, or choose other sources.";
  if (reason === "below_reward")
    return `Lower min_reward (now ${recipe.min_reward}), or collect better episodes.`;
  if (reason === "corrected")
    return "Build from the corrections (`buildCorrectionsDataset`), and name that dataset in include_golden.";
  if (NOT_WHOLE.includes(reason as NotWhole))
    return `Such answers are taken where the recipe asks for them: include_endings ["${reason}"].`;
  if (reason === "failed") return "Look at why the calls failed: `listEpisodes` with ending failed.";
  if (reason === "spelt_out")
    return "Capture the model's own calls (wrapOpenAI, startCapture), or take these with include_spelt_out.";
  if (reason === "images_not_taken")
    return `Choose a base model that is trained on pictures in the place of ${recipe.for_model} (for_model).`;
  if (reason === "vetoed") return "Look at the failed safety checks of these episodes.";
  if (reason === "no_pair")
    return `Pairs come of two answers to one question whose scores lie ${recipe.min_gap ?? LEAST_GAP} apart (min_gap), of corrections, and of pairwise labels.`;
  if (reason === "reserved_for_test")
    return "What was once set apart for tests is never trained on; build with other episodes, or with a test_split.";
  return "See docs/errors.md for the reasons.";
}
