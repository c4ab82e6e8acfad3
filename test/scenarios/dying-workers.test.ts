import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ORCHESTRATIONS } from "../../src/loop/orchestrations.ts";
import { DyingWorkers, type Trial } from "./dying-workers.ts";
import { randomOf } from "./kill-run.ts";

/** More seeds: `LIGHTNING_TEST_WORKER_SEEDS=300 npm test -- test/scenarios/dying-workers.test.ts -t "however often"`. */
const SEEDS = Number(process.env.LIGHTNING_TEST_WORKER_SEEDS ?? 3);
const FIRST = Number(process.env.LIGHTNING_TEST_SEED ?? 1);
/** A home is begun anew after so many trials, before its lists become long. */
const TRIALS_A_HOME = 10;
jest.setTimeout(120_000 + SEEDS * 30_000);

const NAMES = ORCHESTRATIONS.map(({ name }) => name as string);

describe("a worker process that dies", () => {
  let home: DyingWorkers;
  let undisturbed: Trial;
  beforeAll(async () => {
    home = await DyingWorkers.open();
    undisturbed = await home.trial(undefined);
  });
  afterAll(() => home.close());

  it("is what disturbs here: without one all orchestrations run to their end", () => {
    expect(undisturbed).toMatchObject({ problems: [], deaths: [], failed: [] });
    expect(undisturbed.outcomes[0]).toBe("promoted");
    expect(NAMES.filter((name) => (undisturbed.calls.get(name) ?? 0) === 0)).toEqual([]);
  });

  it.each(NAMES.flatMap((name) => [1, 2].map((episode) => [name, episode] as const)))(
    "in %s, episode %i: all ends as without, with one job",
    async (name, episode) => {
      const trial = await home.trial(`exit=${name}:${episode}`);
      expect(trial.problems).toEqual([]);
      expect(trial.outcomes).toEqual(undisturbed.outcomes);
      expect({ deaths: trial.deaths, failed: trial.failed }).toEqual({ deaths: [name], failed: [name] });
    },
  );
});

it("however often and whenever it dies, nothing hangs, nothing is paid twice, and every record is true", async () => {
  let home: DyingWorkers | undefined;
  const broken: object[] = [];
  const sum = {
    trials: 0,
    deaths: 0,
    failed: 0,
    hours: 0,
    ends: {} as Record<string, number>,
    reasons: {} as Record<string, number>,
  };
  try {
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      if ((seed - FIRST) % TRIALS_A_HOME === 0) {
        await home?.close();
        home = await DyingWorkers.open();
      }
      // From one call in two hundred to one in ten, drawn as it begins and as it ends.
      const rate = 0.0025 + 0.05 * randomOf(seed)() ** 2;
      const { problems, outcomes, reason, deaths, failed, hours } = await (home as DyingWorkers).trial(
        `seed=${seed},worker=${rate.toFixed(4)}`,
      );
      if (problems.length > 0) broken.push({ seed, problems });
      sum.trials++;
      sum.deaths += deaths.length;
      sum.failed += failed.length;
      sum.hours += hours;
      const [end = "none"] = outcomes;
      sum.ends[end] = (sum.ends[end] ?? 0) + 1;
      if (reason !== undefined) sum.reasons[reason] = (sum.reasons[reason] ?? 0) + 1;
      if (SEEDS > 3 && sum.trials % 10 === 0)
        process.stdout.write(`from seed ${FIRST}: ${JSON.stringify({ ...sum, broken })}\n`);
    }
  } finally {
    await home?.close();
  }
  expect(broken).toEqual([]);
  expect(sum.deaths).toBeGreaterThan(SEEDS);
});
