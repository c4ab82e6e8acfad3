/**
 * An agent that captures, as a process that the storm kills: `node agent.ts <options as JSON>`. It writes a line for
 * each episode at once, so that the line outlives it: `<id> <ms since 1970> <longest stall in ms>`. A stall is how late the
 * machine lets a timer and a write to a file come, measured beside the hook by doing just that.
 */
import { writeSync } from "node:fs";
import { open, readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createCaptureHook } from "../../../src/capture/capture.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { silentLogger } from "../../../src/kernel/logger.ts";
import { seededRandom } from "../../../src/local-host/seeded-random.ts";
import { sendOver } from "../../../src/sdk/send-captured.ts";
import { invokeOver, restTransport } from "../../../src/sdk/transport.ts";

export interface AgentOptions {
  readonly endpoint: string;
  readonly folder: string;
  readonly seed: number;
  /** It goes on until nothing of anybody is left in the folder, and ends. */
  readonly drains: boolean;
  /** Every so many episodes one that the receiver cannot store, and one that it refuses. */
  readonly odd: number;
}

export const STORM_LIMITS = {
  flushIntervalMs: 200,
  backoffMs: 50,
  attempts: 2,
  sendTimeoutMs: 400,
  poisonTries: 3,
  leaseMs: 1_200,
} as const;

/** Between two measurements of how late the machine is. */
const PROBE_MS = 20;

const given = process.argv[2];
if (given !== undefined && import.meta.url.endsWith(path.basename(process.argv[1] ?? "")))
  await run(JSON.parse(given) as AgentOptions);

async function run({ endpoint, folder, seed, drains, odd }: AgentOptions): Promise<void> {
  const random = seededRandom(seed);
  const settings = { endpoint, functionKey: undefined, home: folder };
  const transport = restTransport({ settings, findHost: () => Promise.resolve(undefined) });
  const spillFile = path.join(folder, "agent.jsonl");
  const hook = createCaptureHook({
    send: sendOver(invokeOver(transport, "agent")),
    settings: {
      enableCapture: true,
      agentId: "agent",
      redactSecrets: true,
      maxOutputLength: 10_000,
      spillOnSignals: true,
    },
    clock: systemClock,
    logger: silentLogger,
    spillFile,
    limits: STORM_LIMITS,
  });
  const left = async () => (await readdir(folder)).filter((name) => /\.(spill|lease)$/.test(name));
  let captured = 0;
  let stall = 0;
  let began = Date.now();
  // What has not ended yet is late, too.
  const late = () => Math.max(stall, Date.now() - began - PROBE_MS);
  const measure = async () => {
    for (;;) {
      began = Date.now();
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS).unref());
      await using file = await open(os.devNull, "w");
      await file.write("a".repeat(10_000));
      stall = late() * 0.9;
    }
  };
  void measure();
  for (;;) {
    for (let burst = Math.ceil(random() * 8); burst > 0; burst--) {
      captured++;
      const kind = captured % odd === 0 ? "poison" : captured % odd === 1 && odd > 1 ? "refused" : "plain";
      const handle = hook.startCapture({ userInput: drains ? "plain" : kind });
      handle.endCapture({ assistantOutput: "a".repeat(Math.floor(random() * 3000)) });
      writeSync(1, `${handle.id} ${Date.now()} ${late()}\n`);
    }
    if (drains && captured > 20) {
      await hook.flush();
      if ((await left()).every((name) => name.endsWith(".lease")) && hook.stats().queued === 0) break;
    }
    await new Promise((resolve) => setTimeout(resolve, drains ? 100 : random() * 60));
  }
  const rest = await hook.close();
  writeSync(1, `left ${JSON.stringify(rest)} ${JSON.stringify(hook.stats())}\n`);
}
