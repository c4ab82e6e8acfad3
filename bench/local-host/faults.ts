import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { loadApp } from "../../src/local-host/core-api/load-app.ts";
import { mixedRun } from "../../test/local-host/mixed-run.ts";

/** Runs the mix of all Durable patterns under faults and kills, one seed after the other; names the seed that fails. */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    app: { type: "string", default: "patterns-ts-esm" },
  },
});
const runs = Number(values.runs);
const first = Number(values.seed);
const app = await loadApp({
  folder: path.join(import.meta.dirname, `../../test/fixtures/apps/${values.app}`),
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
      const again = `npx node bench/local-host/faults.ts --runs 1 --seed ${seed} --app ${values.app}`;
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
