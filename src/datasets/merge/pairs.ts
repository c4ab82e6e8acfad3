import type { Files } from "../../files/files.ts";
import { lines } from "../../files/files.ts";
import { freeMemory } from "../common/free-memory.ts";
import { isPauseDue, letOthersRun } from "../common/let-others-run.ts";
import type { Dataset, Example, Preference } from "../contract.ts";
import { toPair } from "../line/encode.ts";
import { isPreference } from "../line/normalise.ts";
import { GOLDEN_SCORE } from "../line/score.ts";
import { type Candidates, KEY_BYTES, KEYS, Walk } from "../shards/candidates.ts";
import type { Measured } from "../shards/measure.ts";
import { add, type KeptLine, type Origin, type ShardSummary } from "../shards/shard-file.ts";
import { faultsOf } from "../validate/line.ts";
import { findGroups } from "./groups.ts";
import { eachRepeat } from "./key-table.ts";
import { References } from "./references.ts";
import { type ReservedKeys, reservedRoots } from "./reserved.ts";

/** Least difference of score between two answers to one question. */
export const LEAST_GAP = 0.5;
/** Text that waits for its other half; more than that is read in further rounds. */
const WAITING_BYTES = 64 * 1024 * 1024;

interface Source {
  readonly lines: string;
  readonly origins: string;
}

/** What each example is paired with, plus one, and negative where it is the worse of the two; 0: nothing. */
type Partners = Int32Array;

/** For each question the best and the worst answered example, where they are far enough apart. */
async function choosePairs(candidates: Candidates, least: number, minReward: number) {
  const { length } = candidates;
  const scores = new Float64Array(length);
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) scores[page.from + k] = page.score(k);
  /** By the first that was asked a question. */
  const first = new Int32Array(length);
  for (let i = 0; i < length; i++) first[i] = i;
  await eachRepeat(candidates, KEYS.input, (i, asked) => {
    first[i] = asked;
  });
  const best = new Int32Array(length).fill(-1);
  const worst = new Int32Array(length).fill(-1);
  for (let i = 0; i < length; i++) {
    if (isPauseDue(i)) await letOthersRun();
    const score = scores[i] as number;
    if (score === GOLDEN_SCORE) continue;
    const question = first[i] as number;
    const good = best[question] as number;
    // Of equals the newest: what the agent does today.
    if (good < 0 || score >= (scores[good] as number)) best[question] = i;
    const bad = worst[question] as number;
    if (bad < 0 || score <= (scores[bad] as number)) worst[question] = i;
  }
  freeMemory(first);
  const partners: Partners = new Int32Array(length);
  let unpaired = 0;
  for (let question = 0; question < length; question++) {
    const [good, bad] = [best[question] as number, worst[question] as number];
    if (good < 0) continue;
    const [high, low] = [scores[good] as number, scores[bad] as number];
    if (good === bad || high - low < least || high < minReward) {
      unpaired++;
      continue;
    }
    partners[good] = bad + 1;
    partners[bad] = -(good + 1);
  }
  for (const table of [scores, best, worst]) freeMemory(table);
  return { partners, unpaired };
}

/**
 * Preference lines out of the shards' examples: corrections as they are, and of each question the best and the worst
 * answer. Lines that wait for their other half are held up to 64 MB; the rest is read in another round.
 */
export async function* pairLines(
  files: Files,
  dataset: Dataset,
  candidates: Candidates,
  sources: readonly Source[],
  summary: ShardSummary,
  measure: (line: Preference) => Measured,
  reserved?: ReservedKeys,
): AsyncGenerator<KeptLine[]> {
  const { recipe } = dataset;
  const { partners, unpaired } = await choosePairs(
    candidates,
    recipe.min_gap ?? LEAST_GAP,
    recipe.min_reward ?? -1,
  );
  if (unpaired > 0) add(summary.dropped, "no_pair", unpaired);
  // A pair's two answers may be of two sessions: the group that joins them all stays together.
  const groups = await findGroups(candidates);
  // A pair goes by the name of its group: where any member is reserved, the name is.
  await reserveNames(candidates, groups, reserved);
  summary.read = 0;

  let from = 0;
  for (let round = 0; from < candidates.length || round === 0; round++) {
    const waiting = new Map<number, Half>();
    let held = 0;
    let next = candidates.length;
    let position = 0;
    const walk = new Walk(candidates);
    const names = new References(
      candidates,
      (i) => groups[i] ?? i,
      KEY_BYTES,
      (page, entry, to, at) => {
        const start = page.ownKeyAt(entry);
        page.bytes.copy(to, at, start, start + KEY_BYTES);
      },
    );
    try {
      for (const source of sources) {
        const origins = lines(files.read(source.origins));
        let batch: KeptLine[] = [];
        for await (const text of lines(files.read(source.lines))) {
          const origin = JSON.parse((await origins.next()).value ?? "[[],[],[]]") as Origin;
          const index = position++;
          await walk.next();
          const score = walk.page.score(walk.entry);
          const at = walk.page.at(walk.entry);
          const factsOf = async () => ({
            sessionKey: await names.hexFor(index),
            ...(at === 0 ? {} : { at }),
          });
          const partner = partners[index] as number;
          const other = Math.abs(partner) - 1;
          const earlier = Math.min(index, other);
          if (partner !== 0 && earlier >= from && earlier < next) {
            const mine = { example: JSON.parse(text) as Example, origin, score, facts: await factsOf() };
            const half = waiting.get(other);
            if (half === undefined) {
              waiting.set(index, mine);
              held += text.length * 2;
              if (held > WAITING_BYTES) next = index + 1;
            } else {
              waiting.delete(other);
              const [good, bad] = partner > 0 ? [mine, half] : [half, mine];
              const line = pairOf(good.example, bad.example, summary);
              if (line !== undefined)
                batch.push({
                  ...good.facts,
                  ...measure(line),
                  line,
                  text: JSON.stringify(line),
                  score: good.score,
                  origin: joined(good.origin, bad.origin),
                });
            }
          } else if (round === 0 && score === GOLDEN_SCORE) {
            const line = JSON.parse(text) as Preference;
            if (isPreference(line))
              batch.push({ ...(await factsOf()), ...measure(line), line, text, score, origin });
          }
          if (batch.length < 64) continue;
          yield batch;
          batch = [];
          await letOthersRun();
        }
        await origins.return(undefined);
        yield batch;
      }
    } finally {
      await walk.end();
    }
    from = next;
  }
}

/** An answer that waits for the other of its pair. */
interface Half {
  readonly example: Example;
  readonly origin: Origin;
  readonly score: number;
  readonly facts: { readonly sessionKey: string; readonly at?: number };
}

/** Reserves the names of the groups of which any member is reserved. */
async function reserveNames(
  candidates: Candidates,
  groups: Int32Array,
  reserved: ReservedKeys | undefined,
): Promise<void> {
  const roots = await reservedRoots(candidates, groups, reserved);
  if (roots === undefined) return;
  for await (const page of candidates.pages())
    for (let k = 0; k < page.length; k++) if (roots[page.from + k] !== 0) reserved?.add(page.ownKey(k));
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
