import os from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import type { Settings } from "../../config/settings.ts";
import { filesFromSettings } from "../../files/from-settings.ts";
import { systemClock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { silentLogger } from "../../kernel/logger.ts";
import { ledgerFromSettings } from "../../ledger/from-settings.ts";
import { createPrivacyService } from "../../privacy/service.ts";
import { createDatasetActivities } from "../activities.ts";
import { adoptVocabulary } from "../tokens/vocabulary.ts";
import type { ThreadAnswer, ThreadTask } from "./build-threads.ts";
import { writeLeaksAndEdgesOnThread } from "./leaks-and-edges.ts";

/** A thread that carries out steps of builds over a ledger and files of its own, opened from the same settings. */
// Requests go first. On Linux 0 is this thread alone; elsewhere it would be the whole process.
if (process.platform === "linux") os.setPriority(0, os.constants.priority.PRIORITY_BELOW_NORMAL);
const settings = (workerData as { readonly settings: Settings }).settings;
const ledger = ledgerFromSettings(settings, systemClock, silentLogger);
const clock = systemClock;
const logger = silentLogger;
const activities = createDatasetActivities({
  ledger,
  files: filesFromSettings(settings),
  settings,
  clock,
  logger,
  policyOf: createPrivacyService({ ledger, settings, clock, logger }).policyOf,
  writeLeaksAndEdges: writeLeaksAndEdgesOnThread(settings),
});

async function answerTo({ id, name, input, vocabulary }: ThreadTask): Promise<ThreadAnswer> {
  try {
    if (vocabulary !== undefined) adoptVocabulary(vocabulary);
    const run = activities[name] as (input: unknown) => Promise<unknown>;
    return { id, ok: true, value: await run(input) };
  } catch (thrown) {
    const { stack } = thrown as Error;
    return { id, ok: false, message: messageOf(thrown), stack };
  }
}

parentPort?.on("message", (task: ThreadTask) => {
  // oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
  void answerTo(task).then((answer) => parentPort?.postMessage(answer));
});
