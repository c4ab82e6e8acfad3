import { parentPort, workerData } from "node:worker_threads";
import { filesFromSettings } from "../../files/from-settings.ts";
import { systemClock } from "../../kernel/clock.ts";
import { messageOf } from "../../kernel/errors.ts";
import { silentLogger } from "../../kernel/logger.ts";
import { ledgerFromSettings } from "../../ledger/from-settings.ts";
import { writeLeaksAndEdges } from "../merge/leaks-and-edges.ts";
import type { LeaksAndEdgesAnswer, LeaksAndEdgesTask } from "./leaks-and-edges.ts";

/** A thread that writes one build's leakage report and lineage edges, over a ledger and files of its own, and ends. */
const { settings, input } = workerData as LeaksAndEdgesTask;
const ledger = ledgerFromSettings(settings, systemClock, silentLogger);
let answer: LeaksAndEdgesAnswer;
try {
  answer = {
    ok: true,
    noted: await writeLeaksAndEdges({ ledger, files: filesFromSettings(settings) }, input),
  };
} catch (thrown) {
  answer = { ok: false, message: messageOf(thrown), stack: (thrown as Error).stack };
}
await ledger.close();
// oxlint-disable-next-line require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(answer);
