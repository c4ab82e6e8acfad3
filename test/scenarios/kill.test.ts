import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  Acknowledged,
  pipelineEnd,
  randomOf,
  settleAndJudge,
  startPipeline,
  teach,
  writeOn,
} from "./kill-run.ts";
import { KilledApp } from "./killed-app.ts";

jest.setTimeout(240_000); // whole processes, started again and again

const KILLS = 4;

describe("an app that is killed at any moment", () => {
  const seed = Number(process.env.LIGHTNING_TEST_SEED ?? Date.now() % 1_000_000);
  const random = randomOf(seed);
  let app: KilledApp;

  beforeAll(async () => {
    app = new KilledApp(await fs.mkdtemp(path.join(os.tmpdir(), "lightning-kill-")));
    await app.start();
  });
  afterAll(async () => {
    await app.end("SIGKILL");
    await fs.rm(app.home, { recursive: true, force: true });
  });

  it("ends every pipeline as it would have: one job a run, one active model, nothing lost, nothing left", async () => {
    const seen = new Acknowledged();
    const agents = Array.from({ length: KILLS }, (_, n) => `agent-${n}`);
    const testSets = new Map<string, string>();
    for (const agent of agents) testSets.set(agent, await teach(app, agent, seen));

    // Undisturbed first: how it ends, and how long a pipeline lives.
    const start = (agent: string) => startPipeline(app, agent, testSets.get(agent) as string, seen);
    const begun = performance.now();
    const first = agents[0] as string;
    const undisturbed = await pipelineEnd(app, first, await start(first));
    const life = performance.now() - begun;
    expect(undisturbed.outcome).toBe("promoted");

    const stopWriting = writeOn(app, "writer", seen);
    const moments: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const agent = agents[kill + 1];
      if (agent !== undefined) await start(agent);
      const moment = random() * life;
      moments.push(Math.round(moment));
      await new Promise((resolve) => setTimeout(resolve, moment));
      await app.end("SIGKILL");
      await app.start();
    }
    const ends = [];
    for (const [id, agent] of seen.pipelines) ends.push((await pipelineEnd(app, agent, id)).outcome);
    const written = await stopWriting();
    const faults = await settleAndJudge(app, seen);
    expect({ seed, moments, faults }).toEqual({ seed, moments, faults: [] });
    expect(ends).toEqual(agents.map(() => "promoted"));
    expect(written).toBeGreaterThan(KILLS);
  });
});
