import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type LoadedApp, loadApp } from "../../src/local-host/core-api/load-app.ts";
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

  test("runs every activity exactly once when nothing goes wrong", async () => {
    const run = await mixedRun(app, 11, folder, {
      kills: 0,
      faults: { duplicate: 0, delay: 0, reorder: 0, drop: 0, replay: 0 },
    });
    expect(run).toMatchObject({ problems: [], lives: 1, repeated: 0 });
  }, 30_000);
});
