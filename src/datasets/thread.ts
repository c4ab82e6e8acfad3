import { parentPort, workerData } from "node:worker_threads";
import type { Settings } from "../config/settings.ts";
import { filesFromSettings } from "../files/from-settings.ts";
import { systemClock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import { silentLogger } from "../kernel/logger.ts";
import { ledgerFromSettings } from "../ledger/from-settings.ts";
import { createDatasetActivities } from "./activities.ts";
import type { ThreadAnswer, ThreadTask } from "./threads.ts";

/** A thread that carries out steps of builds over a ledger and files of its own, opened from the same settings. */
const settings = (workerData as { readonly settings: Settings }).settings;
const activities = createDatasetActivities({
  ledger: ledgerFromSettings(settings, systemClock, silentLogger),
  files: filesFromSettings(settings),
  settings,
  clock: systemClock,
  logger: silentLogger,
});

parentPort?.on("message", async ({ id, name, input }: ThreadTask) => {
  let answer: ThreadAnswer;
  try {
    const run = activities[name] as (input: unknown) => Promise<unknown>;
    answer = { id, ok: true, value: await run(input) };
  } catch (thrown) {
    const { stack } = thrown as Error;
    answer = { id, ok: false, message: messageOf(thrown), stack };
  }
  parentPort?.postMessage(answer);
});
