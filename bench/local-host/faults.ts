import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { loadApp } from "../../src/local-host/core-api/load-app.ts";
import { mixedRun } from "../../test/local-host/mixed-run.ts";
import { benchArguments } from "../arguments.ts";

const {
  runs,
  seed: first,
  app: name,
} = benchArguments({
  script: "bench/local-host/faults.ts",
  measures:
    "Runs the mix of all Durable patterns under faults and kills, a seed after the other; names those that fail.",
  takes: {
    runs: { about: "seeds", standard: 2000 },
    seed: { about: "the first of them", standard: 1 },
    app: { about: "an app of test/fixtures/apps with the patterns", standard: "patterns-ts-esm" },
  },
  examples: ["", "--runs 1 --seed 17"],
});
const app = await loadApp({
  folder: path.join(import.meta.dirname, `../../test/fixtures/apps/${name}`),
});
const folder = mkdtempSync(path.join(tmpdir(), "lightning-faults-"));
const sum = { kills: 0, instances: 0, activities: 0, repeated: 0, failed: 0 };
const begun = performance.now();
try {
  for (let seed = first; seed < first + runs; seed++) {
    const run = await mixedRun(app, seed, folder);
    sum.kills += run.lives - 1;
    sum.instances += run.instances;
    sum.activities += run.activities;
    sum.repeated += run.repeated;
    if (run.problems.length > 0) {
      sum.failed++;
      const again = `npx node bench/local-host/faults.ts --runs 1 --seed ${seed} --app ${name}`;
      console.log(`seed ${seed} FAILED; again: ${again}`);
      for (const problem of run.problems) console.log(`  ${problem}`);
    }
    if ((seed - first + 1) % 100 === 0) {
      const seconds = Math.round((performance.now() - begun) / 1000);
      console.log(`${seed - first + 1} runs, ${seconds} s, ${sum.kills} kills, ${sum.failed} failed`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `${runs} runs from seed ${first}: ${sum.instances} instances, ${sum.kills} kills, ${sum.activities} activity calls, ` +
    `${sum.repeated} of them repeated, ${sum.failed} runs failed`,
);
process.exitCode = sum.failed > 0 ? 1 : 0;
