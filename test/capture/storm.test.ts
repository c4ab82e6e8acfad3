import { expect, test } from "@jest/globals";
import { storms } from "./storm/storm.ts";

test("twenty storms: killed agents and ill receivers lose nothing but the last interval before a SIGKILL", async () => {
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
  const reports = await storms(seeds, { rounds: 1, atOnce: 3 });
  const faults = reports.flatMap(({ seed, faults: those }) => those.map((fault) => `seed ${seed}: ${fault}`));
  expect(faults).toEqual([]);
  expect(reports.every(({ captured, stored }) => captured > 0 && stored > 0)).toBe(true);
}, 300_000);
