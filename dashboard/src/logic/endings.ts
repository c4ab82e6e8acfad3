import { type EndingState as Ending, endedAs, type FaultBy } from "../../../src/episodes/endings.ts";
import type { Episode } from "./wire.ts";

const ENDED: Readonly<Record<Ending, string>> = {
  finished: "by the model",
  cut: "cut at a limit of tokens",
  filtered: "filtered by the provider",
  unfinished: "it stops without an end",
  unread: "nobody read the answer",
  failed: "no answer came",
};
const FAULTS: Readonly<Record<FaultBy, string>> = {
  caller: "the caller's, so no judgement of the model",
  network: "the network's, so no judgement of the model",
  provider: "the provider's, so no judgement of the model",
  model: "the model's own",
};

/** Endings with their words, for those who choose one. */
export const ENDING_OPTIONS = Object.entries(ENDED);

/** How the answer ended; datasets take what the model finished, and what does not say. */
export function endedText(episode: Pick<Episode, "ending" | "metadata">): string | undefined {
  const ending = endedAs(episode);
  return ending === undefined ? undefined : ENDED[ending];
}
export const faultText = (by: FaultBy | undefined): string | undefined =>
  by === undefined ? undefined : FAULTS[by];
