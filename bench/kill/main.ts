import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {
  Acknowledged,
  pipelineEnd,
  randomOf,
  settleAndJudge,
  standing,
  startPipeline,
  teach,
  writeOn,
} from "../../test/scenarios/kill-run.ts";
import { KilledApp } from "../../test/scenarios/killed-app.ts";
import { benchArguments } from "../arguments.ts";

const { kills, seed } = benchArguments({
  script: "bench/kill/main.ts",
  measures:
    "Kills the app at random moments of a pipeline's life, one pipeline a kill, and looks whether the promise held.",
  takes: {
    kills: { about: "pipelines, each with a kill", standard: 12 },
    seed: { about: "decides the moments; without it, the time does", standard: Date.now() % 1_000_000 },
  },
  examples: ["", "--kills 24 --seed 865180"],
});
const random = randomOf(seed);
const app = new KilledApp(await fs.mkdtemp(path.join(os.tmpdir(), "lightning-kill-")));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const column = (text: unknown, width: number) => String(text).padEnd(width);
const line = (...cells: [unknown, number][]) =>
  console.log(
    cells
      .map(([text, width]) => column(text, width))
      .join("  ")
      .trimEnd(),
  );

try {
  await app.start();
  const seen = new Acknowledged();
  const testSets = new Map<string, string>();
  const start = async (agent: string) =>
    startPipeline(app, agent, testSets.get(agent) ?? (await teach(app, agent, seen)), seen);

  const begun = performance.now();
  testSets.set("undisturbed", await teach(app, "undisturbed", seen));
  const taught = performance.now();
  const undisturbed = await pipelineEnd(app, "undisturbed", await start("undisturbed"));
  const life = performance.now() - taught;
  console.log(
    `seed ${seed}; teaching one agent took ${Math.round(taught - begun)} ms, its pipeline ${Math.round(life)} ms: ${undisturbed.outcome}\n`,
  );

  const stopWriting = writeOn(app, "writer", seen);
  line(
    ["kill", 4],
    ["after ms", 8],
    ["stage", 12],
    ["up again ms", 11],
    ["outcome", 10],
    ["as undisturbed", 14],
  );
  let wrong = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const agent = `agent-${kill}`;
    testSets.set(agent, await teach(app, agent, seen));
    const id = await start(agent);
    // Spread over the pipeline's life, at random within each part of it.
    const moment = ((kill - 1 + random()) / kills) * life;
    await sleep(moment);
    await app.end("SIGKILL");
    const stage = await standing(app.home, agent, id);
    const died = performance.now();
    await app.start();
    const up = performance.now() - died;
    const { outcome } = await pipelineEnd(app, agent, id, 120_000);
    const same = outcome === undisturbed.outcome;
    if (!same) wrong++;
    line(
      [kill, 4],
      [Math.round(moment), 8],
      [stage, 12],
      [Math.round(up), 11],
      [outcome, 10],
      [same ? "yes" : "NO", 14],
    );
  }
  const written = await stopWriting();
  const faults = await settleAndJudge(app, seen);
  console.log(
    `\n${seen.episodes.size} episodes acknowledged (${written} of them while the app was being killed), ` +
      `${seen.pipelines.size} pipelines, ${faults.length} faults`,
  );
  for (const fault of faults) console.log(`  ${fault}`);
  process.exitCode = wrong + faults.length > 0 ? 1 : 0;
} finally {
  await app.end("SIGKILL");
  await fs.rm(app.home, { recursive: true, force: true });
}
