import type { Files } from "../files/files.ts";
import { lines } from "../files/files.ts";
import type { CandidateTable } from "./candidates.ts";
import type { Dataset, Example, Preference } from "./contract.ts";
import { toPair } from "./encode.ts";
import { findGroups, firstAsked } from "./groups.ts";
import type { Measured } from "./measure.ts";
import { isPreference } from "./normalise.ts";
import { letOthersRun } from "./pause.ts";
import { type ReservedKeys, reservedRoots } from "./reserved.ts";
import { GOLDEN_SCORE } from "./score.ts";
import { add, type KeptLine, type Origin, type ShardSummary } from "./shard-file.ts";
import { faultsOf } from "./validate.ts";

/** Least difference of score between two answers to one question. */
export const LEAST_GAP = 0.5;
/** Text that waits for its other half; more than that is read in further rounds. */
const WAITING_BYTES = 64 * 1024 * 1024;

interface Source {
  readonly lines: string;
  readonly origins: string;
}

/** For each question the best and the worst answered example, where they are far enough apart. */
async function choosePairs(table: CandidateTable, least: number, minReward: number) {
  const first = await firstAsked(table);
  const best = new Map<number, number>();
  const worst = new Map<number, number>();
  for (let i = 0; i < table.length; i++) {
    if (table.score(i) === GOLDEN_SCORE) continue;
    const question = first[i] ?? i;
    const good = best.get(question);
    // Of equals the newest: what the agent does today.
    if (good === undefined || table.score(i) >= table.score(good)) best.set(question, i);
    const bad = worst.get(question);
    if (bad === undefined || table.score(i) <= table.score(bad)) worst.set(question, i);
  }
  const partners = new Map<number, { other: number; isBetter: boolean }>();
  let unpaired = 0;
  for (const [question, good] of best) {
    const bad = worst.get(question) ?? good;
    if (good === bad || table.score(good) - table.score(bad) < least || table.score(good) < minReward) {
      unpaired++;
      continue;
    }
    partners.set(good, { other: bad, isBetter: true });
    partners.set(bad, { other: good, isBetter: false });
  }
  return { partners, unpaired };
}

/**
 * Preference lines out of the shards' examples: corrections as they are, and of each question the best and the worst
 * answer. Lines that wait for their other half are held up to 64 MB; the rest is read in another round.
 */
export async function* pairLines(
  files: Files,
  dataset: Dataset,
  table: CandidateTable,
  sources: readonly Source[],
  summary: ShardSummary,
  measure: (line: Preference) => Measured,
  reserved?: ReservedKeys,
): AsyncGenerator<KeptLine[]> {
  const { recipe } = dataset;
  const { partners, unpaired } = await choosePairs(
    table,
    recipe.min_gap ?? LEAST_GAP,
    recipe.min_reward ?? -1,
  );
  if (unpaired > 0) add(summary.dropped, "no_pair", unpaired);
  // A pair's two answers may be of two sessions: the group that joins them all stays together.
  const groups = await findGroups(table);
  // A pair goes by the name of its group: where any member is reserved, the name is.
  const roots = reservedRoots(table, groups, reserved) ?? [];
  for (const [root, isReserved] of roots.entries()) if (isReserved !== 0) reserved?.add(table.ownKey(root));
  const factsOf = (index: number) => ({
    sessionKey: table.ownKey(groups[index] ?? index),
    ...(table.at(index) === 0 ? {} : { at: table.at(index) }),
  });
  summary.read = 0;

  let from = 0;
  for (let round = 0; from < table.length || round === 0; round++) {
    const waiting = new Map<number, { example: Example; origin: Origin }>();
    let held = 0;
    let next = table.length;
    let position = 0;
    for (const source of sources) {
      const origins = lines(files.read(source.origins));
      let batch: KeptLine[] = [];
      for await (const text of lines(files.read(source.lines))) {
        const origin = JSON.parse((await origins.next()).value ?? "[[],[],[]]") as Origin;
        const at = position++;
        const partner = partners.get(at);
        const earlier = partner === undefined ? undefined : Math.min(at, partner.other);
        const isDue = earlier !== undefined && earlier >= from && earlier < next;
        if (partner !== undefined && isDue) {
          const example = JSON.parse(text) as Example;
          const other = waiting.get(partner.other);
          if (other === undefined) {
            waiting.set(at, { example, origin });
            held += text.length * 2;
            if (held > WAITING_BYTES) next = at + 1;
          } else {
            waiting.delete(partner.other);
            const mine = { example, origin };
            const [good, bad] = partner.isBetter ? [mine, other] : [other, mine];
            const index = partner.isBetter ? at : partner.other;
            const line = pairOf(good.example, bad.example, summary);
            if (line !== undefined)
              batch.push({
                ...factsOf(index),
                ...measure(line),
                line,
                text: JSON.stringify(line),
                score: table.score(index),
                origin: joined(good.origin, bad.origin),
              });
          }
        } else if (round === 0 && table.score(at) === GOLDEN_SCORE) {
          const line = JSON.parse(text) as Preference;
          if (isPreference(line))
            batch.push({ ...factsOf(at), ...measure(line), line, text, score: GOLDEN_SCORE, origin });
        }
        if (batch.length < 64) continue;
        yield batch;
        batch = [];
        await letOthersRun();
      }
      await origins.return(undefined);
      yield batch;
    }
    from = next;
  }
}

function pairOf(good: Example, bad: Example, summary: ShardSummary): Preference | undefined {
  const line = toPair(good, bad);
  const fault = typeof line === "string" ? line : faultsOf(line, "dpo")[0]?.rule;
  if (typeof line !== "string" && fault === undefined) return line;
  add(summary.dropped, `invalid:${fault}`);
  return undefined;
}

const joined = (a: Origin, b: Origin): Origin => [
  [...a[0], ...b[0]],
  [...a[1], ...b[1]],
  [...new Set([...a[2], ...b[2]])],
];
