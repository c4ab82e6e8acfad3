import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { correctedOf, goldenOf, pairOf } from "../datasets/line/corrected.ts";
import { checkExample, checkFormat } from "../datasets/validate/line.ts";
import type { Episode } from "../episodes/contract.ts";
import { createEpisodeStore } from "../episodes/store.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Reward } from "../rewards/contract.ts";
import type { CorrectionInput } from "../rewards/correction-contract.ts";
import { isMisplaced, placeCorrection, textOfTurn } from "../rewards/place-correction.ts";
import {
  CORRECTION_FORMATS,
  type Correction,
  type CorrectionCounts,
  type CorrectionFormat,
} from "./contract.ts";
import { createCorrectionFinder, type FoundCorrection } from "./find-corrections.ts";
import type { ReviewStore } from "./store.ts";

interface Found {
  readonly episode: Episode;
  readonly reward: Reward;
  /** All rewards of the episode that stand. */
  readonly standing: readonly Reward[];
}

type Made = { readonly line: string; readonly turnsDropped: number } | { readonly reason: string };

export const noCounts = (): CorrectionCounts => ({
  corrections: 0,
  lines: 0,
  left_out: {},
  turns_dropped: 0,
});

const OPTIONS = { includeTools: true };

/** The correction as a line of a file, or why it makes none. */
function makeLine({ episode, reward, standing }: Found, format: CorrectionFormat): Made {
  const corrected = correctedOf(episode, reward, standing);
  if (typeof corrected === "string") return { reason: corrected };
  const line = (format === "golden" ? goldenOf : pairOf)(episode, corrected, OPTIONS);
  if (typeof line === "string") return { reason: line };
  const checked = format === "golden" ? checkExample(line) : checkFormat(line, "dpo");
  if (!checked.ok) return { reason: `invalid:${checked.faults[0]?.rule ?? "unknown"}` };
  const turnsDropped = Math.max(0, corrected.turns.length - corrected.index - 1);
  return { line: JSON.stringify(line), turnsDropped };
}

/** What reviewers, and whoever sent feedback, would have had the agent do. */
export function createCorrections({
  ledger,
  store,
}: {
  readonly ledger: Ledger;
  readonly store: ReviewStore;
}) {
  const episodes = createEpisodeStore(ledger);
  const corrections = createCorrectionFinder(ledger, store);

  /** With its episode; undefined when that is gone. */
  async function withEpisode({ reward, standing }: FoundCorrection): Promise<Found | undefined> {
    const episode = await episodes.find(reward.agent_id, reward.episode_id);
    return episode && { episode, reward, standing };
  }

  async function* all(agentId: string): AsyncGenerator<Found> {
    for await (const one of corrections.all(agentId)) {
      const found = await withEpisode(one);
      if (found !== undefined) yield found;
    }
  }

  /** Lines of a golden file, or of a preference file; `counts` are whole when the lines are at their end. */
  async function* lines(
    agentId: string,
    format: CorrectionFormat,
    counts: CorrectionCounts = noCounts(),
  ): AsyncGenerator<string> {
    for await (const found of all(agentId)) {
      const made = countIn(counts, makeLine(found, format));
      if (made !== undefined) yield made;
    }
  }

  async function* fileLines(...asked: Parameters<typeof lines>): AsyncGenerator<Buffer> {
    for await (const line of lines(...asked)) yield Buffer.from(`${line}\n`);
  }

  return {
    async list(
      agentId: string,
      limit: number,
      after?: string,
    ): Promise<{ corrections: Correction[]; continuation?: string | undefined }> {
      const page = await corrections.page(agentId, limit, after);
      const found = await Promise.all(page.found.map(withEpisode));
      return {
        corrections: found.flatMap((one) => (one === undefined ? [] : [tell(one)])),
        continuation: page.continuation,
      };
    },

    lines,

    /** What its file comes to: its counts, length and hash. */
    async file(agentId: string, format: CorrectionFormat) {
      const counts = noCounts();
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const line of fileLines(agentId, format, counts)) {
        hash.update(line);
        bytes += line.byteLength;
      }
      return { counts, bytes, sha256: hash.digest("hex") };
    },

    /** Some bytes of its file. */
    async *bytes(
      agentId: string,
      format: CorrectionFormat,
      from: number,
      bytes: number,
    ): AsyncGenerator<Uint8Array> {
      let at = 0;
      for await (const line of fileLines(agentId, format)) {
        const piece = line.subarray(Math.max(0, from - at), Math.max(0, from + bytes - at));
        if (piece.byteLength > 0) yield piece;
        at += line.byteLength;
        if (at >= from + bytes) return;
      }
    },

    /** What the corrections come to in each format. */
    async counts(agentId: string): Promise<Record<CorrectionFormat, CorrectionCounts>> {
      const told = { golden: noCounts(), dpo: noCounts() };
      for await (const found of all(agentId))
        for (const format of CORRECTION_FORMATS) countIn(told[format], makeLine(found, format));
      return told;
    },
  };
}

/** @returns the line, if there is one */
function countIn(counts: CorrectionCounts, made: Made): string | undefined {
  counts.corrections++;
  if ("reason" in made) {
    counts.left_out[made.reason] = (counts.left_out[made.reason] ?? 0) + 1;
    return undefined;
  }
  counts.lines++;
  counts.turns_dropped += made.turnsDropped;
  return made.line;
}

function tell(found: Found): Correction {
  const { episode, reward } = found;
  const correction = reward.metadata.correction as CorrectionInput;
  const placed = placeCorrection(episode, correction);
  const said = isMisplaced(placed) ? undefined : placed.said;
  const reasonOf = (format: CorrectionFormat) => {
    const made = makeLine(found, format);
    return "reason" in made ? made.reason : undefined;
  };
  const [notGolden, notDpo] = [reasonOf("golden"), reasonOf("dpo")];
  return {
    episode_id: episode.id,
    reward_id: reward.id,
    reviewer: reward.evaluator ?? "",
    user_input: episode.user_input,
    original:
      said === undefined
        ? ""
        : said.tool_calls?.length
          ? JSON.stringify(said.tool_calls.map(({ function: call }) => call))
          : textOfTurn(said),
    ...(isMisplaced(placed) ? {} : { turn: placed.turn }),
    correction,
    ...(notGolden === undefined ? {} : { not_golden: notGolden }),
    ...(notDpo === undefined ? {} : { not_dpo: notDpo }),
    at: reward.created_at,
  };
}
