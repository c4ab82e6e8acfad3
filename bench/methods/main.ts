import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { restDoor } from "../../demo/doors.ts";
import { startApp } from "../../demo/host.ts";
import { followPipeline } from "../../demo/pipeline.ts";
import { ARMS, prepareArm } from "../../test/scenarios/method-arms.ts";
import { benchArguments } from "../arguments.ts";

const { seeds, json } = benchArguments({
  script: "bench/methods/main.ts",
  measures: `Whether training on preferences and by reinforcement makes a better model on the local provider, by the verdict of the
app's own evaluation on requests that were held out, and whether a control from which nothing can be learned does not: preferences
dealt out by chance, a grader that marks all answers alike. Each seed draws its own requests and trains with it.`,
  takes: {
    seeds: { about: "how often each is run, with seeds from 1 on", standard: 5 },
    json: { about: "one line for machines", standard: false },
  },
  examples: ["", "--seeds 2"],
});

const home = mkdtempSync(path.join(os.tmpdir(), "lightning-methods-"));
const app = await startApp(home, {
  LIGHTNING_DATA_DIR: path.join(home, "datasets"),
  LIGHTNING_POLL_INTERVAL: "0.5",
});
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const rows = [];
try {
  const rest = restDoor(app.url);
  for (const [place, arm] of ARMS.entries()) {
    let passed = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      const agent = `arm-${place}-${seed}`;
      const input = await prepareArm(arm, seed, agent, (address, body) => rest.post(address, body));
      const began = performance.now();
      const end = await followPipeline(rest, agent, { ...input }, () => {});
      const { baseline_accuracy: before, candidate_accuracy: after, p_value: p, pairs } = end.evaluation;
      if (end.verdict === "pass") passed++;
      const seconds = (performance.now() - began) / 1000;
      rows.push({ arm, seed, pairs, before, after, p, verdict: end.verdict, outcome: end.outcome, seconds });
      if (!json)
        console.log(
          `${arm.padEnd(26)} seed ${seed}  ${percent(before).padStart(6)} → ${percent(after).padStart(6)}  p ${p.toExponential(1)}  ${end.verdict}, ${end.outcome}  ${seconds.toFixed(1)} s`,
        );
    }
    if (!json) console.log(`${arm.padEnd(26)} pass in ${passed} of ${seeds}\n`);
  }
  if (json) console.log(JSON.stringify(rows));
} finally {
  await app.stop();
  rmSync(home, { recursive: true, force: true });
}
