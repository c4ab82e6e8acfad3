import { rm } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type LoadedApp, loadApp } from "../../src/local-host/core-api/load-app.ts";
import { Simulation } from "../../src/local-host/simulation.ts";
import { mixedRun } from "./mixed-run.ts";
import { appFolder, scratch } from "./support.ts";

describe("a simulation of all patterns at once", () => {
  let app: LoadedApp;
  let folder: string;
  beforeAll(async () => {
    app = await loadApp({ folder: appFolder("patterns-ts-esm") });
    folder = await scratch();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("ends right under faults and kills, for 60 seeds", async () => {
    let killed = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const { problems, lives } = await mixedRun(app, seed, folder);
      killed += lives - 1;
      expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
    expect(killed).toBeGreaterThan(30);
  }, 120_000);

  test("is the same again with the same seed, to the last event", async () => {
    const [one, two] = [await mixedRun(app, 7, folder), await mixedRun(app, 7, folder)];
    expect(two.histories).toEqual(one.histories);
    expect(two.lives).toBe(one.lives);
    const other = await mixedRun(app, 8, folder);
    expect(other.histories).not.toEqual(one.histories);
  }, 30_000);

  test("dies at every single await point, and ends right each time", async () => {
    const chain = async (killAt: number | undefined) => {
      const calls = new Map<string, number>();
      const simulation = await Simulation.open({
        app,
        seed: 1,
        storeFile: path.join(folder, `point-${killAt}.db`),
        onInvoke: (name) => calls.set(name, (calls.get(name) ?? 0) + 1),
        ...(killAt === undefined ? {} : { killAt }),
      });
      // 409: it was kept, though the host died before it could say so.
      expect([202, 409]).toContain((await simulation.insist("POST", "orchestrators/chaining/c", 3)).status);
      await simulation.settle();
      const { points, lives } = simulation;
      const { body } = await simulation.insist("GET", "instances/c");
      await simulation.stop();
      return { points, lives, calls, output: (JSON.parse(body) as { output: unknown }).output };
    };
    const whole = await chain(undefined);
    const ran = [...whole.calls.values()].reduce((sum, times) => sum + times, 0);
    // Before and after every call of a function, and before and after every episode's commit.
    const episodes = whole.calls.get("chaining") ?? 0;
    expect(whole.points).toBeGreaterThanOrEqual(2 * ran + 2 * episodes);
    let repeated = 0;
    for (let killAt = 1; killAt <= whole.points; killAt++) {
      const { lives, output, calls } = await chain(killAt);
      expect({ killAt, lives, output }).toEqual({ killAt, lives: 2, output: "result 7" });
      if (["double", "addOne", "describe"].some((name) => (calls.get(name) ?? 0) > 1)) repeated++;
    }
    // A result that was not committed yet is lost with its host, and no other.
    expect(repeated).toBeGreaterThan(3);
    expect(repeated).toBeLessThan(whole.points);
  }, 30_000);

  test("runs every activity exactly once when nothing goes wrong", async () => {
    const run = await mixedRun(app, 11, folder, {
      kills: 0,
      faults: { duplicate: 0, delay: 0, reorder: 0, drop: 0, replay: 0 },
    });
    expect(run).toMatchObject({ problems: [], lives: 1, repeated: 0 });
  }, 30_000);
});
